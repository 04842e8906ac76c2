use k8s_openapi::api::discovery::v1::EndpointSlice;
use longshore_kserve::Component;
use serde_json::{Value, json};

use super::{Gateways, InferenceService, Slice, facts, gateways, pool, service, slice};
use crate::description::{Endpoint, Part, Service, Share};

fn object(status: &Value, annotations: &Value) -> InferenceService {
    serde_json::from_value(json!({
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": { "namespace": "ml", "name": "iris", "annotations": annotations },
        "spec": { "predictor": { "model": { "modelFormat": 5 } } },
        "status": status,
    }))
    .unwrap()
}

#[test]
fn a_status_becomes_routes() {
    let status = json!({
        "url": "http://iris.ml.example.com",
        "conditions": [{ "type": "OfANewerRelease", "status": "Perhaps" }],
        "components": { "predictor": {
            "url": "http://iris-predictor.ml.example.com",
            "traffic": [
                { "revisionName": "iris-1", "percent": 90, "tag": "prev", "url": "http://prev-iris-predictor.ml.example.com" },
                { "revisionName": "iris-2", "percent": 10, "latestRevision": true },
                { "revisionName": "iris-2", "tag": "latest", "url": "http://latest-iris-predictor.ml.example.com" },
                { "latestRevision": true, "percent": 0 },
            ],
        }},
        "ofANewerRelease": {},
    });
    let share = |revision: &str, percent, at: &str| Share {
        revision: revision.into(),
        percent,
        at: vec![format!("http://{at}-iris-predictor.ml.example.com")],
        copies: None,
    };
    let part = Part {
        at: vec!["http://iris-predictor.ml.example.com".into()],
        traffic: vec![share("iris-1", 90, "prev"), share("iris-2", 10, "latest")],
    };
    let expected = Service {
        namespace: "ml".into(),
        name: "iris".into(),
        at: vec!["http://iris.ml.example.com".into()],
        components: [(Component::Predictor, part)].into(),
        ..Service::default()
    };
    assert_eq!(service(object(&status, &json!({}))), Ok(Some(expected)));
}

#[test]
fn copies_go_to_what_is_to_take_requests_over() {
    let copied = |traffic: Value, conditions: Value| -> Vec<String> {
        let status = json!({ "components": { "predictor": { "traffic": traffic } }, "conditions": conditions });
        let annotations = json!({ "longshore.dev/shadow": "20%" });
        let mut service = service(object(&status, &annotations)).unwrap().unwrap();
        let part = service.components.remove(&Component::Predictor).unwrap();
        let copied = part.traffic.into_iter().filter(|share| share.copies.is_some());
        copied.map(|share| share.revision).collect()
    };
    let stepping = json!([
        { "revisionName": "iris-2", "percent": 0, "latestRevision": true },
        { "revisionName": "iris-1", "percent": 100, "tag": "prev", "latestRevision": false },
    ]);
    assert_eq!(copied(stepping.clone(), json!([])), ["iris-2"]);
    let back = json!([{ "type": "RolloutProgressing", "status": "False" }]);
    assert_eq!(copied(stepping, back), Vec::<String>::new());
    let alone = json!([{ "revisionName": "iris-2", "percent": 100, "latestRevision": true }]);
    assert_eq!(copied(alone, json!([])), Vec::<String>::new());
    let canary = json!([
        { "revisionName": "iris-2", "percent": 90, "latestRevision": true },
        { "revisionName": "iris-b-1", "percent": 10, "tag": "canary-b", "latestRevision": false },
    ]);
    assert_eq!(copied(canary, json!([])), ["iris-b-1"]);
}

#[test]
fn what_has_no_status_or_is_stopped_is_not_routed() {
    assert_eq!(service(object(&json!(null), &json!(null))), Ok(None));
    assert_eq!(service(object(&json!({ "url": "http://a" }), &json!({}))), Ok(None));
    let stopped = json!({
        "conditions": [{ "type": "Stopped", "status": "True" }],
        "components": { "predictor": {} },
    });
    assert_eq!(service(object(&stopped, &json!({}))), Ok(None));
}

#[test]
fn what_is_not_understood_is_named() {
    let refused =
        |status: Value, annotations: Value| service(object(&status, &annotations)).unwrap_err();
    let fault = refused(json!({ "components": { "predictor": { "traffic": 5 } } }), json!({}));
    assert!(fault.contains("its status is not understood"), "{fault}");
    let status = json!({ "components": { "predictor": {} } });
    let fault = refused(status, json!({ "longshore.dev/sticky": "query=a" }));
    assert!(fault.contains("annotation `longshore.dev/sticky`"), "{fault}");
    let status = json!({ "components": { "predictor": {} } });
    let fault = refused(status, json!({ "longshore.dev/shadow": "all" }));
    assert!(fault.contains("annotation `longshore.dev/shadow`"), "{fault}");
}

