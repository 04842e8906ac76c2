//! Spans of the gateway, as a collector gets them.

use std::time::Duration;

use longshore_daemon::trace::{Settings, Tracer};

use crate::{
    replica::{Replica, reply},
    running::{HOST, REVISION, Running, config, facts, start},
};

/// A gateway that traces what its callers trace, its tracer, and the collector.
fn traced() -> (Running, Tracer, Replica) {
    let collector = Replica::saying("");
    let url = format!("http://{}", collector.address);
    let settings = Settings::new(Some(&url), 0.0, |_| None).unwrap().unwrap();
    let tracer = Tracer::start(settings).unwrap();
    let gateway = start(longshore_gateway::Config { tracer: Some(tracer.clone()), ..config() });
    (gateway, tracer, collector)
}

fn asked(traceparent: &str) -> String {
    format!(
        "GET /v1/models HTTP/1.1\r\nhost: {HOST}\r\ntraceparent: {traceparent}\r\ntracestate: a=1\r\n\r\n"
    )
}

/// The spans that the collector has, as OTLP writes them.
fn spans(tracer: &Tracer, collector: &Replica) -> Vec<u8> {
    tracer.flush(Duration::from_secs(10));
    collector.seen().into_iter().flat_map(|seen| seen.body).collect()
}

fn has(spans: &[u8], bytes: &[u8]) -> bool {
    spans.windows(bytes.len()).any(|window| window == bytes)
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[test]
fn the_span_of_a_replica_is_below_that_of_the_gateway() {
    let (gateway, tracer, collector) = traced();
    let replica = Replica::saying("ok");
    gateway.route(facts(), &[replica.address]);
    assert_eq!(gateway.send(&asked(&format!("00-{TRACE}-{CALLER}-01"))).status, 200);
    let seen = &replica.seen()[0];
    let parent = seen.header("traceparent").unwrap();
    let own = parent.strip_prefix(&format!("00-{TRACE}-")).unwrap().strip_suffix("-01").unwrap();
    assert_ne!(own, CALLER);
    assert_eq!(seen.header("tracestate"), Some("a=1"));
    let spans = spans(&tracer, &collector);
    for id in [TRACE, CALLER, own] {
        assert!(has(&spans, &bytes(id)), "{id}");
    }
    let address = replica.address.to_string();
    for text in ["GET ml/iris", REVISION, &address, "longshore.request_id"] {
        assert!(has(&spans, text.as_bytes()), "{text}");
    }
}

#[test]
fn what_its_caller_does_not_trace_is_handed_on_as_it_is() {
    let (gateway, tracer, collector) = traced();
    let replica = Replica::saying("ok");
    gateway.route(facts(), &[replica.address]);
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    assert_eq!(gateway.send(&asked(&unsampled)).status, 200);
    assert_eq!(replica.seen()[0].header("traceparent"), Some(unsampled.as_str()));
    assert!(spans(&tracer, &collector).is_empty());
}

#[test]
fn a_span_says_what_failed() {
    let (gateway, tracer, collector) = traced();
    let failing = Replica::start(|_, stream| reply(stream, "503 Busy", "no"));
    gateway.route(facts(), &[failing.address]);
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    assert_eq!(gateway.send(&asked(&traceparent)).status, 503);
    let elsewhere = asked(&traceparent).replace(HOST, "other.example.com");
    assert_eq!(gateway.send(&elsewhere).status, 404);
    let spans = spans(&tracer, &collector);
    assert!(has(&spans, b"the replica has answered with status 503"));
    assert!(has(&spans, b"error.type"));
}
