//! What MLflow 3.17 answers to the same requests is what is expected.

use longshore_mlflow::rest::{
    Assessment, CreateAssessment, DeleteAssessment, GetAssessment, GetTraceInfoV3, StartTraceV3,
    UpdateAssessment, parse_request, print,
};
use serde_json::{Value as Any, json};

use crate::{
    Caller, Error, Settings,
    operation::{Context, Operation},
    store::{Connection, Store, Value},
};

struct Server {
    store: Store,
    _folder: tempfile::TempDir,
}

/// A point in time, in milliseconds since 1970.
const NOW: i64 = 1_700_000_000_000;

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("sqlite:///{}", folder.path().join("mlflow.db").display());
        let store = Store::open(&uri).unwrap();
        store.seed("mlflow-artifacts:/0").unwrap();
        let made = store.write(|on| {
            let sql = "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('tr-1', 0, 5, 'OK')";
            on.execute(sql, &[])
        });
        made.await.unwrap();
        Self { store, _folder: folder }
    }

    async fn ask<O>(&self, body: Any) -> Result<O::Reply, Error>
    where
        O: Operation,
        O::Reply: 'static,
    {
        let answer = move |on: &mut dyn Connection| {
            let request: O = parse_request(body.to_string().as_bytes(), &[])?;
            let settings = Settings::default();
            let caller = Caller::anyone("default");
            let context =
                Context { caller: &caller, settings: &settings, now: NOW, namesake: None };
            request.answer(on, &context)
        };
        self.store.write(answer).await
    }

    async fn create(&self, assessment: Any) -> Result<Assessment, Error> {
        let body = json!({"trace_id": "tr-1", "assessment": assessment});
        Ok(self.ask::<CreateAssessment>(body).await?.assessment)
    }

    async fn get(&self, id: &str) -> Result<Assessment, Error> {
        let body = json!({"trace_id": "tr-1", "assessment_id": id});
        Ok(self.ask::<GetAssessment>(body).await?.assessment)
    }

    async fn update(&self, id: &str, mask: &str, assessment: Any) -> Result<Assessment, Error> {
        let body = json!({"trace_id": "tr-1", "assessment_id": id, "update_mask": mask, "assessment": assessment});
        Ok(self.ask::<UpdateAssessment>(body).await?.assessment)
    }
}

