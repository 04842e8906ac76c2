//! Models loaded, replaced and removed while the server answers.

use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use longshore_engine::{Method, Source};
use longshore_serve::{Config, Error, Lease, Limits, ModelSource, Origin, Server};
use serde_json::json;

use crate::{
    client::{Running, request, serve, start},
    model::{plain, slow},
};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const TENSOR: &str = r#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}"#;

fn versioned(source: ModelSource, version: &str) -> ModelSource {
    ModelSource { version: Some(version.into()), ..source }
}

fn nowhere(name: &str) -> ModelSource {
    let origin = Origin::Files(Source::File("/no/such/folder/model.pkl".into()));
    ModelSource { name: name.into(), version: None, origin, method: None, lease: None }
}

fn metric(server: &Running, series: &str) -> Option<u64> {
    let text = server.get("/metrics").body;
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[test]
fn the_server_is_ready_once_every_expected_model_is_there() {
    let expected = ["sum", "late"].map(String::from).to_vec();
    let server = start(Config { expected, ..Config::default() });
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/health/ready").status, 503);
    let reply = server.post("/v1/models/late:predict", ROW);
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert!(reply.error().contains("`late` is still being loaded"), "{reply:?}");
    assert_eq!(server.get("/v2/models/late").status, 503);
    assert_eq!(server.get("/v2/models/late/ready").json(), json!({"name":"late","ready":false}));
    assert_eq!(server.get("/v1/models/never").status, 404);
    server.models.load(plain("sum")).unwrap();
    assert_eq!(server.post("/v1/models/sum:predict", ROW).status, 200);
    assert_eq!(server.get("/v2/models/sum/ready").status, 200);
    assert_eq!(server.get("/v2/health/ready").status, 503);
    let index = server.post("/v2/repository/index", "").json();
    let state = |at: usize| (index[at]["name"].clone(), index[at]["state"].clone());
    assert_eq!(state(0), (json!("sum"), json!("READY")));
    assert_eq!(state(1), (json!("late"), json!("LOADING")));
    let ready = server.post("/v2/repository/index", r#"{"ready":true}"#).json();
    assert_eq!(ready.as_array().unwrap().len(), 1);
    assert_eq!(metric(&server, "longshore_serve_models_expected"), Some(2));
    assert_eq!(metric(&server, "longshore_serve_models_ready"), Some(1));
    let rejected = r#"longshore_serve_rejected_requests_total{reason="loading"}"#;
    assert!(metric(&server, rejected) > Some(0));
    server.models.load(plain("late")).unwrap();
    assert_eq!(server.get("/health/ready").status, 200);
    assert_eq!(server.get("/v1/models").json(), json!({"models":["sum","late"]}));
}

#[test]
fn a_failed_load_leaves_what_was_there() {
    let server = serve(vec![versioned(plain("sum"), "7")], Limits::default());
    assert!(matches!(server.models.load(nowhere("sum")).unwrap_err(), Error::Load { .. }));
    let reply = server.post("/v2/models/sum/infer", TENSOR).json();
    assert_eq!(reply["model_version"], "7");
    let loads = |result: &str| {
        let labels = format!(r#"{{model="sum",result="{result}"}}"#);
        metric(&server, &format!("longshore_serve_model_loads_total{labels}"))
    };
    assert_eq!((loads("ok"), loads("failed")), (Some(1), Some(1)));
}

#[test]
fn one_bad_model_does_not_take_the_others_down() {
    let server = serve(vec![nowhere("bad"), plain("sum")], Limits::default());
    assert_eq!(server.post("/v1/models/sum:predict", ROW).status, 200);
    // not a word of where the server keeps its models
    let reason = "failed to read `model.pkl`: No such file or directory (os error 2)";
    let ready = server.get("/v2/health/ready");
    let unavailable = json!([{"name": "bad", "reason": reason}]);
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json(), json!({"live": true, "ready": true, "unavailable": unavailable}));
    assert_eq!(server.get("/ping").status, 200);
    for path in ["/v1/models/bad", "/v2/models/bad/ready"] {
        let reply = server.get(path);
        assert_eq!(reply.status, 503);
        assert_eq!(reply.json(), json!({"name": "bad", "ready": false, "reason": reason}));
    }
    for reply in [
        server.post("/v1/models/bad:predict", ROW),
        server.post("/v2/models/bad/infer", TENSOR),
        server.get("/v2/models/bad"),
    ] {
        assert_eq!((reply.status, reply.header("retry-after")), (503, None));
        assert_eq!(reply.error(), format!("the model `bad` cannot be served: {reason}"));
    }
    let index = server.post("/v2/repository/index", "").json();
    assert_eq!(
        index[0],
        json!({"name": "bad", "version": "", "state": "UNAVAILABLE", "reason": reason})
    );
    assert_eq!((&index[1]["name"], &index[1]["state"]), (&json!("sum"), &json!("READY")));
    let ready = server.post("/v2/repository/index", r#"{"ready":true}"#).json();
    assert_eq!(ready.as_array().unwrap().len(), 1);
    assert_eq!(metric(&server, "longshore_serve_models_failed"), Some(1));
    assert_eq!(metric(&server, "longshore_serve_models_ready"), Some(1));
    server.models.load(plain("bad")).unwrap();
    assert_eq!(server.post("/v1/models/bad:predict", ROW).status, 200);
    assert_eq!(server.get("/health/ready").json(), json!({"live": true, "ready": true}));
}

#[test]
fn without_a_good_model_or_when_strict_the_server_does_not_start() {
    let start = |models, strict| {
        let config = Config { port: 0, models, strict, ..Config::default() };
        Server::bind(config).map(|_| ())
    };
    assert!(matches!(start(vec![nowhere("a"), nowhere("b")], false), Err(Error::Load { .. })));
    assert!(matches!(start(vec![plain("a"), nowhere("b")], true), Err(Error::Load { .. })));
    assert!(matches!(start(vec![plain("a"), nowhere("b")], false), Ok(())));
}

#[test]
fn an_expected_model_that_cannot_be_brought_is_no_longer_waited_for() {
    let expected = vec!["late".to_owned()];
    let server = start(Config { models: vec![plain("sum")], expected, ..Config::default() });
    assert_eq!(server.get("/health/ready").status, 503);
    server.models.fail("late", "its bucket is gone");
    assert!(!server.models.none_left());
    assert_eq!(server.get("/health/ready").status, 200);
    let reply = server.post("/v1/models/late:predict", ROW);
    assert_eq!(reply.error(), "the model `late` cannot be served: its bucket is gone");
    server.models.load(plain("late")).unwrap();
    // what answers goes on, and the index says why it was not replaced
    server.models.fail("late", "its bucket is gone again");
    assert_eq!(server.post("/v1/models/late:predict", ROW).status, 200);
    let index = server.post("/v2/repository/index", "").json();
    assert_eq!(
        (&index[1]["state"], &index[1]["reason"]),
        (&json!("READY"), &json!("its bucket is gone again"))
    );
    server.models.load(plain("late")).unwrap();
    assert_eq!(server.post("/v2/repository/index", "").json()[1]["reason"], "");
}

#[test]
fn the_files_of_a_model_are_held_as_long_as_it_is_served() {
    let files = Arc::new("files");
    let lease = || -> Option<Lease> { Some(files.clone()) };
    let server = serve(vec![plain("other")], Limits::default());
    server.models.load(ModelSource { lease: lease(), ..plain("sum") }).unwrap();
    assert_eq!(Arc::strong_count(&files), 2);
    let bad = ModelSource { method: Some(Method::Leaf), lease: lease(), ..plain("sum") };
    assert!(server.models.load(bad).is_err());
    assert_eq!(Arc::strong_count(&files), 2);
    server.models.load(plain("sum")).unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    while Arc::strong_count(&files) > 1 && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(Arc::strong_count(&files), 1);
}

#[test]
fn an_unknown_model_is_answered_with_those_there_are() {
    let ask = |server: &Running, name: &str| server.get(&format!("/v2/models/{name}")).error();
    let server = serve(vec![plain("churn-model")], Limits::default());
    assert_eq!(ask(&server, "x"), "there is no model `x`; there is `churn-model`");
    server.models.load(plain("wine")).unwrap();
    assert_eq!(
        ask(&server, "Churn_Model"),
        "there is no model `Churn_Model`: did you mean `churn-model`? there are `churn-model`, `wine`"
    );
    for at in 0..20 {
        server.models.load(plain(&format!("m{at}"))).unwrap();
    }
    let error = ask(&server, "nothing-like-it");
    assert!(error.ends_with("`m17` and 2 more"), "{error}");
}

#[test]
fn what_has_begun_is_answered_by_the_version_it_began_with() {
    let old = versioned(slow("sum", Duration::from_millis(400)), "1");
    let server = serve(vec![old], Limits::default());
    let mut busy = server.connect();
    busy.write(request("/v2/models/sum/infer", "", TENSOR));
    thread::sleep(Duration::from_millis(100));
    server.models.load(versioned(plain("sum"), "2")).unwrap();
    let flight = |version: &str| {
        let labels = format!(r#"{{model="sum",version="{version}"}}"#);
        metric(&server, &format!("longshore_serve_in_flight_requests{labels}"))
    };
    assert_eq!((flight("1"), flight("2")), (Some(1), Some(0)));
    assert_eq!(server.post("/v2/models/sum/infer", TENSOR).json()["model_version"], "2");
    assert_eq!(server.get("/v2/models/sum/versions/1").status, 404);
    assert_eq!(busy.reply().json()["model_version"], "1");
    assert_eq!((flight("1"), flight("2")), (Some(0), Some(0)));
    let info = r#"longshore_serve_model_info{model="sum",version="#;
    assert_eq!(metric(&server, &format!(r#"{info}"2",flavor="sklearn"}}"#)), Some(1));
    assert_eq!(metric(&server, &format!(r#"{info}"1",flavor="sklearn"}}"#)), None);
}

#[test]
fn counters_outlive_a_replacement_and_go_on_when_a_version_returns() {
    let server = serve(vec![versioned(plain("sum"), "0")], Limits::default());
    let count = |version: &str| {
        let labels = format!(r#"{{model="sum",version="{version}"}}"#);
        metric(&server, &format!("longshore_serve_rows_total{labels}"))
    };
    for version in 0..7 {
        let source = versioned(plain("sum"), &version.to_string());
        server.models.load(source).unwrap();
        server.post("/v1/models/sum:predict", ROW);
    }
    let shown: Vec<_> = (0..7).map(|version| count(&version.to_string())).collect();
    assert_eq!(shown, [None, None, Some(1), Some(1), Some(1), Some(1), Some(1)]);
    server.models.load(versioned(plain("sum"), "4")).unwrap();
    server.post("/v1/models/sum:predict", ROW);
    assert_eq!((count("4"), count("6")), (Some(2), Some(1)));
}

#[test]
fn a_removed_model_is_gone_and_an_expected_one_no_longer_waited_for() {
    let expected = vec!["late".to_owned()];
    let models = vec![plain("sum"), plain("other")];
    let server = start(Config { models, expected, ..Config::default() });
    assert!(server.models.remove("late"));
    assert_eq!(server.get("/health/ready").status, 200);
    assert!(server.models.remove("other"));
    assert!(!server.models.remove("other"));
    assert_eq!(server.post("/v1/models/other:predict", ROW).status, 404);
    // the only one left needs no name
    assert_eq!(server.post("/invocations", r#"{"inputs":[[1,2,3]]}"#).status, 200);
    assert!(!server.get("/metrics").body.contains("other"));
}

#[test]
fn no_request_notices_that_a_model_is_replaced() {
    let server = serve(vec![versioned(plain("sum"), "0")], Limits::default());
    let done = AtomicBool::new(false);
    let asked = thread::scope(|scope| {
        let ask = || {
            let mut connection = server.connect();
            let mut count = 0;
            while !done.load(Relaxed) {
                connection.write(request("/v1/models/sum:predict", "", ROW));
                assert_eq!(connection.reply().body, r#"{"predictions":[1]}"#);
                count += 1;
            }
            count
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        let begun = Instant::now();
        let mut version = 0;
        while begun.elapsed() < Duration::from_millis(500) {
            version += 1;
            server.models.load(versioned(plain("sum"), &version.to_string())).unwrap();
        }
        done.store(true, Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).sum::<u64>()
    });
    assert!(asked > 100, "{asked} requests");
}
