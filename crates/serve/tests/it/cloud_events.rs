//! `CloudEvents` around V1, in both modes.

use longshore_serve::Limits;
use serde_json::{Value, json};

use crate::{
    client::{Running, serve},
    model::plain,
};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const PATH: &str = "/v1/models/sum:predict";
const STRUCTURED: &str = "content-type: application/cloudevents+json";

/// The headers of an event in binary mode, without those that are named.
fn headers(without: &[&str]) -> String {
    let all = [("specversion", "1.0"), ("id", "7"), ("source", "/test"), ("type", "rows")];
    let kept = all.iter().filter(|(name, _)| !without.contains(name));
    let lines = kept.map(|(name, value)| format!("ce-{name}: {value}"));
    let media_type = "content-type: application/json".to_owned();
    lines.chain([media_type]).collect::<Vec<_>>().join("\r\n")
}

/// An event in structured mode with these keys instead of its own; `null` takes one away.
fn event(other: &Value) -> String {
    let mut event = json!({
        "specversion": "1.0", "id": "7", "source": "/test", "type": "rows",
        "time": "2026-11-27T08:00:00Z", "subject": "s", "extension": {"a": [1]},
        "data": {"instances": [[1, 2, 3]]},
    });
    let keys = event.as_object_mut().unwrap();
    for (key, value) in other.as_object().unwrap() {
        if value.is_null() {
            keys.remove(key);
        } else {
            keys.insert(key.clone(), value.clone());
        }
    }
    event.to_string()
}

fn server() -> Running {
    serve(vec![plain("sum")], Limits::default())
}

#[test]
fn an_event_in_headers_is_answered_in_headers() {
    let server = server();
    let reply = server.post_as(PATH, &headers(&[]), ROW);
    assert_eq!((reply.status, &*reply.body), (200, r#"{"predictions":[1]}"#));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let id = reply.header("x-request-id").unwrap();
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "io.kserve.inference.sum"),
        ("ce-type", "io.kserve.inference.response"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("ce-time").unwrap().ends_with('Z'));
    let plain = server.post(PATH, ROW);
    assert!(!plain.head.contains("ce-"), "{}", plain.head);
}

#[test]
fn an_event_in_the_body_is_answered_in_the_body() {
    let server = server();
    for kind in [STRUCTURED, "content-type: Application/CloudEvents+JSON; charset=utf-8"] {
        let reply =
            server.post_as(PATH, &format!("{kind}\r\nx-request-id: a-1"), event(&json!({})));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/cloudevents+json"));
        let mut answer = reply.json();
        let time = answer.as_object_mut().unwrap().remove("time").unwrap();
        assert!(time.as_str().unwrap().starts_with("20"), "{time}");
        let expected = json!({
            "specversion": "1.0", "id": "a-1", "source": "io.kserve.inference.sum",
            "type": "io.kserve.inference.response", "data": {"predictions": [1]},
        });
        assert_eq!(answer, expected);
    }
    let asked = server.post_as(
        &format!("{PATH}?method=decision_function"),
        STRUCTURED,
        event(&json!({"specversion": "0.3", "datacontenttype": "application/json; charset=utf-8"})),
    );
    assert_eq!(asked.json()["data"], json!({"predictions": [6.0]}));
}

#[test]
fn bad_events_are_told_what_is_wrong() {
    let server = server();
    for missing in ["specversion", "id", "source", "type"] {
        let reply = server.post_as(PATH, &headers(&[missing]), ROW);
        let expected = format!("the event has no header `ce-{missing}`");
        assert!(reply.status == 400 && reply.error().contains(&expected), "{reply:?}");
        let reply = server.post_as(PATH, STRUCTURED, event(&json!({missing: null})));
        let expected = format!("the event has no `{missing}`");
        assert!(reply.status == 400 && reply.error().contains(&expected), "{reply:?}");
        let reply = server.post_as(PATH, STRUCTURED, event(&json!({missing: 1})));
        assert!(reply.status == 400 && reply.error().contains("is not a text"), "{reply:?}");
    }
    let other = headers(&["specversion"]) + "\r\nce-specversion: 2.0";
    let reply = server.post_as(PATH, &other, ROW);
    assert!(reply.status == 400 && reply.error().contains("`specversion` is `2.0`"), "{reply:?}");
    for (keys, expected) in [
        (json!({"specversion": "2.0"}), "`specversion` is `2.0`"),
        (json!({"data": null}), "the event has no `data`"),
        (json!({"data_base64": "e30="}), "`data_base64`"),
        (json!({"datacontenttype": "avro/binary"}), "`datacontenttype` is `avro/binary`"),
        (json!({"data": {}}), "neither `instances` nor `inputs`"),
        (json!({"data": [[1, 2, 3]]}), "send {\"instances\": [[1,2,3]]}"),
        (json!({"data": {"instances": [[1]]}}), "3"),
    ] {
        let reply = server.post_as(PATH, STRUCTURED, event(&keys));
        assert!(reply.status == 400 && reply.error().contains(expected), "{expected} {reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    for (body, expected) in [
        ("[]", "expected an event as an object at byte 0, found a list"),
        ("", "at byte 0: expected an event as an object"),
        (r#"{"id":"1","id":"2"}"#, "`id` comes twice"),
        (r#"{"data":{},"data":{}}"#, "`data` comes twice"),
        (r#"{"id":"1""#, "at byte"),
    ] {
        let reply = server.post_as(PATH, STRUCTURED, body);
        assert!(reply.status == 400 && reply.error().contains(expected), "{body} {reply:?}");
    }
    for (kind, expected) in [
        ("application/cloudevents-batch+json", "a batch of events"),
        ("application/cloudevents+avro", "the event as `application/cloudevents+json`"),
    ] {
        let reply = server.post_as(PATH, &format!("content-type: {kind}"), "[]");
        assert!(reply.status == 415 && reply.error().contains(expected), "{reply:?}");
    }
    let csv = headers(&[]).replace("application/json", "text/csv");
    assert_eq!(server.post_as(PATH, &csv, "a\n1").status, 415);
    let lines = headers(&[]).replace("application/json", "application/x-ndjson");
    assert_eq!(server.post_as(PATH, &lines, "[1,2,3]").status, 415);
    let hint = server.post(PATH, event(&json!({})));
    assert!(
        hint.status == 400 && hint.error().contains("application/cloudevents+json"),
        "{hint:?}"
    );
    assert_eq!(server.rows(), 0);
}
