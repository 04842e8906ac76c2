//! Chains of files: what is refused, and what is told of them. Their answers are golden cases.

use std::path::{Path, PathBuf};

use longshore_engine::{Limits, Method, Source, inspect, load};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sklearn-1.9.1").join(name)
}

#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
fn chain(names: &[&str]) -> Source {
    Source::Chain(names.iter().map(|name| Source::open(&file(name)).unwrap()).collect())
}

fn refusal(names: &[&str]) -> String {
    let loaded = load(&chain(names), &Limits::default());
    loaded.map_or_else(|error| error.to_string(), |_| "it was loaded".into())
}

const SCALER: &str = "chain-scaler-logistic/scaler.pkl";
const MODEL: &str = "chain-scaler-logistic/model.joblib.gz";
const VECTORIZER: &str = "chain-tfidf-logistic/vectorizer.pkl";

#[test]
fn only_the_last_link_may_be_a_model() {
    let wrong = refusal(&[MODEL, SCALER]);
    assert!(wrong.contains("`model.joblib.gz` before `scaler.pkl`"), "{wrong}");
    assert!(wrong.contains("NAME=scaler.pkl+model.pkl"), "{wrong}");
}

#[test]
fn links_of_different_trainings_are_refused() {
    let wrong = refusal(&[VECTORIZER, MODEL]);
    let reason = "`vectorizer.pkl` gives 30 columns, and `model.joblib.gz` was fitted on 5";
    assert!(wrong.contains(reason), "{wrong}");
    let wrong = refusal(&[SCALER, VECTORIZER]);
    assert!(
        wrong.contains("`scaler.pkl` gives columns, and `vectorizer.pkl` takes texts"),
        "{wrong}"
    );
}

#[test]
fn a_link_that_does_not_run_is_named() {
    let own = "../refused/sklearn-1.9.1-function-lambda/model.cloudpickle.pkl";
    let wrong = refusal(&[own, MODEL]);
    assert!(wrong.contains("`model.cloudpickle.pkl`") && wrong.contains("<lambda>"), "{wrong}");
    let wrong = refusal(&[SCALER, own]);
    assert!(wrong.contains("in `model.cloudpickle.pkl`: in step"), "{wrong}");
}

#[test]
fn transformers_alone_are_one_transformer() {
    let model = load(&chain(&[SCALER, SCALER]), &Limits::default()).unwrap();
    assert_eq!(model.predictor.methods(), [Method::Transform]);
    assert_eq!(model.inputs().columns, Some(5));
}

#[test]
fn every_link_is_inspected() {
    let inspection = inspect(&chain(&[SCALER, MODEL]), &Limits::default()).unwrap();
    assert_eq!(inspection.file, "scaler.pkl+model.joblib.gz");
    assert_eq!(inspection.format, "a pickle, then a pickle in a gzip file");
    let steps: Vec<_> = inspection.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(steps, ["scaler.pkl", "model.joblib.gz"]);
    let model = inspection.outcome.unwrap();
    assert_eq!((model.flavor, model.inputs().columns), ("sklearn", Some(5)));
    assert_eq!(model.origin, ["scikit-learn 1.9.1"]);
}

#[test]
fn what_mlflow_recorded_of_the_model_is_not_asked_of_the_rows() {
    let folder = chain(&["chain-scaler-mlflow/scaler.pkl", "chain-scaler-mlflow/model"]);
    let model = load(&folder, &Limits::default()).unwrap();
    assert!(model.mlmodel.is_some());
    assert!(model.signature().is_some_and(|signature| signature.inputs.is_none()));
}
