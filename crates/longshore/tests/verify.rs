//! `longshore verify` against golden cases and against files as users write them.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden").join(name)
}

fn verify(model: &Path, input: &Path, expected: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command.arg("verify").arg(model).arg(input).arg(expected).args(more);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

fn model(folder: &Path) -> PathBuf {
    let case: Value = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
    folder.join(case["models"][0].as_str().unwrap())
}

#[test]
fn golden_cases_are_reproduced() {
    let mut seen = 0;
    for generation in ["sklearn-0.24.2", "sklearn-1.9.1", "xgboost-3.4.1", "lightgbm-4.7.0"] {
        let folders = fs::read_dir(case(generation)).unwrap().map(|entry| entry.unwrap().path());
        let mut folders: Vec<_> = folders.collect();
        folders.sort();
        for folder in folders.iter().step_by(40) {
            let case = folder.join("case.json");
            let output = verify(&model(folder), &case, &case, &[]);
            assert!(output.status.success(), "{}: {}", folder.display(), text(&output));
            seen += 1;
        }
    }
    assert!(seen > 10);
}

/// The first value of an answer, changed.
fn changed(folder: &Path, to: &Path) {
    let mut case: Value =
        serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
    let value = &mut case["expected"]["predict_proba"]["data"][4];
    *value = json!(value.as_f64().unwrap() + 0.001);
    fs::write(to, case.to_string()).unwrap();
}

#[test]
fn the_first_difference_is_told() {
    let kept = tempfile::tempdir().unwrap();
    let (folder, wrong) = (case("sklearn-1.9.1/tree-classifier"), kept.path().join("wrong.json"));
    changed(&folder, &wrong);
    let output = verify(&model(&folder), &folder.join("case.json"), &wrong, &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output);
    assert!(told.contains("predict_proba") && told.contains("differs first in row "), "{told}");
    assert!(told.contains("class A allows none"), "{told}");
    let output = verify(&model(&folder), &folder.join("case.json"), &wrong, &["--json"]);
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["equal"], json!(false));
    let answers = page["answers"].as_array().unwrap();
    let difference = answers.iter().find(|answer| answer["equal"] == json!(false)).unwrap();
    assert_eq!(difference["method"], json!("predict_proba"));
    assert!(difference["difference"]["ulps"].as_u64().unwrap() > 1);
}

#[test]
fn files_as_python_writes_them_are_read() {
    let kept = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = kept.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let folder = case("sklearn-1.9.1/tree-classifier");
    let case: Value = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
    let columns = case["input"]["columns"].as_u64().unwrap() as usize;
    let cells = case["input"]["data"].as_array().unwrap();
    let rows: Vec<&[Value]> = cells.chunks(columns).collect();
    let labels = &case["expected"]["predict"]["data"];
    let odds = &case["expected"]["predict_proba"];
    let width = odds["shape"][1].as_u64().unwrap() as usize;
    let odds: Vec<_> =
        odds["data"].as_array().unwrap().chunks(width).map(|row| json!(row)).collect();
    let answers =
        at("answers.json", &json!({ "predict": labels, "predict_proba": odds }).to_string());
    let list = at("list.json", &json!(labels).to_string());
    let names: Vec<_> = (0..columns).map(|at| format!("c{at}")).collect();
    let inputs = [
        at("rows.json", &json!(rows).to_string().replace("\"NaN\"", "NaN")),
        at("split.json", &json!({ "columns": names, "data": rows, "index": [0] }).to_string()),
        at("body.json", &json!({ "instances": rows }).to_string()),
    ];
    for input in &inputs {
        for expected in [&answers, &list] {
            let output = verify(&model(&folder), input, expected, &["--exact", "A"]);
            assert!(output.status.success(), "{}: {}", input.display(), text(&output));
        }
    }
    let short = at("short.json", &json!([1]).to_string());
    let told = text(&verify(&model(&folder), &inputs[0], &short, &[]));
    assert!(told.contains("rows, and answers to 1"), "{told}");
    let told = text(&verify(&model(&folder), &answers, &list, &[]));
    assert!(told.contains("does not hold rows"), "{told}");
    let told = text(&verify(&model(&folder), &inputs[0], &list, &["--exact", "Z"]));
    assert!(told.contains("`Z` is no class of exactness"), "{told}");
}
