//! Transformers and a model in files of their own, on the command line.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

fn case() -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden");
    golden.join("sklearn-1.9.1/chain-scaler-logistic")
}

/// Standard output, or what the program complains of.
fn run(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    let output = command.args(arguments).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn chain() -> String {
    format!("{0}/scaler.pkl+{0}/model.joblib.gz", case().display())
}

#[test]
fn a_chain_answers_as_the_library_does() {
    let text = fs::read_to_string(case().join("case.json")).expect("a case");
    let case: Value = serde_json::from_str(&text).expect("JSON");
    let values = case["input"]["data"].as_array().expect("rows");
    let rows: Vec<_> = values.chunks(5).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("rows.json");
    fs::write(&input, json!({ "instances": rows }).to_string()).expect("a file");
    let input = input.to_str().expect("text");
    let answer = run(&["predict", &chain(), "--input", input]).expect("an answer");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["predictions"], case["expected"]["predict"]["data"]);
}

#[test]
fn a_chain_is_inspected_and_refused_by_its_links() {
    let page = run(&["inspect", &chain()]).expect("a page");
    assert!(page.contains("scaler.pkl: sklearn.preprocessing"), "{page}");
    assert!(page.contains("model.joblib.gz: sklearn.linear_model"), "{page}");
    assert!(page.contains("inputs    5 columns") && page.contains("runs natively"), "{page}");
    let scaler = format!("{}/scaler.pkl", case().display());
    let page = run(&["inspect", &scaler]).expect("a page");
    assert!(page.contains(&format!("NAME={scaler}+MODEL")), "{page}");
    let missing =
        run(&["predict", &format!("{scaler}+none.pkl"), "--input", "-"]).expect_err("none");
    assert!(missing.contains("`none.pkl`"), "{missing}");
}
