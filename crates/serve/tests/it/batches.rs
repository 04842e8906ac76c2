//! Requests that wait are computed together, and answered as if each were alone.

use std::{
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use longshore_engine::{Data, Error, Inputs, Method, Output, OutputData, Predictor, Table};
use longshore_serve::{Batching, Config, Limits};

use crate::{
    calls::Caller,
    client::{Connection, Reply, Running, request, start},
    model::{model_of, source},
};

const V1: &str = "/v1/models/sum:predict";

/// A first value that holds up its run until the test lets it go.
const HOLDS: f64 = 1000.0;

/// What the model was asked, and whether runs are held up.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The rows of each run.
    runs: Mutex<Vec<usize>>,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Log {
    pub(crate) fn runs(&self) -> Vec<usize> {
        self.runs.lock().unwrap().clone()
    }

    /// Forgets the runs so far, such as those by which a model is tried out.
    pub(crate) fn clear(&self) {
        self.runs.lock().unwrap().clear();
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// Sums rows of three values, slowly enough to do it on the pool. A sum of 666 is its end, one of 13 an error.
#[derive(Debug)]
pub(crate) struct Recorder(pub(crate) Arc<Log>);

impl Predictor for Recorder {
    fn inputs(&self) -> Inputs {
        Inputs { columns: Some(3), ..Inputs::default() }
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction, Method::Transform]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        thread::sleep(Duration::from_millis(1));
        self.0.runs.lock().unwrap().push(input.rows);
        let values: Vec<f64> = match &input.data {
            Data::F64(m) => m.values.clone(),
            Data::F32(m) => m.values.iter().map(|v| f64::from(*v)).collect(),
            Data::I64(m) => m.values.iter().map(|v| *v as f64).collect(),
            other => panic!("{other:?}"),
        };
        if values.iter().step_by(3).any(|first| *first == HOLDS) {
            drop(self.0.opened.wait_while(self.0.open.lock().unwrap(), |open| !*open).unwrap());
        }
        let sums: Vec<f64> = values.chunks(3).map(|row| row.iter().sum()).collect();
        assert!(!sums.contains(&666.0), "a row summed to 666");
        if let Some(row) = sums.iter().position(|sum| *sum == 13.0) {
            return Err(Error::input(format!("row {row} sums to 13")));
        }
        Ok(match method {
            Method::Predict => Output::flat(OutputData::F64(sums)),
            Method::DecisionFunction => {
                let texts: Vec<String> = sums.iter().map(f64::to_string).collect();
                let texts = texts.iter().map(|text| Some(&**text));
                Output::matrix(sums.len(), 1, OutputData::Text(texts.collect()))
            }
            _ => Output::matrix(sums.len(), 3, OutputData::F64(values)),
        })
    }
}

/// A server whose threads are all held up.
struct Held {
    server: Running,
    log: Arc<Log>,
    /// The requests that hold them up.
    holding: Vec<Connection>,
}

pub(crate) fn rows(sums: &[f64]) -> String {
    let rows: Vec<String> = sums.iter().map(|sum| format!("[{sum},0.5,-0.5]")).collect();
    format!(r#"{{"instances":[{}]}}"#, rows.join(","))
}

fn ask(server: &Running, path: &str, body: &str) -> Connection {
    let mut connection = server.connect();
    connection.write(request(path, "content-type: application/json", body));
    connection
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        thread::yield_now();
    }
}

pub(crate) fn gauge(server: &Running, name: &str) -> u64 {
    let metrics = server.get("/metrics").body;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{name}: {metrics}")).parse().unwrap()
}

impl Held {
    fn start(batching: Option<Batching>, limits: Limits) -> Self {
        let log = Arc::new(Log::default());
        let models = vec![source("sum", model_of(Box::new(Recorder(log.clone())), None))];
        let server = start(Config { models, batching, limits, ..Config::default() });
        log.clear();
        let threads = thread::available_parallelism().unwrap().get();
        let mut holding = Vec::new();
        for at in 0..threads {
            // as many rows as fill a batch, so that none is held back
            let sums = vec![HOLDS; batching.map_or(1, |batching| batching.rows)];
            holding.push(ask(&server, V1, &rows(&sums)));
            until("a thread takes it", || log.runs().len() > at);
        }
        log.clear();
        Self { server, log, holding }
    }

    /// Waits until so many requests wait.
    fn queued(&self, count: u64) {
        let name = "longshore_serve_queued_requests";
        until(name, || gauge(&self.server, name) == count);
    }

    /// Lets the threads go on, and waits for what held them up.
    fn release(&mut self) {
        self.log.open();
        for connection in &mut self.holding {
            assert_eq!(connection.reply().status, 200);
        }
    }
}

fn at_most(rows: usize) -> Batching {
    Batching { rows, delay: Duration::ZERO }
}

/// What one request of every protocol and shape is answered, asked at once.
fn answers(held: &mut Held, are_queued: bool) -> Vec<(u16, String)> {
    let tensor = |kind: &str, rest: &str| {
        format!(
            r#"{{"id":"a","inputs":[{{"name":"x","shape":[2,3],"datatype":"{kind}","data":[1,2,3,4,5,6]}}]{rest}}}"#
        )
    };
    let probabilities = tensor("FP64", r#","outputs":[{"name":"decision_function"}]"#);
    let asked = [
        (V1, rows(&[1.5])),
        (V1, rows(&[7.0, 0.25, -0.0])),
        ("/invocations", r#"{"inputs":[[0.1,0.2,0.3]]}"#.to_owned()),
        ("/v2/models/sum/infer", tensor("FP64", "")),
        ("/v1/models/sum:predict?method=transform", rows(&[3.0])),
        ("/v2/models/sum/infer", probabilities),
        ("/v2/models/sum/infer", tensor("FP32", "")),
        (V1, r#"{"instances":[[13.0,0.0,0.0],[1.0,2.0,3.0]]}"#.to_owned()),
        (V1, r#"{"instances":[[1.0,2.0,3.0],[666.0,0.0,0.0]]}"#.to_owned()),
    ];
    let connections: Vec<_> =
        asked.iter().map(|(path, body)| ask(&held.server, path, body)).collect();
    let call = held.server.address;
    let call = thread::spawn(move || {
        Caller::new(call).infer(
            "ModelInfer",
            r#"model_name: "sum" id: "b" inputs { name: "x" datatype: "FP64" shape: 1 shape: 3
               contents { fp64_contents: [0.1, 0.2, 1e300] } }"#,
        )
    });
    if are_queued {
        held.queued(10);
    }
    held.release();
    let plain = |reply: Reply| (reply.status, reply.body);
    let mut answers: Vec<_> = connections.into_iter().map(|mut c| plain(c.reply())).collect();
    answers.push((0, call.join().unwrap().unwrap()));
    answers
}

#[test]
fn requests_that_wait_are_computed_together_and_answered_as_if_alone() {
    let mut alone = Held::start(None, Limits::default());
    let expected = answers(&mut alone, false);
    let mut held = Held::start(Some(at_most(32)), Limits::default());
    assert_eq!(answers(&mut held, true), expected);
    assert_eq!(expected[1], (200, r#"{"predictions":[7.0,0.25,0.0]}"#.into()));
    assert_eq!((expected[7].0, expected[8].0), (400, 500));
    assert!(expected[7].1.contains("row 0 sums to 13"), "{expected:?}");
    // those of one method and of one kind of number, and again the halves of which one fails
    let runs = held.log.runs();
    assert!(runs.contains(&12), "{runs:?}");
    let metrics = held.server.get("/metrics").body;
    let line = r#"longshore_serve_batch_rows_bucket{le="16.0",model="sum",version="1"} 4"#;
    assert!(metrics.contains(line), "{metrics}");
    let line = r#"longshore_serve_queue_duration_seconds_count{model="sum",version="1"} 10"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[test]
fn a_batch_has_no_more_rows_than_it_may() {
    let mut held = Held::start(Some(at_most(4)), Limits::default());
    let mut connections: Vec<_> = (0..6).map(|_| ask(&held.server, V1, &rows(&[1.0]))).collect();
    held.queued(6);
    let large = ask(&held.server, V1, &rows(&[1.0; 4]));
    held.release();
    connections.push(large);
    for connection in &mut connections {
        assert_eq!(connection.reply().status, 200);
    }
    let mut runs = held.log.runs();
    runs.sort_unstable();
    assert_eq!(runs, [2, 4, 4]);
    let statistics = held.server.get("/v2/models/sum/stats").json();
    let statistics = &statistics["model_stats"][0];
    assert_eq!(statistics["execution_count"], held.holding.len() + 3);
    assert_eq!(statistics["inference_stats"]["success"]["count"], held.holding.len() + 7);
}

#[test]
fn who_has_left_or_is_late_is_not_computed() {
    let request_timeout = Duration::from_millis(400);
    let limits = Limits { request_timeout, ..Limits::default() };
    let held = Held::start(Some(at_most(32)), limits);
    let left: Vec<_> = (0..5).map(|_| ask(&held.server, V1, &rows(&[1.0]))).collect();
    let mut late = ask(&held.server, V1, &rows(&[1.0, 2.0]));
    held.queued(6);
    drop(left);
    held.queued(1);
    assert_eq!(late.reply().status, 504);
    held.queued(0);
    held.log.open();
    let mut next = ask(&held.server, V1, &rows(&[1.0, 2.0, 3.0]));
    assert_eq!(next.reply().status, 200);
    assert_eq!(held.log.runs(), [3]);
    until("all places are given back", || {
        gauge(&held.server, "longshore_serve_computing_requests") == 0
    });
}

#[test]
fn a_batch_is_held_back_until_it_is_full_or_its_time_is_up() {
    let log = Arc::new(Log::default());
    let serve = |delay| {
        let models = vec![source("sum", model_of(Box::new(Recorder(log.clone())), None))];
        let batching = Some(Batching { rows: 3, delay });
        let server = start(Config { models, batching, ..Config::default() });
        log.clear();
        server
    };
    let patient = serve(Duration::from_mins(10));
    let mut connections: Vec<_> = (0..3).map(|_| ask(&patient, V1, &rows(&[1.0]))).collect();
    for connection in &mut connections {
        assert_eq!(connection.reply().status, 200);
    }
    assert_eq!(log.runs(), [3]);
    let waits = ask(&patient, V1, &rows(&[1.0]));
    let name = "longshore_serve_queued_requests";
    until(name, || gauge(&patient, name) == 1);
    drop(waits);
    until("its place is given up", || gauge(&patient, name) == 0);
    drop(patient);
    let hasty = serve(Duration::from_millis(20));
    assert_eq!(hasty.post(V1, rows(&[1.0])).status, 200);
    assert_eq!(log.runs(), [1]);
}

#[test]
fn what_waits_is_answered_on_the_way_down() {
    let mut held = Held::start(Some(at_most(8)), Limits::default());
    let mut connections: Vec<_> = (0..20).map(|_| ask(&held.server, V1, &rows(&[1.0]))).collect();
    held.queued(20);
    held.server.drain.begin();
    held.release();
    for connection in &mut connections {
        assert_eq!(connection.reply().body, r#"{"predictions":[1.0]}"#);
    }
    held.server.join();
}

#[test]
fn answers_stay_with_their_requests_while_others_leave() {
    let log = Arc::new(Log::default());
    let models = vec![source("sum", model_of(Box::new(Recorder(log.clone())), None))];
    let batching = Some(Batching { rows: 16, delay: Duration::from_millis(1) });
    let server = start(Config { models, batching, ..Config::default() });
    log.clear();
    let client = |id: usize| {
        let mut connection = server.connect();
        for turn in 0..60 {
            let sum = (id * 1000 + turn + 2000) as f64;
            if turn % 7 == id % 7 {
                drop(ask(&server, V1, &rows(&[sum])));
            }
            connection.write(request(V1, "content-type: application/json", rows(&[sum, -sum])));
            let expected = format!(r#"{{"predictions":[{sum:.1},{:.1}]}}"#, -sum);
            assert_eq!(connection.reply().body, expected);
        }
    };
    thread::scope(|scope| {
        for id in 0..12 {
            scope.spawn(move || client(id));
        }
    });
    let runs = log.runs();
    assert!(runs.iter().sum::<usize>() >= 12 * 60 * 2, "{}", runs.len());
    assert!(runs.len() < 12 * 60, "{} runs for {} requests", runs.len(), 12 * 60);
    assert!(runs.iter().all(|rows| *rows <= 16), "{runs:?}");
    for name in ["longshore_serve_queued_requests", "longshore_serve_computing_requests"] {
        until(name, || gauge(&server, name) == 0);
    }
}