#[test]
fn facts_stand_in_an_annotation() {
    let with = |text: Value| {
        let metadata = json!({
            "name": "iris-predictor-00001",
            "labels": { "longshore.dev/revision": "iris-predictor" },
            "annotations": { "longshore.dev/revision-facts": text },
        });
        facts(&serde_json::from_value(metadata).unwrap())
    };
    let text = r#"{"service":"iris","component":"predictor","port":8080,"timeoutSeconds":60}"#;
    let (revision, facts_of_it) = with(json!(text)).unwrap().unwrap();
    assert_eq!((&*revision, facts_of_it.port), ("iris-predictor", 8080));
    assert!(with(json!("{}")).unwrap_err().contains("revision-facts`: missing field"));
    assert_eq!(facts(&serde_json::from_value(json!({})).unwrap()), Ok(None));
}

#[test]
fn addresses_are_ready_leaving_or_neither() {
    let endpoint = |address: &str, conditions: Value| json!({ "addresses": [address], "conditions": conditions });
    let object: EndpointSlice = serde_json::from_value(json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": { "labels": { "longshore.dev/revision": "iris-1" } },
        "addressType": "IPv4",
        "endpoints": [
            endpoint("10.0.0.1", json!({ "ready": true, "serving": true, "terminating": false })),
            endpoint("10.0.0.2", json!({ "ready": false, "serving": false, "terminating": false })),
            endpoint("10.0.0.3", json!({ "ready": false, "serving": true, "terminating": true })),
            // as the API defines it, what says nothing is ready
            endpoint("10.0.0.4", json!({})),
            endpoint("fd00::1", json!({ "ready": true })),
            endpoint("a name", json!({ "ready": true })),
        ],
    }))
    .unwrap();
    let ip = |text: &str| text.parse().unwrap();
    let expected = Slice {
        ready: vec![ip("10.0.0.1"), ip("10.0.0.4"), ip("fd00::1")],
        leaving: vec![ip("10.0.0.3")],
    };
    assert_eq!(slice(&object), Some(("iris-1".into(), expected)));
    let at = |text: &str| std::net::SocketAddr::new(ip(text), 9091);
    let ready = vec![at("10.0.0.1"), at("10.0.0.4"), at("fd00::1")];
    let others = vec![at("10.0.0.2"), at("10.0.0.3")];
    assert_eq!(gateways(&object, 9091), Gateways { ready, others });
    let unlabelled = EndpointSlice::default();
    assert_eq!(slice(&unlabelled), None);
}

#[test]
fn a_pool_answers_at_the_ports_that_its_slice_names() {
    let object = |ports: Value| {
        let object = json!({
            "metadata": {"name": "p-a", "labels": {"longshore.dev/pool": "true"}},
            "addressType": "IPv4",
            "endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": {"ready": true}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false}},
            ],
            "ports": ports,
        });
        serde_json::from_value::<EndpointSlice>(object).unwrap()
    };
    let both = object(json!([{"name": "grpc", "port": 9}, {"name": "http", "port": 8}]));
    let endpoint =
        Endpoint { address: ([10, 0, 0, 1], 8).into(), grpc: Some(([10, 0, 0, 1], 9).into()) };
    assert_eq!(pool(&both), [endpoint]);
    assert_eq!(pool(&object(json!([{"name": "grpc", "port": 9}]))), [], "HTTP has no port");
}

#[test]
fn a_pool_that_is_going_answers_until_another_is_ready() {
    let object = |next_is_ready: bool| {
        let going = json!({"ready": false, "serving": true, "terminating": true});
        let gone = json!({"ready": false, "serving": false, "terminating": true});
        let object = json!({
            "metadata": {"name": "p-a"},
            "addressType": "IPv4",
            "endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": going},
                {"addresses": ["10.0.0.2"], "conditions": gone},
                {"addresses": ["10.0.0.3"], "conditions": {"ready": next_is_ready}},
            ],
            "ports": [{"name": "http", "port": 8}],
        });
        serde_json::from_value::<EndpointSlice>(object).unwrap()
    };
    let at = |last| Endpoint { address: ([10, 0, 0, last], 8).into(), grpc: None };
    assert_eq!(pool(&object(false)), [at(1)]);
    assert_eq!(pool(&object(true)), [at(3)]);
}

#[test]
fn a_service_may_want_no_pool() {
    let status = json!({ "components": { "predictor": {} } });
    let wants_none = |value: &str| {
        let annotations = json!({ "longshore.dev/warm-pool": value });
        service(object(&status, &annotations)).unwrap().unwrap().no_pool
    };
    assert_eq!(["false", "true"].map(wants_none), [true, false]);
}
