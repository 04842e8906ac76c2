//! Which replica a request gets to, and what it gets of the request.

use serde_json::json;

use crate::{
    replica::Replica,
    running::{HOST, REVISION, config, facts, start},
};

#[test]
fn a_request_gets_to_the_replica_and_its_reply_back() {
    let replica = Replica::saying("four");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let reply = gateway.post("/v1/models/iris:predict?x=1", r#"{"instances":[[1]]}"#);
    assert_eq!((reply.status, reply.body.as_str()), (200, "four"));
    assert!(reply.header("x-request-id").is_some());
    let seen = &replica.seen()[0];
    assert_eq!(seen.first_line(), "POST /v1/models/iris:predict?x=1 HTTP/1.1");
    assert_eq!(seen.body, br#"{"instances":[[1]]}"#);
    assert_eq!(seen.header("host"), Some(HOST));
    assert_eq!(seen.header("kserve-isvc-name"), Some("iris"));
    assert_eq!(seen.header("x-request-id"), reply.header("x-request-id"));
}

#[test]
fn connections_to_replicas_are_used_again() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut connection = gateway.connect();
    for _ in 0..50 {
        connection.write(&crate::running::post("/v1/models/iris:predict", "{}"));
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!((replica.connections(), replica.seen().len()), (1, 50));
    let requests = gateway.metric("longshore_gateway_requests_total", &["code=\"200\"", REVISION]);
    assert_eq!(requests, 50.0);
    let load = gateway.table.load().revisions[&format!("ml/{REVISION}")];
    assert_eq!((load.requests, load.in_flight, load.held), (50, 0, 0));
    assert!(load.busy_seconds > 0.0);
    let report = gateway.table.outcomes("ml", "iris").unwrap();
    let outcomes = report.revisions[REVISION];
    assert_eq!((outcomes.ended, outcomes.errors, outcomes.latency.count()), (50, 0, 50));
    assert_eq!(gateway.table.outcomes("ml", "wine"), None);
}

#[test]
fn an_unknown_host_is_named_and_no_other_is() {
    let gateway = start(config());
    gateway.route(facts(), &[]);
    let reply = gateway.send("GET /v1/models HTTP/1.1\r\nhost: iriss.ml.example.com\r\n\r\n");
    assert_eq!(reply.status, 404);
    assert!(reply.error().contains("`iriss.ml.example.com`"), "{}", reply.body);
    assert!(!reply.body.contains("iris.ml"), "{}", reply.body);
    for (request, message) in [
        ("GET / HTTP/1.1\r\n\r\n", "names no host"),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "more than one `host`"),
        ("GET / HTTP/1.1\r\nhost: \u{e9}\r\n\r\n", "no text"),
    ] {
        let reply = gateway.send(request);
        assert_eq!(reply.status, 400, "{request}");
        assert!(reply.error().contains(message), "{}", reply.body);
    }
    let probe = gateway.send("GET /health/ready HTTP/1.1\r\nhost: 10.0.0.1:8080\r\n\r\n");
    assert_eq!(probe.status, 200);
}

#[test]
fn explanations_and_transformers_have_replicas_of_their_own() {
    let [predictor, transformer, explainer] =
        ["predictor", "transformer", "explainer"].map(Replica::saying);
    let gateway = start(config());
    let part = |name: &str| json!({"traffic": [{"revision": name, "percent": 100}]});
    gateway.service(
        &json!({"predictor": part("p"), "transformer": part("t"), "explainer": part("e")}),
    );
    for (name, replica) in [("p", &predictor), ("t", &transformer), ("e", &explainer)] {
        gateway.table.set_facts("ml", name, facts());
        gateway.replicas(name, &[replica.address]);
    }
    assert_eq!(gateway.post("/v1/models/iris:predict", "{}").body, "transformer");
    assert_eq!(gateway.post("/v1/models/iris:explain", "{}").body, "explainer");
    let inside = "GET / HTTP/1.1\r\nhost: iris-predictor.ml.svc.cluster.local:80\r\n\r\n";
    assert_eq!(gateway.send(inside).body, "predictor");
}

#[test]
fn a_canary_gets_its_share() {
    const REQUESTS: usize = 2000;
    let [stable, canary] = ["stable", "canary"].map(Replica::saying);
    let gateway = start(config());
    gateway.service(&json!({"predictor": {"traffic": [
        {"revision": "s", "percent": 90}, {"revision": "c", "percent": 10}]}}));
    for (name, replica) in [("s", &stable), ("c", &canary)] {
        gateway.table.set_facts("ml", name, facts());
        gateway.replicas(name, &[replica.address]);
    }
    let mut connection = gateway.connect();
    for _ in 0..REQUESTS {
        connection.write(&format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
        assert_eq!(connection.reply().status, 200);
    }
    // four standard deviations of the binomial distribution
    let (mean, deviation) = (REQUESTS as f64 * 0.1, (REQUESTS as f64 * 0.09).sqrt());
    let count = canary.seen().len() as f64;
    assert!((count - mean).abs() < 4.0 * deviation, "{count}");
    assert_eq!(stable.seen().len() + canary.seen().len(), REQUESTS);
}
