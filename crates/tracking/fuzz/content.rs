//! What the server under test holds: some of everything that can be searched, with values that differ.

use serde_json::{Value, json};

use crate::{EXPERIMENT, Wire};

const WORDS: [&str; 4] = ["svm", "a_b", "it's", "ü"];

/// Fills a server. More of each than a page has.
pub(crate) fn fill(wire: &Wire) {
    for (index, word) in WORDS.into_iter().enumerate() {
        let experiment = json!({ "name": word, "tags": [{ "key": "team", "value": word }] });
        wire.make("2.0/mlflow/experiments/create", &experiment);
        let run = run(wire, index, word);
        model(wire, index, word, &run);
        trace(wire, index, word, &run);
        let tags = json!({ "team": word }).to_string();
        let dataset = json!({ "name": word, "experiment_ids": [EXPERIMENT], "tags": tags });
        wire.make("3.0/mlflow/datasets/create", &dataset);
    }
}

fn run(wire: &Wire, index: usize, word: &str) -> String {
    let tags = json!([{ "key": "team", "value": word }]);
    let made = wire.make(
        "2.0/mlflow/runs/create",
        &json!({ "experiment_id": EXPERIMENT, "run_name": word, "start_time": 1000 + index, "tags": tags }),
    );
    let run = made["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let value = [json!(0.5), json!("NaN"), json!(-2), json!("Infinity")][index % 4].clone();
    let metric = json!({ "key": "loss", "value": value, "timestamp": index, "step": index });
    let param = json!({ "key": "kind", "value": word });
    wire.make("2.0/mlflow/runs/log-batch", &json!({ "run_id": run, "metrics": [metric], "params": [param] }));
    let dataset = json!({ "name": word, "digest": "d", "source_type": "local", "source": "s" });
    let context = json!([{ "key": "mlflow.data.context", "value": "train" }]);
    let inputs = json!({ "run_id": run, "datasets": [{ "dataset": dataset, "tags": context }] });
    wire.make("2.0/mlflow/runs/log-inputs", &inputs);
    run
}

fn model(wire: &Wire, index: usize, word: &str, run: &str) {
    // names of models are stricter
    let name = format!("m{index}");
    let tags = json!([{ "key": "team", "value": word }]);
    wire.make("2.0/mlflow/registered-models/create", &json!({ "name": name, "tags": tags }));
    let version = json!({ "name": name, "source": "s3://bucket/m", "run_id": run, "tags": tags });
    wire.make("2.0/mlflow/model-versions/create", &version);
    let params = json!([{ "key": "kind", "value": word }]);
    wire.make(
        "2.0/mlflow/logged-models",
        &json!({ "experiment_id": EXPERIMENT, "name": name, "params": params, "tags": tags }),
    );
}

fn trace(wire: &Wire, index: usize, word: &str, run: &str) {
    let id = format!("tr-{index:032x}");
    let experiment = json!({ "experiment_id": EXPERIMENT });
    let mut info = json!({
        "trace_id": id, "request_time": "2026-01-01T00:00:00Z", "execution_duration": "0.25s", "state": "OK",
        "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": experiment },
        "trace_metadata": { "mlflow.sourceRun": run, "team": word, "mlflow.trace.session": word },
        "tags": { "mlflow.traceName": word, "team": word },
    });
    if index == 0 {
        info["state"] = "ERROR".into();
    }
    wire.make("3.0/mlflow/traces", &json!({ "trace": { "trace_info": info } }));
    let source = json!({ "source_type": "HUMAN", "source_id": "somebody" });
    let value: Value = [json!(true), json!(1.5), json!(word), json!("yes")][index % 4].clone();
    let assessment = json!({
        "assessment_name": "quality", "trace_id": id, "source": source, "feedback": { "value": value },
        "create_time": "2026-01-01T00:00:00Z", "last_update_time": "2026-01-01T00:00:00Z",
    });
    wire.make(&format!("3.0/mlflow/traces/{id}/assessments"), &json!({ "assessment": assessment }));
    let span = json!({
        "traceId": format!("{index:032x}"), "spanId": format!("{:016x}", index + 1), "name": word,
        "startTimeUnixNano": "1000000", "endTimeUnixNano": "3000000",
        "attributes": [{ "key": "mlflow.spanType", "value": { "stringValue": "\"LLM\"" } }],
    });
    let spans = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
    let headers = format!("content-type: application/json\r\nx-mlflow-experiment-id: {EXPERIMENT}\r\n");
    let answer = wire.send("POST /v1/traces", &headers, spans.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
}
