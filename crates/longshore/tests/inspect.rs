//! The page of `longshore inspect`.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden").join(name)
}

fn inspect(model: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command.arg("inspect").arg(model).args(more).output().unwrap()
}

fn page(model: &Path) -> String {
    let output = inspect(model, &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const FRAME: &str = "sklearn-1.9.1/frame-logistic/model.p1.pkl";

#[test]
fn the_page_tells_steps_columns_and_a_request() {
    let page = page(&golden(FRAME));
    for words in [
        "OneHotEncoder: a column for each category (class A)",
        "classes ash, birch, Öl-Weide",
        "strategy median",
        "runs natively",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let line = |name: &str| {
        let found = page.lines().find(|line| line.split_whitespace().next() == Some(name));
        found.unwrap_or_default().to_owned()
    };
    assert!(line("children").ends_with("not read"), "{page}");
    assert!(line("colour").ends_with("texts    blue, green, red"), "{page}");
}

#[test]
fn the_request_is_one_that_the_model_answers() {
    let output = inspect(&golden(FRAME), &["--json"]);
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["request"]["instances"][0]["city"], json!("Bonn"));
    let kept = tempfile::tempdir().unwrap();
    let body = kept.path().join("body.json");
    std::fs::write(&body, page["request"].to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    let asked =
        command.arg("predict").arg(golden(FRAME)).arg("--input").arg(body).output().unwrap();
    assert!(asked.status.success(), "{asked:?}");
    assert_eq!(page["native"], json!(true));
    assert_eq!(page["steps"][0]["class"], json!("sklearn.pipeline.Pipeline"));
    assert_eq!(page["columns"].as_array().unwrap().len(), 6);
    assert!(page["file_bytes"].as_u64().unwrap() > 1000);
}

#[test]
fn a_forest_behind_what_does_not_run_is_no_complaint() {
    let model = golden("refused/sklearn-1.9.1-function-before-forest/model.cloudpickle.pkl");
    let page = String::from_utf8(inspect(&model, &[]).stdout).unwrap();
    assert!(page.contains("RandomForestClassifier"), "{page}");
    assert_eq!(page.matches("not native: ").count(), 1, "{page}");
}

#[test]
fn a_model_that_does_not_run_is_told_and_the_command_fails() {
    let model = golden("refused/sklearn-1.9.1-function-lambda/model.cloudpickle.pkl");
    let output = inspect(&model, &[]);
    assert_eq!(output.status.code(), Some(1));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("does not run: ") && page.contains("not native: "), "{page}");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("does not run") && complaint.lines().count() == 1, "{complaint}");
    let output = inspect(&model, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["native"], json!(false));
    assert!(page["problem"].as_str().unwrap().contains("lambda"));
}

#[test]
fn columns_that_only_a_number_tells_of_are_not_listed() {
    let kept = tempfile::tempdir().unwrap();
    let model = kept.path().join("model.txt");
    let text = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=3999999999\n\
                objective=regression\n\nTree=0\nnum_leaves=1\nleaf_value=2.5\n\nend of trees\n";
    std::fs::write(&model, text).unwrap();
    let page = page(&model);
    assert!(page.contains("4000000000 columns"), "{page}");
    assert!(page.contains("runs natively"), "{page}");
}
