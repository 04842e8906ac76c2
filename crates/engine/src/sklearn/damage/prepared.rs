//! Encoders, imputers and mappers with damage at every place: they refuse it by name, or answer as
//! before.

use std::{fs, path::Path};

use super::{
    place::{self, Other, Reshaped},
    push, stored,
};
use crate::{
    Error, Limits, Output, Table, estimators, golden,
    read::{self, Document, Id, Kind, Node},
};

/// A stored model, and what its library was asked.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    rows: Table,
}

impl Case {
    fn read(name: &'static str) -> Self {
        let bytes = stored(Path::new(name));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        let case = fs::read_to_string(folder.join("case.json")).unwrap();
        let case: serde_json::Value = serde_json::from_str(&case).unwrap();
        Self { name, bytes, rows: golden::rows(&case["input"]).unwrap() }
    }

    fn document(&self) -> Document {
        read::document(self.bytes.clone(), &Limits::default()).unwrap()
    }

    fn answers(&self, document: &Document) -> Result<Vec<Output>, Error> {
        let model = estimators::building().build(document.root())?.into_predictor();
        model.methods().iter().map(|&method| model.run(method, &self.rows)).collect()
    }

    /// The names of the estimator's attributes.
    fn attributes(&self) -> Vec<String> {
        let document = self.document();
        let Kind::Object(object) = document.root().kind() else { panic!("{} is none", self.name) };
        let state = document.root().go(object.state.unwrap());
        let pairs = state.pairs().unwrap().iter();
        pairs.map(|&(key, _)| state.go(key).as_str().unwrap().to_owned()).collect()
    }
}

const CASES: [&str; 26] = [
    "category_encoders-2.11.2/encoders-binary",
    "category_encoders-2.11.2/encoders-count-groups",
    "category_encoders-2.11.2/encoders-hashing-mixed",
    "category_encoders-2.11.2/encoders-leave-one-out-gaps",
    "category_encoders-2.11.2/encoders-one-hot-names",
    "category_encoders-2.11.2/encoders-ordinal",
    "category_encoders-2.11.2/encoders-target-continuous",
    "category_encoders-2.6.3/encoders-cat-boost-strong",
    "feature_engine-1.9.4/engine-cap-quantiles",
    "feature_engine-1.9.4/engine-dates-some",
    "feature_engine-1.9.4/engine-equal-width",
    "feature_engine-1.9.4/engine-log",
    "feature_engine-1.9.4/engine-mark",
    "feature_engine-1.9.4/engine-math-several",
    "feature_engine-1.9.4/engine-one-hot",
    "feature_engine-1.9.4/engine-ordinal-encode",
    "feature_engine-1.9.4/engine-rare-gaps",
    "feature_engine-1.9.4/engine-relative-filled",
    "feature_engine-1.9.4/engine-text",
    "sklearn_pandas-2.2.0/mapper-mixed",
    "sklearn_pandas-2.2.0/mapper-rest-frame",
    "sklearn-1.9.1/imputer-indicator",
    "sklearn-1.9.1/imputer-most-frequent-text",
    "sklearn-1.9.1/neighbors-imputer-empty-column",
    "sklearn-1.9.1/impute-iterative-tree",
    "sklearn-0.24.2/impute-iterative-marked",
];

/// Answers as they are printed: NaN equals itself there.
fn printed(answers: &[Output]) -> String {
    format!("{answers:?}")
}

#[test]
fn damage_at_any_place_never_panics() {
    for name in CASES {
        let case = Case::read(name);
        let whole = case.document();
        case.answers(&whole).unwrap_or_else(|error| panic!("{name}: {error}"));
        let places = place::places(&whole);
        let step = places.len().div_ceil(25);
        for &at in places.iter().step_by(step) {
            for other in Other::ALL {
                let mut document = case.document();
                place::put(&mut document, at, other);
                case.answers(&document).ok();
            }
        }
        for node in place::arrays(&whole) {
            for how in Reshaped::ALL {
                let mut document = case.document();
                place::reshape(&mut document, node, how);
                case.answers(&document).ok();
            }
        }
    }
}

