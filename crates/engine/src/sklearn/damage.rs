//! Fitted attributes that no library would write: errors or other answers, never a panic.

mod place;
mod prepared;

use std::path::Path;

use crate::{
    Error, Limits, Table, estimators,
    read::{self, Document, Id, Kind, Node},
};

fn golden(case: &str) -> Vec<u8> {
    stored(&Path::new("sklearn-1.9.1").join(case))
}

/// A golden model, by the folder of its case.
fn stored(case: &Path) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // a pickle before what is compressed
    let order =
        |path: &std::path::PathBuf| path.extension().map(|end| (end == "json", end != "pkl"));
    let stored = files.min_by_key(order);
    let bytes = std::fs::read(stored.unwrap()).unwrap();
    read::decompressed(bytes, &Limits::default()).unwrap().0
}

/// Builds the model and asks it about a row of zeros.
fn asked(bytes: Vec<u8>) -> Result<(), Error> {
    answered(&read::document(bytes, &Limits::default())?)
}

fn answered(document: &Document) -> Result<(), Error> {
    let model = estimators::building().build(document.root())?.into_predictor();
    let columns = model.inputs().columns.unwrap_or(1);
    if columns > 1000 {
        return Ok(());
    }
    let rows = Table::matrix(2, columns, vec![0.0; 2 * columns]);
    for &method in model.methods() {
        model.run(method, &rows)?;
    }
    Ok(())
}

#[test]
fn damaged_trees_never_panic() {
    let cases = [
        "tree-classifier-two-outputs",
        "forest-regressor-two-targets",
        "boosting-three",
        "boosting-start-forest",
        "hist-three",
        "hist-categories-by-mask",
    ];
    damaged(&cases, 400);
}

#[test]
fn damaged_projections_and_selectors_never_panic() {
    let cases = [
        "decomposition-pca-whiten",
        "decomposition-factors",
        "decomposition-sparse-pca",
        "decomposition-discriminant",
        "decomposition-pls",
        "decomposition-kernel-rbf-own-gamma",
        "decomposition-additive",
        "decomposition-sketch-constant",
        "decomposition-codes-pursuit-three",
        "decomposition-locally-linear",
        "select-percentile-ties",
        "select-model-elastic",
        "select-rfe-tree",
        "select-xgb-gain",
    ];
    damaged(&cases, 150);
}

#[test]
fn damaged_vectors_networks_neighbours_and_processes_never_panic() {
    let cases = [
        "svc",
        "svc-probability",
        "svc-sparse",
        "svc-precomputed",
        "svr-linear",
        "mlp-three",
        "mlp-regressor-f32",
        "neighbors-classifier",
        "neighbors-classifier-brute",
        "neighbors-regressor-distance",
        "neighbors-sparse-cosine",
        "neighbors-outliers",
        "gaussian-classifier",
        "gaussian-regressor-two-targets",
        "gaussian-kernel-sums-and-products",
        "kernel-ridge-polynomial",
    ];
    damaged(&cases, 100);
}

/// What stands in place of an attribute.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Absent,
    None,
    NotNumbers,
    Another,
}

/// A stored model with damage to one attribute.
fn with_damage(case: &str, name: &str, damage: Damage) -> Document {
    let mut document = read::document(golden(case), &Limits::default()).unwrap();
    let Kind::Object(object) = document.root().kind() else { panic!("{case} is no object") };
    let at = object.state.unwrap().0 as usize;
    let nans = vec![push(&mut document, Node::Float(f64::NAN)); 5];
    let nans = push(&mut document, Node::List(Box::new(nans)));
    let Node::Dict(pairs) = &document.nodes[at] else { panic!("{case} has no dict") };
    let named = |id: Id| document.root().go(id).as_str() == Some(name);
    let place = pairs.iter().position(|&(key, _)| named(key)).unwrap();
    let another = pairs[(place + 1) % pairs.len()].1;
    let Node::Dict(pairs) = &mut document.nodes[at] else { panic!("{case} has no dict") };
    match damage {
        Damage::Absent => {
            pairs.remove(place);
        }
        Damage::None => pairs[place].1 = Id::NONE,
        Damage::NotNumbers => pairs[place].1 = nans,
        Damage::Another => pairs[place].1 = another,
    }
    document
}