fn told(result: Result<Assessment, Error>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn feedback_is_made_changed_and_overridden() {
    let server = Server::start().await;
    let made = server.create(json!({
        "assessment_name": "quality", "feedback": {"value": {"rating": 4}}, "rationale": "good",
        "source": {"source_type": "HUMAN", "source_id": "a"},
        "metadata": {"model": "x", "mlflow.assessment.sourceRunId": "r1"},
    }));
    let made = made.await.unwrap();
    let id = made.assessment_id.clone().unwrap();
    assert!(id.starts_with("a-") && id.len() == 34);
    assert_eq!(server.get(&id).await.unwrap(), made);
    let printed: Any = serde_json::from_str(&print(&made)).unwrap();
    assert_eq!(
        printed,
        json!({
            "assessment_id": id, "assessment_name": "quality", "trace_id": "tr-1",
            "source": {"source_type": "HUMAN", "source_id": "a"},
            "create_time": "2023-11-14T22:13:20Z", "last_update_time": "2023-11-14T22:13:20Z",
            "feedback": {"value": {"rating": 4.0}}, "rationale": "good",
            "metadata": {"model": "x", "mlflow.assessment.sourceRunId": "r1"}, "valid": true,
        })
    );
    let changed = server.update(
        &id,
        "assessmentName,feedback,metadata",
        json!({"assessment_name": "q2", "feedback": {"value": "yes"}, "metadata": {"model": "y"}}),
    );
    let changed = changed.await.unwrap();
    assert_eq!(changed.assessment_name.as_deref(), Some("q2"));
    assert_eq!(changed.rationale.as_deref(), Some("good"));
    assert_eq!(changed.metadata["model"], "y");
    assert_eq!(changed.metadata.len(), 2);
    let sql = "SELECT value, aggregate_value, is_numeric_value, run_id, experiment_id, trace_timestamp_ms FROM assessments";
    let kept = server.store.read(move |on| {
        let mut row = on.first(sql, &[])?.unwrap();
        (0..6).map(|it| row.take::<Value>(it)).collect::<Result<Vec<_>, _>>()
    });
    let wanted =
        ["\"yes\"".into(), 1.0.into(), Value::Int(0), "r1".into(), 0_i64.into(), 5_i64.into()];
    assert_eq!(kept.await.unwrap(), wanted);

    let other =
        server.create(json!({"assessment_name": "q3", "feedback": {"value": 3}, "overrides": id}));
    let other = other.await.unwrap();
    assert_eq!(other.overrides.as_ref(), Some(&id));
    assert_eq!(server.get(&id).await.unwrap().valid, Some(false));
    let delete = json!({"trace_id": "tr-1", "assessment_id": other.assessment_id});
    for _ in 0..2 {
        server.ask::<DeleteAssessment>(delete.clone()).await.unwrap();
    }
    assert_eq!(server.get(&id).await.unwrap().valid, Some(true));
}

#[tokio::test]
async fn an_expectation_of_any_shape_is_kept() {
    let server = Server::start().await;
    let made = server.create(json!({
        "assessment_name": "e", "source": {"source_type": "HUMAN"}, "rationale": "dropped",
        "expectation": {"value": {"b": [1, "é"]}},
    }));
    let made = made.await.unwrap();
    assert_eq!(made.rationale, None);
    assert!(print(&made).contains(r#""expectation":{"serialized_value":{"serialization_format":"JSON_FORMAT","value":"{\"b\": [1.0, \"\\u00e9\"]}"}}"#));
    let value = r#"{"b": 1, "a": [2]}"#;
    let serialized =
        json!({"serialized_value": {"serialization_format": "JSON_FORMAT", "value": value}});
    let changed = server.update(
        made.assessment_id.as_deref().unwrap_or_default(),
        "expectation",
        json!({"expectation": serialized}),
    );
    let kept = changed.await.unwrap().expectation.unwrap().serialized_value.unwrap();
    assert_eq!(kept.value.as_deref(), Some(value));
    let one = server.create(json!({"assessment_name": "e", "expectation": {"value": 5}}));
    assert!(print(&one.await.unwrap()).contains(r#""expectation":{"value":5.0}"#));
}

#[tokio::test]
async fn an_error_stands_for_feedback() {
    let server = Server::start().await;
    let made = server.create(json!({
        "assessment_name": "f", "feedback": {"error": {"error_code": "E", "error_message": "m"}},
    }));
    let text = print(&made.await.unwrap());
    assert!(
        text.contains(
            r#""feedback":{"value":null,"error":{"error_code":"E","error_message":"m"}}"#
        ),
        "{text}"
    );
    assert!(text.contains(r#""source":{"source_type":"SOURCE_TYPE_UNSPECIFIED"}"#), "{text}");
}

#[tokio::test]
async fn what_is_not_there_or_not_possible_is_refused() {
    let server = Server::start().await;
    let feedback = json!({"assessment_name": "f", "feedback": {"value": 1}});
    let body = json!({"trace_id": "tr-2", "assessment": feedback});
    let error = server.ask::<CreateAssessment>(body).await.unwrap_err();
    assert_eq!(error.to_string(), "Trace with ID 'tr-2' not found.");
    let body = json!({"trace_id": "tr-2", "assessment_id": "a-1"});
    let error = server.ask::<GetAssessment>(body).await.unwrap_err();
    assert_eq!(error.to_string(), "Trace with request_id 'tr-2' not found");
    assert_eq!(
        told(server.get("a-1").await),
        "Assessment with ID 'a-1' not found for trace 'tr-1'"
    );
    let mut overriding = feedback.clone();
    overriding["overrides"] = json!("a-1");
    assert_eq!(
        told(server.create(overriding).await),
        "Assessment with ID 'a-1' not found for trace 'tr-1'"
    );
    assert_eq!(
        told(server.create(json!({"assessment_name": "f"})).await),
        "Unknown assessment type: None"
    );
    assert_eq!(
        told(server.create(json!({"assessment_name": "f", "expectation": {"value": null}})).await),
        "The `value` field must be specified."
    );
    let id = server.create(feedback.clone()).await.unwrap().assessment_id.unwrap();
    let mut same = feedback;
    same["assessment_id"] = json!(id);
    assert!(told(server.create(same).await).contains("constraint violation"));
    let expectation = json!({"expectation": {"value": 1}});
    assert_eq!(
        told(server.update(&id, "expectation", expectation).await),
        "Cannot update expectation value on a Feedback assessment."
    );
    assert!(
        told(server.update(&id, "assessment_name", json!({})).await).contains("must not contain")
    );
    assert!(told(server.update(&id, "valid", json!({"valid": true})).await).contains("`valid`"));
}

#[tokio::test]
async fn a_trace_is_told_with_its_assessments() {
    let server = Server::start().await;
    let info = json!({
        "trace_id": "tr-2",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_time": "2023-11-14T22:13:20Z", "state": "OK",
        "assessments": [
            {"assessment_id": "a-1", "assessment_name": "f", "feedback": {"value": 1}},
            {"assessment_name": "e", "expectation": {"value": "x"}},
        ],
    });
    for _ in 0..2 {
        server.ask::<StartTraceV3>(json!({"trace": {"trace_info": info}})).await.unwrap();
    }
    let reply = server.ask::<GetTraceInfoV3>(json!({"trace_id": "tr-2"})).await.unwrap();
    let assessments = reply.trace.trace_info.assessments;
    assert_eq!(
        assessments.iter().filter(|it| it.assessment_id.as_deref() == Some("a-1")).count(),
        1
    );
    assert!(assessments.iter().all(|it| it.trace_id.as_deref() == Some("tr-2")));
    assert_eq!(
        assessments.iter().filter(|it| it.assessment_name.as_deref() == Some("e")).count(),
        2
    );
}
