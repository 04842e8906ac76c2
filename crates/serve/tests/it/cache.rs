//! Answers that are kept for those who ask the same again.

use std::sync::Arc;

use longshore_serve::{Batching, Config, ModelSource};

use crate::{
    batches::{Log, Recorder, gauge, rows, until},
    calls::Caller,
    client::{Reply, Running, start},
    model::{model_of, source},
};

const V1: &str = "/v1/models/sum:predict";
const V2: &str = "/v2/models/sum/infer";

fn model(log: &Arc<Log>) -> ModelSource {
    source("sum", model_of(Box::new(Recorder(log.clone())), None))
}

fn serve(log: &Arc<Log>, output_cache_bytes: usize) -> Running {
    let server =
        start(Config { models: vec![model(log)], output_cache_bytes, ..Config::default() });
    log.clear();
    server
}

/// One question in every protocol, in several forms.
fn everywhere(server: &Running) -> Vec<(u16, String)> {
    let tensor = |rest: &str| {
        format!(
            r#"{{"inputs":[{{"name":"x","shape":[1,3],"datatype":"FP64","data":[1.5,0.5,-0.5]}}]{rest}}}"#
        )
    };
    let plain = |reply: Reply| (reply.status, reply.body);
    let mut answers: Vec<_> = [
        server.post(V1, rows(&[1.5])),
        server.post("/v1/models/sum/versions/1:predict", rows(&[1.5])),
        server.post("/invocations", r#"{"inputs":[[1.5,0.5,-0.5]]}"#),
        server.post(V2, tensor(r#","id":"c""#)),
        server.post(V2, tensor(r#","id":"a""#)),
        server.post(V1, rows(&[1.5]) + &" ".repeat(100_000)),
    ]
    .map(plain)
    .into();
    let call = r#"model_name: "sum" id: "b" inputs { name: "x" datatype: "FP64" shape: 1 shape: 3
                  contents { fp64_contents: [1.5, 0.5, -0.5] } }"#;
    answers.push((0, Caller::new(server.address).infer("ModelInfer", call).unwrap()));
    answers
}

#[test]
fn a_question_is_computed_once_whatever_protocol_asks_it() {
    let log = Arc::new(Log::default());
    let expected = everywhere(&serve(&log, 0));
    assert_eq!(log.runs(), [1; 7]);
    let server = serve(&log, 1 << 20);
    assert_eq!(everywhere(&server), expected);
    assert_eq!(everywhere(&server), expected);
    assert_eq!(log.runs(), [1]);
    let figures = ["hits_total", "misses_total", "evictions_total", "entries"];
    let figures =
        figures.map(|name| gauge(&server, &format!("longshore_serve_output_cache_{name}")));
    assert_eq!(figures, [13, 1, 0, 1]);
    let statistics = server.get("/v2/models/sum/stats").json();
    assert_eq!(statistics["model_stats"][0]["execution_count"], 1);
    let phases = &statistics["model_stats"][0]["inference_stats"];
    let counts = ["success", "queue", "compute_infer", "cache_hit", "cache_miss"];
    assert_eq!(counts.map(|phase| phases[phase]["count"].as_u64().unwrap()), [14, 14, 1, 13, 1]);
    let nanos = |phase: &str| phases[phase]["ns"].as_u64().unwrap();
    assert!(nanos("cache_miss") > 0);
    let parts = ["queue", "compute_input", "compute_infer", "compute_output", "cache_hit"];
    assert_eq!(nanos("success"), parts.map(nanos).iter().sum::<u64>());
}

#[test]
fn other_methods_and_other_rows_are_other_questions() {
    let log = Arc::new(Log::default());
    let server = serve(&log, 1 << 20);
    for _ in 0..2 {
        for (path, body, expected) in [
            (V1, rows(&[0.5]), r#"{"predictions":[0.5]}"#),
            (V1, rows(&[-0.5]), r#"{"predictions":[-0.5]}"#),
            (V1, rows(&[0.5, -0.5]), r#"{"predictions":[0.5,-0.5]}"#),
            (
                "/v1/models/sum:predict?method=transform",
                rows(&[0.5]),
                r#"{"predictions":[[0.5,0.5,-0.5]]}"#,
            ),
        ] {
            assert_eq!(server.post(path, body).body, expected);
        }
    }
    assert_eq!(log.runs(), [1, 1, 2, 1]);
}

#[test]
fn failures_are_not_kept() {
    let log = Arc::new(Log::default());
    let server = serve(&log, 1 << 20);
    for _ in 0..2 {
        assert_eq!(server.post(V1, r#"{"instances":[[13.0,0.0,0.0]]}"#).status, 400);
    }
    assert_eq!(log.runs(), [1, 1]);
}

#[test]
fn a_model_that_is_replaced_or_removed_takes_its_answers_along() {
    let log = Arc::new(Log::default());
    let server = serve(&log, 1 << 20);
    let entries = || gauge(&server, "longshore_serve_output_cache_entries");
    server.post(V1, rows(&[1.0]));
    assert_eq!(entries(), 1);
    let next = Arc::new(Log::default());
    server.models.load(model(&next)).unwrap();
    next.clear();
    until("the old answers are dropped", || entries() == 0);
    server.post(V1, rows(&[1.0]));
    server.post(V1, rows(&[1.0]));
    assert_eq!((log.runs(), next.runs(), entries()), (vec![1], vec![1], 1));
    assert!(server.models.remove("sum"));
    until("the answers are dropped", || entries() == 0);
    assert_eq!(gauge(&server, "longshore_serve_output_cache_bytes"), 0);
}

#[test]
fn what_a_batch_computes_is_kept_for_each_of_its_requests() {
    let log = Arc::new(Log::default());
    let batching = Some(Batching { rows: 3, delay: std::time::Duration::from_mins(1) });
    let models = vec![model(&log)];
    let server =
        start(Config { models, batching, output_cache_bytes: 1 << 20, ..Config::default() });
    log.clear();
    std::thread::scope(|scope| {
        for sum in [1.0, 2.0, 4.0] {
            let server = &server;
            let expected = format!(r#"{{"predictions":[{sum:.1}]}}"#);
            scope.spawn(move || assert_eq!(server.post(V1, rows(&[sum])).body, expected));
        }
    });
    assert_eq!(server.post(V1, rows(&[2.0])).body, r#"{"predictions":[2.0]}"#);
    assert_eq!(log.runs(), [3]);
}