fn push(document: &mut Document, node: Node) -> Id {
    document.nodes.push(node);
    Id::of_node(document.nodes.len() - 1).unwrap()
}

fn attributes(case: &str) -> Vec<String> {
    let document = read::document(golden(case), &Limits::default()).unwrap();
    let Kind::Object(object) = document.root().kind() else { panic!("{case} is no object") };
    let Kind::Dict(pairs) = document.root().go(object.state.unwrap()).kind() else {
        panic!("{case} has no dict")
    };
    pairs.iter().map(|&(key, _)| document.root().go(key).as_str().unwrap().to_owned()).collect()
}

#[test]
fn fitted_attributes_that_are_damaged_are_named() {
    let vectors = [
        "support_vectors_",
        "_dual_coef_",
        "_intercept_",
        "_n_support",
        "kernel",
        "_gamma",
        "classes_",
    ];
    let layers = ["coefs_", "intercepts_", "activation", "out_activation_"];
    let process = ["X_train_", "alpha_", "kernel_", "_y_train_mean", "_y_train_std"];
    let cases: [(&str, &str, &[&str]); 10] = [
        ("svc", "SVC", &vectors),
        ("svc-precomputed", "SVC", &["support_", "shape_fit_", "_dual_coef_"]),
        ("svr", "SVR", &vectors[..3]),
        ("mlp-three", "MLPClassifier", &layers),
        ("mlp-regressor", "MLPRegressor", &layers),
        ("neighbors-classifier", "KNeighborsClassifier", &["classes_", "_y", "n_neighbors"]),
        ("neighbors-classifier-brute", "KNeighborsClassifier", &["_fit_X", "_y", "n_neighbors"]),
        ("neighbors-regressor-distance", "KNeighborsRegressor", &["_y", "n_neighbors"]),
        ("gaussian-classifier", "GaussianProcessClassifier", &["classes_", "base_estimator_"]),
        ("gaussian-regressor", "GaussianProcessRegressor", &process),
    ];
    for (case, class, needed) in cases {
        for name in needed {
            for damage in [Damage::Absent, Damage::None, Damage::NotNumbers] {
                if *name == "classes_" && matches!(damage, Damage::NotNumbers) {
                    // labels may be anything
                    continue;
                }
                let Err(error) = answered(&with_damage(case, name, damage)) else {
                    panic!("{case}: {name} {damage:?} went unnoticed")
                };
                let message = error.to_string();
                // some stand with other underscores in other releases
                let names = message.contains(class) && message.contains(name.trim_matches('_'));
                assert!(names, "{case}: {name} {damage:?}: {message}");
            }
        }
        for name in attributes(case) {
            for damage in [Damage::Absent, Damage::None, Damage::NotNumbers, Damage::Another] {
                // an answer or an error, no panic
                answered(&with_damage(case, &name, damage)).ok();
            }
        }
    }
}

/// Damages the bytes of stored cases at so many places.
fn damaged(cases: &[&str], places: usize) {
    for case in cases {
        let whole = golden(case);
        asked(whole.clone()).unwrap();
        let step = (whole.len() / places).max(1);
        let mut refused = 0;
        for at in (0..whole.len()).step_by(step) {
            for damage in [0x00, 0x01, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = damage;
                refused += u32::from(asked(bytes).is_err());
            }
        }
        assert!(refused > 0, "{case}: all damage went unnoticed");
    }
}

/// Where the first node of a pickled tree starts: left child 1, another right child, a feature.
fn root(bytes: &[u8]) -> usize {
    let word = |at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let mut starts = (0..bytes.len() - 24).filter(|&at| {
        word(at) == 1 && (2..1000).contains(&word(at + 8)) && (0..5).contains(&word(at + 16))
    });
    starts.next().unwrap()
}

fn with_word(case: &str, field: usize, value: i64) -> String {
    let mut bytes = golden(case);
    let at = root(&bytes) + 8 * field;
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    asked(bytes).unwrap_err().to_string()
}

#[test]
fn cycles_and_places_out_of_range_are_named() {
    for child in [0, -7, 1 << 20, i64::MAX] {
        let message = with_word("tree-regressor", 0, child);
        assert!(message.contains("child"), "{message}");
    }
    for feature in [-2, 5, 1 << 40] {
        let message = with_word("tree-regressor", 2, feature);
        assert!(message.contains("feature"), "{message}");
    }
}
