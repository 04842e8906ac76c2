//! The way down, and what can be learned of a server meanwhile or while it is busy.

use std::{
    io::ErrorKind,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use longshore_serve::{Config, Limits};

use crate::{
    client::{Connection, Running, request, serve, start},
    model::{plain, slow},
};

const PREDICT: &str = "/v1/models/sum:predict";
const ROW: &str = r#"{"instances":[[1,2,3]]}"#;

#[test]
fn metrics_have_a_port_of_their_own_when_asked() {
    let models = vec![plain("sum")];
    let mut server = start(Config { models, metrics_port: Some(0), ..Config::default() });
    assert_eq!(server.get("/metrics").status, 404);
    assert_eq!(server.get_metrics("/v2/models/sum").status, 404);
    assert!(server.get_metrics("/metrics").body.contains("\nlongshore_serve_draining 0\n"));
    for path in ["/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"] {
        assert_eq!((server.get(path).status, server.get_metrics(path).status), (200, 200));
    }
    server.stop();
    assert!(Connection::open(server.metrics.unwrap()).is_err());
}

#[test]
fn liveness_does_not_wait_for_predictions() {
    // what is known to be slow is computed elsewhere
    let busy = serve(vec![slow("sum", Duration::from_millis(300))], Limits::default());
    let requests: Vec<_> = (0..8).map(|_| ask(&busy, ROW)).collect();
    let begun = Instant::now();
    assert_eq!(busy.get("/health/live").status, 200);
    assert!(begun.elapsed() < Duration::from_millis(150), "{:?}", begun.elapsed());
    drop(requests);
    // what turns out to be slow holds up its event loop, but not that of the metrics
    let models = vec![plain("sum")];
    let config = Config { models, metrics_port: Some(0), threads: 1, ..Config::default() };
    let stalled = start(config);
    let request = ask(&stalled, r#"{"instances":[[700,70,7]]}"#);
    thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    assert_eq!(stalled.get_metrics("/health/live").status, 200);
    assert_eq!(stalled.get_metrics("/metrics").status, 200);
    assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
    drop(request);
}

fn ask(server: &Running, body: &str) -> Connection {
    let mut connection = server.connect();
    connection.write(request(PREDICT, "", body));
    connection
}

#[test]
fn new_connections_are_answered_for_a_while_after_the_end_was_announced() {
    let models = vec![plain("sum")];
    let drain_delay = Duration::from_millis(500);
    let config = Config { models, drain_delay, metrics_port: Some(0), ..Config::default() };
    let mut server = start(config);
    let mut kept = server.connect();
    kept.write(request(PREDICT, "", ROW));
    assert_eq!(kept.reply().header("connection"), None);
    let begun = Instant::now();
    server.drain.begin();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(server.get("/health/ready").status, 503);
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get_metrics("/health/ready").status, 503);
    assert!(server.get_metrics("/metrics").body.contains("\nlongshore_serve_draining 1\n"));
    let reply = server.post(PREDICT, ROW);
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    kept.write(request(PREDICT, "", ROW));
    let reply = kept.reply();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    server.join();
    assert!(begun.elapsed() >= drain_delay);
}

#[test]
fn a_server_that_was_never_ready_does_not_wait() {
    let expected = vec!["sum".to_owned()];
    let drain_delay = Duration::from_mins(1);
    let mut server = start(Config { expected, drain_delay, ..Config::default() });
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_peer_that_still_sends_after_its_last_reply_is_not_cut_off() {
    let server = serve(vec![plain("sum")], Limits::default());
    let mut connection = server.connect();
    connection.write(request(PREDICT, "connection: close", ROW));
    // where the connection was reset by the first of these, the next one fails
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(20));
        connection.write("\r\n");
    }
    assert_eq!(connection.reply().status, 200);
    assert!(connection.is_closed());
}

/// Clients that ask without pause, some on one connection, some on a new one each time, and stop
/// when they are told to or refused.
#[test]
fn no_request_is_lost_on_the_way_down() {
    for round in 0..5 {
        let mut server = serve(vec![plain("sum")], Limits::default());
        let (address, answered) = (server.address, AtomicU64::new(0));
        let refused = AtomicBool::new(false);
        thread::scope(|scope| {
            for client in 0..8 {
                let (answered, refused) = (&answered, &refused);
                scope.spawn(move || {
                    let keep = client % 2 == 0;
                    let mut connection = None;
                    loop {
                        let mut open =
                            match connection.take().map_or_else(|| Connection::open(address), Ok) {
                                Ok(open) => open,
                                Err(error) => {
                                    // nobody listens: nothing was asked
                                    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                                    return refused.store(true, Relaxed);
                                }
                            };
                        open.write(request(PREDICT, "", ROW));
                        let reply = open.try_reply();
                        let reply = reply.unwrap_or_else(|| {
                            panic!("round {round}: client {client} lost a request")
                        });
                        assert_eq!(reply.body, r#"{"predictions":[1]}"#);
                        answered.fetch_add(1, Relaxed);
                        match (keep, reply.header("connection")) {
                            (true, Some("close")) => return,
                            (true, _) => connection = Some(open),
                            // goes on until nobody listens
                            (false, _) => {}
                        }
                    }
                });
            }
            // however slow the machine is
            let begun = Instant::now();
            while answered.load(Relaxed) < 100 && begun.elapsed() < Duration::from_secs(20) {
                thread::sleep(Duration::from_millis(5));
            }
            server.stop();
        });
        assert!(refused.load(Relaxed));
    }
}
