//! A model in one file with what people keep beside it.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, path::Path};

use longshore_engine::{Inspection, Limits, Source, inspect};

/// A golden model's pickle as a value inside another one.
fn inside(case: &str) -> Vec<u8> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sklearn-1.9.1");
    let bytes = fs::read(golden.join(case).join("model.p4.pkl")).unwrap();
    // without the mark of its protocol and the one of its end
    bytes[2..bytes.len() - 1].to_vec()
}

/// What is told of a dict with these values, which are written as pickles do.
fn told(pairs: &[(&str, &[u8])]) -> Inspection {
    let mut pickle = b"\x80\x04}(".to_vec();
    for (key, value) in pairs {
        pickle.extend([b'\x8c', u8::try_from(key.len()).unwrap()]);
        pickle.extend(key.as_bytes());
        pickle.extend(*value);
    }
    pickle.extend(b"u.");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.pkl");
    fs::write(&path, pickle).unwrap();
    inspect(&Source::File(path), &Limits::default()).unwrap()
}

#[test]
fn what_is_not_used_is_told() {
    let model = inside("ridge");
    // two pickles of their own would number what they remember alike
    let labels = b"csklearn.preprocessing._label\nLabelEncoder\n)\x81}b";
    let bundle = told(&[
        ("labels", labels),
        ("threshold", b"F0.4\n"),
        ("model", &model),
        ("metrics", b"}(\x8c\x05foldsK\x05\x8c\x02r2F0.9\nu"),
    ]);
    assert!(bundle.outcome.is_ok(), "{:?}", bundle.outcome);
    let facts = &bundle.steps[0].facts;
    let unused = &facts.iter().find(|(name, _)| *name == "not used").unwrap().1;
    let expected = "`[\"labels\"]` a LabelEncoder, `[\"threshold\"]` 0.4, `[\"metrics\"]` a dict";
    assert_eq!(unused, expected);
    assert!(facts.iter().any(|(name, what)| *name == "labels" && what.contains("itself answers")));
}

#[test]
fn numbers_by_which_rows_may_be_scaled_are_not_left_aside() {
    let model = inside("ridge");
    let columns = told(&[("model", &model)]).outcome.unwrap().inputs().columns.unwrap();
    let scales = format!("({}l", "F0.5\n".repeat(columns));
    let one = told(&[("model", &model), ("weights", scales.as_bytes())]);
    assert!(one.outcome.is_ok(), "{:?}", one.outcome);
    let both = format!("}}(\x04mean{scales}\x03std{scales}u")
        .replace('\x04', "U\x04")
        .replace('\x03', "U\x03");
    let refused = told(&[("model", &model), ("scales", both.as_bytes())]).outcome.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("`saved[\"scales\"]` and others hold a number for each"), "{refused}");
}
