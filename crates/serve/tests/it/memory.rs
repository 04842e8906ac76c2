//! Large requests share a bounded amount of memory.

use std::{thread, time::Duration};

use longshore_serve::Limits;

use crate::{
    client::{Connection, Running, request, serve},
    model::{plain, slow},
};

const PREDICT: &str = "/v1/models/sum:predict";

fn limits() -> Limits {
    Limits { buffered_bytes: 1 << 20, ..Limits::default() }
}

/// A body of about `bytes` bytes, 8 a row.
fn body(bytes: usize) -> String {
    let rows = vec!["[1,2,3]"; bytes / 8].join(",");
    format!(r#"{{"instances":[{rows}]}}"#)
}

fn ask(server: &Running, body: &str) -> Connection {
    let mut connection = server.connect();
    connection.write(request(PREDICT, "", body));
    connection
}

#[test]
fn a_body_that_never_fits_is_too_large() {
    let server = serve(vec![plain("sum")], limits());
    let reply = server.post(PREDICT, body(300_000));
    assert_eq!(reply.status, 413);
    assert!(reply.error().contains("`--max-buffered-bytes`"), "{reply:?}");
    assert_eq!(server.post(PREDICT, body(100_000)).status, 200);
}

#[test]
fn an_answer_that_never_fits_is_too_large() {
    let server = serve(vec![plain("sum")], limits());
    let data = vec!["1"; 3 * 16_000].join(",");
    let body = |output: &str| {
        format!(
            r#"{{"inputs":[{{"name":"a","shape":[16000,3],"datatype":"FP64","data":[{data}]}}],"outputs":[{output}]}}"#
        )
    };
    let all = ["predict", "decision_function", "transform"].map(|n| format!(r#"{{"name":"{n}"}}"#));
    let reply = server.post("/v2/models/sum/infer", body(&all.join(",")));
    assert_eq!(reply.status, 413);
    assert!(reply.error().contains("the answer"), "{reply:?}");
}

#[test]
fn a_burst_of_large_bodies_is_turned_away_and_the_memory_comes_back() {
    let server = serve(vec![slow("sum", Duration::from_millis(100))], limits());
    let body = body(100_000);
    let burst: Vec<_> = (0..16).map(|_| ask(&server, &body)).collect();
    let mut statuses: Vec<u16> = burst.into_iter().map(|mut c| c.reply().status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [200, 503]);
    let metrics = server.get("/metrics").body;
    let rejected = r#"longshore_serve_rejected_requests_total{reason="memory"} "#;
    let line = metrics.lines().find_map(|line| line.strip_prefix(rejected));
    assert!(line.is_some_and(|count| count != "0"), "{metrics}");
    assert_eq!(server.post(PREDICT, &body).status, 200);
}

#[test]
fn who_is_turned_away_while_it_sends_still_reads_why() {
    let limits = Limits { buffered_bytes: 32 << 20, ..Limits::default() };
    let server = serve(vec![plain("sum")], limits);
    let padding = " ".repeat(6 << 20);
    let body = format!(r#"{{"instances":[[1,2,3]]{padding}}}"#);
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..12).map(|_| scope.spawn(|| server.post(PREDICT, &body).status)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    statuses.dedup();
    assert!(statuses == [200, 503] || statuses == [503], "{statuses:?}");
}
