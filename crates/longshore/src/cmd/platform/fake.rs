//! An API server that answers what a test says, and keeps what it was asked.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tower::service_fn;

use super::cluster::Cluster;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The method, the path and the query: `GET /api/v1/pods?limit=500`.
    pub(super) line: String,
    /// The body; null without one.
    pub(super) body: Value,
}

/// An answer: for requests whose line begins so, this status and body.
pub(super) type Answer = (&'static str, u16, Value);

/// A cluster that gives the first answer whose begin fits, and else says that it finds nothing.
pub(super) fn cluster(answers: Vec<Answer>) -> (Cluster, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let answers = Arc::new(answers);
    let service = service_fn(move |request: Request<Body>| {
        let (log, answers) = (log.clone(), answers.clone());
        async move {
            let (head, body) = request.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let line = format!("{} {}", head.method, head.uri);
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            let found = answers.iter().find(|(begin, _, _)| line.starts_with(begin));
            let (status, reply) = match found {
                Some((_, status, reply)) => (*status, reply.clone()),
                None => (
                    404,
                    refusal(404, "NotFound", "the server could not find the requested resource"),
                ),
            };
            log.lock().unwrap().push(Asked { line, body });
            let reply = Full::new(Bytes::from(reply.to_string()));
            Ok::<_, Infallible>(Response::builder().status(status).body(reply).unwrap())
        }
    });
    let client = Client::new(service, "ml");
    (Cluster { client, namespace: "ml".into(), server: "https://cluster.test".into() }, asked)
}

/// What the API server says when it refuses.
pub(super) fn refusal(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})
}

/// The same about an object of this name.
pub(super) fn no_object(name: &str) -> Value {
    let mut status = refusal(404, "NotFound", "not found");
    status["details"] = json!({"name": name, "kind": "inferenceservices"});
    status
}

/// A list of objects.
pub(super) fn list(items: &[Value]) -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items})
}

/// An InferenceService `iris` that is ready.
pub(super) fn iris() -> Value {
    json!({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "ml", "generation": 1, "resourceVersion": "7"},
        "spec": {"predictor": {"canaryTrafficPercent": 10}},
        "status": {"observedGeneration": 1, "url": "http://iris.ml.example.com",
            "conditions": [{"type": "Ready", "status": "True"}],
            "components": {"predictor": {
                "latestCreatedRevision": "iris-predictor-00002-bbbbb",
                "latestRolledoutRevision": "iris-predictor-00001-aaaaa",
                "traffic": [
                    {"revisionName": "iris-predictor-00002-bbbbb", "percent": 10},
                    {"revisionName": "iris-predictor-00001-aaaaa", "percent": 90}]}}}})
}
