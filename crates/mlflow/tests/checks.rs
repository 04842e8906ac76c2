//! Names and sizes, beside what MLflow's own validation says about them
//! (`tests/golden/mlflow_checks.py`).

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use longshore_mlflow::{
    Error,
    rest::{
        Dataset, DatasetInput, InputTag, LogBatch, Metric, Param, RunTag, checks,
        limits::{PARAM_VALUE, cut},
        names,
    },
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Line {
    check: String,
    value: Value,
    says: Option<String>,
}

/// A text, written out.
fn text(value: &Value) -> String {
    if let Value::String(text) = value {
        return text.clone();
    }
    let times = value["times"].as_u64().expect("a count");
    value["repeat"].as_str().expect("a text").repeat(times as usize)
}

fn metric(key: String, value: f64, timestamp: i64) -> Metric {
    Metric { key, value, timestamp, step: Some(0), ..Metric::default() }
}

fn batch_of(counts: &[Value]) -> LogBatch {
    let count = |index: usize| counts[index].as_u64().expect("a count") as usize;
    let (metrics, params, tags) = (count(0), count(1), count(2));
    LogBatch {
        run_id: "a".into(),
        metrics: vec![metric("k".into(), 1.0, 1); metrics],
        params: (0..params).map(|n| Param { key: format!("k{n}"), value: "v".into() }).collect(),
        tags: vec![RunTag { key: "k".into(), value: "v".into() }; tags],
    }
}

fn batch_with(lists: &[Value]) -> LogBatch {
    let list = |index: usize| lists[index].as_array().expect("a list").iter();
    let number = |value: &Value| value.as_i64().expect("a number");
    let read = |value: &Value| value.as_f64().expect("a number");
    LogBatch {
        run_id: "a".into(),
        metrics: list(0).map(|m| metric(text(&m[0]), read(&m[1]), number(&m[2]))).collect(),
        params: list(1).map(|p| Param { key: text(&p[0]), value: text(&p[1]) }).collect(),
        tags: list(2).map(|t| RunTag { key: text(&t[0]), value: text(&t[1]) }).collect(),
    }
}

fn input(field: &str, value: String) -> DatasetInput {
    let mut dataset = Dataset { name: "n".into(), digest: "d".into(), ..Dataset::default() };
    let mut tag = InputTag { key: "k".into(), value: "v".into() };
    match field {
        "name" => dataset.name = value,
        "digest" => dataset.digest = value,
        "source" => dataset.source = value,
        "schema" => dataset.schema = Some(value),
        "profile" => dataset.profile = Some(value),
        "key" => tag.key = value,
        "value" => tag.value = value,
        field => panic!("no field `{field}`"),
    }
    DatasetInput { tags: vec![tag], dataset }
}

fn ask(check: &str, value: &Value) -> Result<(), Error> {
    if let Some(field) = check.strip_prefix("input_") {
        return checks::dataset_input(&input(field, text(value)));
    }
    match check {
        "batch" => checks::batch(&batch_of(value.as_array().expect("counts"))),
        "batch_data" => checks::batch(&batch_with(value.as_array().expect("lists"))),
        "metric_key" => checks::metric("", &metric(text(value), 1.0, 1)),
        "param_key" => checks::param(&text(value)),
        "run_tag_key" => checks::run_tag(&text(value)),
        "experiment_tag_key" => checks::experiment_tag(&text(value), "v"),
        "registry_tag_key" => checks::registry_tag(&text(value), "v"),
        "experiment_tag_value" => checks::experiment_tag("k", &text(value)),
        "registry_tag_value" => checks::registry_tag("k", &text(value)),
        "artifact_location" => checks::artifact_location(&text(value)),
        "experiment_name" => names::experiment(&text(value)),
        "model_name" => names::registered_model("name", &text(value)),
        "new_model_name" => names::registered_model("new_name", &text(value)),
        "logged_model_name" => names::logged_model(&text(value)),
        "alias" => names::new_alias(&text(value)),
        "run_id" => names::run_id(&text(value)),
        "experiment_id" => names::experiment_id(&text(value)).map(drop),
        "model_version" => names::version(&text(value)).map(drop),
        check => panic!("no check `{check}`"),
    }
}

#[test]
fn every_check_says_what_mlflow_says() {
    let recorded = include_str!("recorded/checks.jsonl");
    let mut different = Vec::new();
    for line in recorded.lines() {
        let line: Line = serde_json::from_str(line).expect("a line");
        let said = ask(&line.check, &line.value).err().map(|error| error.to_string());
        // an id beyond 64 bits names nothing, in MLflow neither
        let is_beyond = line.value == "99999999999999999999";
        if said != line.says && !(is_beyond && said.is_some()) {
            different
                .push(format!("{} {}: {said:?}, MLflow {:?}", line.check, line.value, line.says));
        }
    }
    assert!(recorded.lines().count() > 300, "the recording is cut");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_line_feed_at_the_end_is_a_character() {
    for check in ["metric_key", "alias", "run_id"] {
        ask(check, &Value::from("a\n")).expect_err(check);
    }
}

#[test]
fn a_text_is_cut_between_characters() {
    let text = "é".repeat(PARAM_VALUE + 1);
    assert_eq!(cut(&text, PARAM_VALUE), "é".repeat(PARAM_VALUE));
    assert_eq!(cut("short", PARAM_VALUE), "short");
}
