//! Which method answers, how a request asks for another, and what it is told when there is none.

use longshore_engine::Method;
use longshore_serve::{Limits, ModelSource};

use crate::{client::serve, model::plain};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const KNOWN: &str = "`predict`, `decision_function`, `transform`";

fn tensor(more: &str) -> String {
    format!(r#"{{"inputs":[{{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3]}}]{more}}}"#)
}

#[test]
fn a_request_names_the_method_in_its_query_or_its_body() {
    let server = serve(vec![plain("sum")], Limits::default());
    for (path, body) in [
        ("/v1/models/sum:predict?method=decision_function", ROW),
        ("/v1/models/sum:predict/?method=decision_function", ROW),
        ("/invocations?method=decision_function", ROW),
        ("/invocations?model=sum&version=1&method=decision%5Ffunction", ROW),
        ("/invocations", r#"{"instances":[[1,2,3]],"params":{"method":"decision_function"}}"#),
        (
            "/invocations?method=decision_function",
            r#"{"params":{"method":"decision_function"},"inputs":[[1,2,3]]}"#,
        ),
    ] {
        let reply = server.post(path, body);
        assert_eq!((reply.status, &*reply.body), (200, r#"{"predictions":[6.0]}"#), "{path}");
    }
    let reply = server.post("/v1/models/sum:predict?method=transform", ROW);
    assert_eq!(reply.body, r#"{"predictions":[[2.0,4.0,6.0]]}"#);
    for more in [
        r#","parameters":{"method":"decision_function"}"#,
        r#","parameters":{"method":"decision_function"},"outputs":[{"name":"decision_function"}]"#,
        r#","parameters":{"content_type":"np"},"outputs":[{"name":"decision_function"}]"#,
    ] {
        let reply = server.post("/v2/models/sum/infer", tensor(more)).json();
        let outputs = reply["outputs"].as_array().unwrap();
        assert_eq!((outputs.len(), &outputs[0]["name"]), (1, &"decision_function".into()));
        assert_eq!(outputs[0]["data"], serde_json::json!([6.0]));
    }
    let csv = "content-type: text/csv";
    let reply = server.post_as("/invocations?method=decision_function", csv, "a,b,c\n1,2,3\n");
    assert_eq!(reply.body, r#"{"predictions":[6.0]}"#);
}

#[test]
fn the_default_method_gives_way_to_the_one_asked_for() {
    let model = ModelSource { method: Some(Method::DecisionFunction), ..plain("sum") };
    let server = serve(vec![model], Limits::default());
    assert_eq!(server.post("/invocations", ROW).body, r#"{"predictions":[6.0]}"#);
    assert_eq!(server.post("/invocations?method=predict", ROW).body, r#"{"predictions":[1]}"#);
}

#[test]
fn a_method_that_is_not_there_is_answered_by_those_that_are() {
    let server = serve(vec![plain("sum")], Limits::default());
    let named = format!("there is no method `predict_proba`; the model `sum` has {KNOWN}");
    let predict = server.post("/v1/models/sum:predict?method=predict_proba", ROW);
    assert_eq!((predict.status, predict.error()), (400, named.clone()));
    let infer = tensor(r#","parameters":{"method":"predict_proba"}"#);
    let infer = server.post("/v2/models/sum/infer", infer);
    assert_eq!((infer.status, infer.error()), (400, named.clone()));
    let body = r#"{"instances":[[1,2,3]],"params":{"method":"predict_proba"}}"#;
    for (path, body) in [("/invocations?method=predict_proba", ROW), ("/invocations", body)] {
        let reply = server.post(path, body);
        assert_eq!(reply.status, 400);
        let expected = serde_json::json!({"error_code": "BAD_REQUEST", "message": named});
        assert_eq!(reply.json(), expected);
    }
    assert_eq!(server.rows(), 0);
}

#[test]
fn two_methods_in_one_request_are_a_contradiction() {
    let server = serve(vec![plain("sum")], Limits::default());
    let body = r#"{"instances":[[1,2,3]],"params":{"method":"transform"}}"#;
    let reply = server.post("/invocations?method=decision_function", body);
    assert_eq!(reply.status, 400);
    let more = r#","parameters":{"method":"transform"},"outputs":[{"name":"predict"}]"#;
    let reply = server.post("/v2/models/sum/infer", tensor(more));
    assert!(reply.status == 400 && reply.error().contains("name it in one of them"), "{reply:?}");
    for body in [
        tensor(r#","parameters":{"method":1}"#),
        tensor(r#","parameters":{"method":"predict","method":"predict"}"#),
    ] {
        assert_eq!(server.post("/v2/models/sum/infer", body).status, 400);
    }
    let body = r#"{"instances":[[1,2,3]],"params":{"method":["predict"]}}"#;
    assert_eq!(server.post("/invocations", body).status, 400);
    assert_eq!(server.rows(), 0);
}

#[test]
fn a_query_that_means_nothing_is_refused() {
    let server = serve(vec![plain("sum")], Limits::default());
    for (path, expected) in [
        (
            "/v1/models/sum:predict?methods=predict",
            "there is no `methods` in the query of this path; it has `method`",
        ),
        (
            "/v2/models/sum/infer?method=predict",
            "there is no `method` in the query of this path, which has no query",
        ),
        ("/v1/models/sum:predict?method=", "no value for `method`"),
    ] {
        let reply = server.post(path, ROW);
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.error().contains(expected), "{reply:?}");
    }
    let reply = server.post("/invocations?models=sum", ROW);
    let message = reply.json()["message"].to_string();
    assert!(reply.status == 400 && message.contains("`model`, `version`, `method`"), "{reply:?}");
    assert_eq!(server.get("/v2/health/ready?verbose=1").status, 200, "probes carry what they like");
    assert_eq!(server.rows(), 0);
}

#[test]
fn a_verb_that_models_do_not_have_is_answered_by_those_they_have() {
    let server = serve(vec![plain("sum")], Limits::default());
    for (path, verbs) in [
        ("/v1/models/sum:predict_proba", "`:predict`"),
        ("/v2/models/sum/predict", "`infer`, `ready`, `config` and `stats`"),
    ] {
        let reply = server.post(path, ROW);
        assert_eq!(reply.status, 404, "{path}");
        let error = reply.error();
        assert!(error.contains(verbs) && error.contains(KNOWN), "{error}");
    }
    assert!(server.post("/v1/models/other:x", ROW).error().contains("there is no model `other`"));
}

#[test]
fn a_slash_at_the_end_changes_nothing() {
    let server = serve(vec![plain("sum")], Limits::default());
    for path in ["/v1/models/sum:predict/", "/invocations/"] {
        assert_eq!(server.post(path, ROW).body, r#"{"predictions":[1]}"#, "{path}");
    }
    for path in ["/v2/", "/v2/models/sum/", "/v1/models/", "/health/ready/", "/metrics/"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let failure = server.post("/invocations/", "[]").json();
    assert!(failure["error_code"].is_string(), "{failure}");
}