/// Attributes that may be any text.
const TEXTS: [&str; 3] = ["missing_values", "replace_with", "format"];

#[test]
fn what_no_library_writes_is_named_or_not_read() {
    let mut faults = Vec::new();
    for name in CASES {
        let case = Case::read(name);
        let whole = case.document();
        let (class, before) = (whole.root().class_name(), case.answers(&whole).unwrap());
        for attribute in case.attributes() {
            // releases count from 0.18 on where none is named
            if attribute == "_sklearn_version" {
                continue;
            }
            for other in Other::STRANGE {
                if matches!(other, Other::Text) && TEXTS.contains(&attribute.as_str()) {
                    continue;
                }
                let mut document = case.document();
                let at = place::attribute(&document, &attribute);
                place::put(&mut document, at, other);
                match case.answers(&document) {
                    Ok(answers) if printed(&answers) == printed(&before) => {}
                    Ok(_) => faults.push(format!("{name}: {attribute} {other:?}: another answer")),
                    Err(error) => {
                        let message = error.to_string();
                        let (class, attribute) = (class, attribute.trim_matches('_'));
                        let is_named = message.contains(class) && message.contains(attribute);
                        // an estimator that holds itself
                        if !is_named && !message.contains("nested") {
                            faults.push(format!("{name}: {attribute} {other:?}: {message}"));
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Makes a value of a dict, or an item of a list, in an attribute stand there many times.
fn repeated(document: &mut Document, attribute: &str, times: usize) {
    let at = place::attribute(document, attribute);
    let id = *place::at(document, at);
    let node = match document.root().go(id).kind() {
        Kind::Dict(pairs) => {
            let value = pairs[0].1;
            let keys = (0..times).map(|at| (Id::of_int(at as i64).unwrap(), value));
            Node::Dict(Box::new(keys.collect()))
        }
        _ => Node::List(Box::new(vec![document.root().go(id).items().unwrap()[0]; times])),
    };
    let id = push(document, node);
    *place::at(document, at) = id;
}

#[test]
fn one_value_that_stands_often_is_refused() {
    for (name, attribute) in [
        ("category_encoders-2.11.2/encoders-target-continuous", "mapping"),
        ("category_encoders-2.11.2/encoders-one-hot-names", "mapping"),
        ("category_encoders-2.11.2/encoders-count-groups", "mapping"),
        ("category_encoders-2.11.2/encoders-leave-one-out-gaps", "mapping"),
        ("feature_engine-1.9.4/engine-one-hot", "encoder_dict_"),
        ("feature_engine-1.9.4/engine-ordinal-encode", "encoder_dict_"),
        ("feature_engine-1.9.4/engine-equal-width", "binner_dict_"),
        ("sklearn_pandas-2.2.0/mapper-mixed", "built_features"),
    ] {
        let case = Case::read(name);
        let mut document = case.document();
        repeated(&mut document, attribute, 1_000_000);
        let refusal = case.answers(&document).unwrap_err().to_string();
        assert!(refusal.contains("many times larger"), "{name}: {refusal}");
    }
}

#[test]
fn lists_that_make_many_columns_of_few_are_refused() {
    for (name, attribute, other) in [
        ("feature_engine-1.9.4/engine-relative-filled", "reference", "variables"),
        ("feature_engine-1.9.4/engine-dates-some", "features_to_extract_", "variables_"),
    ] {
        let case = Case::read(name);
        let mut document = case.document();
        repeated(&mut document, attribute, 20_000);
        repeated(&mut document, other, 20_000);
        let refusal = case.answers(&document).unwrap_err().to_string();
        assert!(refusal.contains("more columns than"), "{name}: {refusal}");
        assert!(refusal.contains(attribute), "{name}: {refusal}");
    }
}
