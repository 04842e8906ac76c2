use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::mpsc::Receiver,
};

use http::HeaderValue;

use super::*;

/// A request that the collector got: its head and its body.
type Got = (String, Vec<u8>);

/// A collector that answers with `statuses`, one after another, and then with 200.
fn collector(statuses: &'static [&'static str]) -> (String, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (send, got) = mpsc::channel();
    thread::spawn(move || {
        let mut statuses = statuses.iter();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            while let Some(request) = read(&mut reader) {
                let status = statuses.next().unwrap_or(&"200 OK");
                let reply = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                reader.get_mut().write_all(reply.as_bytes()).unwrap();
                if send.send(request).is_err() {
                    return;
                }
            }
        }
    });
    (url, got)
}

fn read(reader: &mut impl BufRead) -> Option<Got> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
    let mut body = vec![0; length.trim().parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some((lower, body))
}

fn tracer(url: &str, sample: f64) -> Tracer {
    let variables = |name: &str| {
        (name == "OTEL_EXPORTER_OTLP_HEADERS").then(|| "authorization=Bearer%20secret".to_owned())
    };
    Tracer::start(Settings::new(Some(url), sample, variables).unwrap().unwrap()).unwrap()
}

fn counts(tracer: &Tracer) -> [u64; 3] {
    let Counts { exported, dropped, failed } = &*tracer.0.counts;
    [exported, dropped, failed].map(|count| count.load(Relaxed))
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn spans_reach_the_collector() {
    let (url, got) = collector(&[]);
    let tracer = tracer(&url, 1.0);
    for _ in 0..3 {
        let mut span = tracer.begin(&HeaderMap::new()).unwrap();
        span.rename("GET /page");
        span.set("http.response.status_code", 200_u16);
    }
    tracer.flush(SOON);
    let (head, body) = got.recv_timeout(SOON).unwrap();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\r\n"), "{head}");
    assert!(head.contains("authorization: bearer secret\r\n"), "{head}");
    let named = body.windows(9).filter(|window| window == b"GET /page").count();
    assert_eq!((named, counts(&tracer)), (3, [3, 0, 0]));
}

#[test]
fn a_collector_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let (url, got) = collector(&["503 Busy\r\nretry-after: 0", "400 Bad Request", "200 OK"]);
    let tracer = tracer(&url, 1.0);
    let send = || drop(tracer.begin(&HeaderMap::new()));
    send();
    let bodies = [got.recv_timeout(SOON).unwrap().1, got.recv_timeout(SOON).unwrap().1];
    assert_eq!(bodies[0], bodies[1], "the same spans once more");
    tracer.flush(SOON);
    assert_eq!(counts(&tracer), [0, 0, 1], "400 ends it");
    send();
    tracer.flush(SOON);
    assert_eq!(counts(&tracer), [1, 0, 1]);
}

#[test]
fn a_collector_that_is_away_costs_spans_and_no_time() {
    // it listens and never answers
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tracer = tracer(&format!("http://{}", listener.local_addr().unwrap()), 1.0);
    let sent = QUEUE + 2 * export::BATCH;
    for _ in 0..sent {
        drop(tracer.begin(&HeaderMap::new()));
    }
    let [exported, dropped, _] = counts(&tracer);
    assert_eq!(exported, 0);
    // a batch is with the thread, and the next may be
    assert!(dropped > 0 && dropped as usize <= sent - QUEUE, "{dropped}");
}

#[test]
fn only_what_is_sampled_becomes_a_span() {
    let (url, _got) = collector(&[]);
    let tracer = tracer(&url, 0.0);
    assert!(tracer.begin(&HeaderMap::new()).is_none());
    let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("traceparent".try_into().unwrap(), HeaderValue::from_static(caller))];
    assert!(tracer.begin(&headers.into_iter().collect()).is_some());
}
