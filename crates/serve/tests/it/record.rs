//! Requests and answers as events for an address: what is sent, and that no client waits for it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use longshore_serve::{Config, RecordSettings, Recorder};

use crate::{client::start, model::plain};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const PATH: &str = "/v1/models/sum:predict";

/// An event as it came: its headers and its body.
type Event = (BTreeMap<String, String>, String);

/// An address for events that takes so long for each.
fn sink(delay: Duration) -> (String, Receiver<Event>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, events) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, send) = (stream.unwrap(), send.clone());
            thread::spawn(move || serve(stream, delay, |event| send.send(event).is_ok()));
        }
    });
    (format!("http://{address}/records"), events)
}

fn serve(mut stream: std::net::TcpStream, delay: Duration, take: impl Fn(Event) -> bool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = line.trim().split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                headers.insert("line".into(), line.trim().to_owned());
                continue;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        thread::sleep(delay);
        take((headers, String::from_utf8(body).unwrap()));
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

fn settings(url: String) -> RecordSettings {
    RecordSettings {
        url,
        requests: true,
        answers: true,
        source: "iris-predictor-00001-x".into(),
        attributes: vec![("inferenceservicename".into(), "iris".into())],
        headers: vec!["x-user".parse().unwrap(), "x-none".parse().unwrap()],
    }
}

fn config(settings: RecordSettings) -> Config {
    let recorder = Some(Recorder::start(settings).unwrap());
    Config { models: vec![plain("sum")], recorder, ..Config::default() }
}

fn next(events: &Receiver<Event>) -> Event {
    events.recv_timeout(Duration::from_secs(10)).unwrap()
}

#[test]
fn a_request_and_its_answer_are_events_of_one_id() {
    let (url, events) = sink(Duration::ZERO);
    let server = start(config(settings(url)));
    let reply =
        server.post_as(PATH, "content-type: application/json\r\nx-user: ann\r\nx-user: bob", ROW);
    let mut pair = [next(&events), next(&events)];
    // two threads send them
    pair.sort_by(|one, other| one.0["ce-type"].cmp(&other.0["ce-type"]));
    let [(asked, question), (answered, answer)] = &pair;
    assert_eq!(asked["ce-type"], "org.kubeflow.serving.inference.request");
    assert_eq!(answered["ce-type"], "org.kubeflow.serving.inference.response");
    assert_eq!((&**question, &**answer), (ROW, &*reply.body));
    assert_eq!(asked["ce-id"], answered["ce-id"]);
    assert_eq!(reply.header("x-request-id"), Some(&*asked["ce-id"]));
    for (event, _) in &pair {
        assert_eq!(event["line"], "POST /records HTTP/1.1");
        assert_eq!(event["ce-specversion"], "1.0");
        assert_eq!(event["ce-source"], "iris-predictor-00001-x");
        assert_eq!(event["ce-inferenceservicename"], "iris");
        assert_eq!(event["ce-metadata"], r#"{"X-User":["ann","bob"]}"#);
        assert_eq!(event["content-type"], "application/json");
        assert!(event["ce-time"].ends_with('Z') && event["ce-recordedtime"] >= event["ce-time"]);
    }
    // a request that brings an id keeps it; one that is refused has no answer to send
    server.post_as(PATH, "content-type: application/json\r\nce-specversion: 1.0\r\nce-source: a\r\nce-type: b\r\nce-id: mine", r#"{"instances":[[1]]}"#);
    let (asked, _) = next(&events);
    assert_eq!((&*asked["ce-id"], &*asked["ce-metadata"]), ("mine", "{}"));
    server.get("/v2/health/ready");
    assert!(events.recv_timeout(Duration::from_millis(100)).is_err());
    let sent = r#"longshore_serve_recorded_events_total{outcome="sent"} 3"#;
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains(sent), "{metrics}");
}

#[test]
fn an_id_alone_makes_no_event_of_a_request() {
    let (url, events) = sink(Duration::ZERO);
    let server = start(config(settings(url)));
    let reply = server.post_as(PATH, "content-type: application/json\r\nce-id: mine", ROW);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.header("ce-type").is_none(), "{reply:?}");
    for _ in 0..2 {
        assert_eq!(next(&events).0["ce-id"], "mine");
    }
}

#[test]
fn one_of_them_may_be_asked_for() {
    let (url, events) = sink(Duration::ZERO);
    let server = start(config(RecordSettings { requests: false, ..settings(url) }));
    server.post(PATH, ROW);
    server.post(PATH, ROW);
    for _ in 0..2 {
        assert_eq!(next(&events).0["ce-type"], "org.kubeflow.serving.inference.response");
    }
    assert!(events.recv_timeout(Duration::from_millis(50)).is_err());
}

#[test]
fn no_client_waits_for_a_sink_that_is_slow_or_away() {
    let (url, _events) = sink(Duration::from_secs(5));
    let server = start(config(settings(url)));
    let mut connection = server.connect();
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", ROW.len());
    let begun = Instant::now();
    for _ in 0..600 {
        connection.write(format!("{head}{ROW}"));
        assert_eq!(connection.reply().status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // 4 are being sent and 1,000 wait
    let metrics = server.get("/metrics").body;
    let dropped = r#"longshore_serve_recorded_events_total{outcome="dropped"} 19"#;
    assert!(metrics.contains(dropped), "{metrics}");
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let recorder = Recorder::start(settings(format!("http://{away}/"))).unwrap();
    let recorder = Some(recorder.clone());
    let server = start(Config { models: vec![plain("sum")], recorder, ..Config::default() });
    server.post(PATH, ROW);
    let end = Instant::now() + Duration::from_secs(10);
    while !server.get("/metrics").body.contains(r#"outcome="failed"} 2"#) {
        assert!(Instant::now() < end);
        thread::sleep(Duration::from_millis(10));
    }
}
