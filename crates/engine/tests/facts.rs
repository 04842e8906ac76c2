//! What a booster tells of itself, of files that the libraries wrote.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, io::Read, path::Path};

use longshore_engine::{Limits, Source, load};

/// The facts of a golden model, which may be stored compressed.
fn facts(file: &str) -> Vec<(&'static str, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let limits = Limits::default();
    if !file.ends_with(".cbm.gz") {
        return load(&Source::File(path), &limits).unwrap().predictor.facts();
    }
    let (folder, mut bytes) = (tempfile::tempdir().unwrap(), Vec::new());
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let path = folder.path().join("model.cbm");
    fs::write(&path, bytes).unwrap();
    load(&Source::File(path), &limits).unwrap().predictor.facts()
}

#[test]
fn boosters_tell_their_trees_objective_and_classes() {
    let cases: [(&str, &[(&str, &str)]); 9] = [
        (
            "xgboost-3.4.1/binary-logistic/model.ubj",
            &[("trees", "4"), ("deepest", "3"), ("objective", "binary:logistic")],
        ),
        (
            "xgboost-3.4.1/multi-softprob/model.ubj",
            &[("trees", "9"), ("deepest", "3"), ("objective", "multi:softprob"), ("classes", "3")],
        ),
        (
            "xgboost-3.4.1/boost-linear/model.ubj",
            &[("booster", "linear"), ("objective", "reg:squarederror")],
        ),
        (
            "lightgbm-4.7.0/binary/model.txt",
            &[("trees", "4"), ("deepest", "5"), ("objective", "binary sigmoid:1")],
        ),
        (
            "lightgbm-4.7.0/multiclass/model.txt",
            &[
                ("trees", "9"),
                ("deepest", "5"),
                ("objective", "multiclass num_class:3"),
                ("outputs", "3"),
            ],
        ),
        (
            "lightgbm-4.7.0/boost-lgb-own-objective/model.txt",
            &[("trees", "4"), ("deepest", "4"), ("objective", "a function of the user's")],
        ),
        (
            "catboost-1.2.10/catboost-binary/model.cbm.gz",
            &[
                ("trees", "5, symmetric"),
                ("deepest", "3"),
                ("leaves", "40"),
                ("objective", "Logloss"),
                ("classes", "0, 1"),
            ],
        ),
        (
            "catboost-1.2.10/catboost-lossguide-classes/model.cbm.gz",
            &[
                ("trees", "5, of nodes"),
                ("deepest", "3"),
                ("leaves", "30"),
                ("objective", "MultiClass"),
                ("classes", "ash, birch, Öl-Weide"),
            ],
        ),
        (
            "catboost-1.2.10/catboost-poisson/model.cbm.gz",
            &[
                ("trees", "5, symmetric"),
                ("deepest", "3"),
                ("leaves", "40"),
                ("objective", "Poisson"),
            ],
        ),
    ];
    for (file, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|&(n, value)| (n, value.to_owned())).collect();
        assert_eq!(facts(file), expected, "{file}");
    }
}
