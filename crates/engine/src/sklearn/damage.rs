//! Fitted attributes that no library would write: errors or other answers, never a panic.

use std::path::Path;

use crate::{Error, Limits, Table, estimators, read};

fn golden(case: &str) -> Vec<u8> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sklearn-1.9.1").join(case);
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
    let document = read::document(bytes, &Limits::default())?;
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
