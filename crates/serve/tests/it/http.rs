//! HTTP itself: routes, headers, malformed requests, limits.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use longshore_daemon::server;
use longshore_serve::{Config, Limits};

use crate::{
    client::{request, serve, start},
    model::{plain, slow},
};

const ROW: &str = r#"{"instances":[[1,2,3]]}"#;
const PREDICT: &str = "/v1/models/sum:predict";

#[test]
fn unknown_paths_methods_and_types_are_told_apart() {
    let server = serve(vec![plain("sum")], Limits::default());
    for (path, expected) in [
        ("/v1/models/other:predict", "there is no model `other`"),
        ("/v2/models/sum/versions/9/infer", "has no version `9`; it has `1`"),
        ("/nowhere", "there is no such path"),
    ] {
        let reply = server.post(path, ROW);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.error().contains(expected), "{reply:?}");
    }
    let reply = server.get(PREDICT);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    let reply = server.post("/v2/health/live", "");
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    for headers in [
        "content-type: text/plain",
        "content-type: text/csv",
        "content-type: application/json; charset=utf-16",
        "content-type: application/json\r\ncontent-encoding: br",
        "content-type: application/octet-stream\r\ninference-header-content-length: 10",
    ] {
        assert_eq!(server.post_as(PREDICT, headers, ROW).status, 415, "{headers}");
    }
    for headers in [
        "",
        "content-type: application/json; charset=utf-8",
        "content-type: application/x-www-form-urlencoded",
    ] {
        assert_eq!(server.post_as(PREDICT, headers, ROW).status, 200, "{headers}");
    }
    let mut connection = server.connect();
    connection.write("HEAD /v2/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut text = String::new();
    connection.stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn malformed_requests_do_not_reach_a_model() {
    let server = serve(vec![plain("sum")], Limits::default());
    for (status, bytes) in [
        (400, "NONSENSE\r\n\r\n".to_owned()),
        (400, format!("POST {PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n{ROW}")),
        (400, format!("POST {PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{ROW}")),
        (
            400,
            format!(
                "POST {PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: 23\r\ncontent-length: 24\r\n\r\n{ROW}"
            ),
        ),
        (
            400,
            format!("POST {PREDICT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n{ROW}"),
        ),
        (400, format!("POST {PREDICT} HTTP/1.1\r\nho st: x\r\n\r\n")),
        (431, format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000))),
        (431, format!("GET / HTTP/1.1\r\nhost: x\r\nbig: {}\r\n\r\n", "a".repeat(100_000))),
    ] {
        let mut connection = server.connect();
        // the server may stop reading in the middle
        drop(connection.stream.write_all(bytes.as_bytes()));
        let head = &bytes[..bytes.len().min(100)];
        assert_eq!(connection.reply().status, status, "{head}");
        assert!(connection.is_closed(), "what follows a broken head is not read: {head}");
    }
    assert_eq!(server.rows(), 0);
    // a client that sent nonsense and waits is told so
    for head in [
        "content-length: x",
        "content-length: -1",
        "content-length: 18446744073709551616",
        "a b: c",
    ] {
        let mut connection = server.connect();
        connection.write(format!("POST {PREDICT} HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n"));
        assert_eq!(connection.reply().status, 400, "{head}");
    }
    let chunked = format!(
        "POST {PREDICT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &ROW[..5],
        ROW.len() - 5,
        &ROW[5..]
    );
    assert_eq!(server.send(chunked).status, 200);
    let broken = format!(
        "POST {PREDICT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{ROW}"
    );
    let mut connection = server.connect();
    connection.write(broken);
    assert_eq!(connection.reply().status, 400);
    assert!(connection.is_closed());
    assert_eq!(server.rows(), 1, "only the whole body reached the model");
}

#[test]
fn a_connection_serves_many_requests_also_pipelined() {
    let server = serve(vec![plain("sum")], Limits::default());
    let mut connection = server.connect();
    let one = request(PREDICT, "content-type: application/json", ROW);
    connection.write(one.repeat(20));
    for _ in 0..20 {
        assert_eq!(connection.reply().body, r#"{"predictions":[1]}"#);
    }
    // the beginning of the next request does not hold back the reply to this one
    let (head, rest) = one.split_at(one.len() / 2);
    connection.write([&one, head].concat());
    assert_eq!(connection.reply().status, 200);
    connection.write(rest);
    assert_eq!(connection.reply().status, 200);
    // a refused request does not end the connection either
    connection.write(request(PREDICT, "", "[]"));
    assert_eq!(connection.reply().status, 400);
    connection.write(&one);
    assert_eq!(connection.reply().status, 200);
    for byte in &one {
        connection.write([*byte]);
    }
    assert_eq!(connection.reply().status, 200);
}

#[test]
fn request_ids_are_taken_over_or_made() {
    let server = serve(vec![plain("sum")], Limits::default());
    let reply = server.post_as(PREDICT, "x-request-id: abc-1", ROW);
    assert_eq!(reply.header("x-request-id"), Some("abc-1"));
    let (one, other) = (server.post(PREDICT, ROW), server.post(PREDICT, "?"));
    let id = |reply: &crate::client::Reply| reply.header("x-request-id").unwrap().to_owned();
    assert!(id(&one).len() == 32 && id(&other).len() == 32 && id(&one) != id(&other));
    let long = format!("x-request-id: {}", "a".repeat(200));
    assert_eq!(id(&server.post_as(PREDICT, &long, ROW)).len(), 32);
}

#[test]
fn a_large_body_is_refused_before_it_is_sent() {
    let server = serve(vec![plain("sum")], Limits { body_bytes: 1000, ..Limits::default() });
    let head = |extra: &str, length: usize| {
        format!("POST {PREDICT} HTTP/1.1\r\nhost: x\r\n{extra}content-length: {length}\r\n\r\n")
    };
    let mut connection = server.connect();
    connection.write(head("expect: 100-continue\r\n", 1_000_000_000));
    let reply = connection.reply();
    assert_eq!(reply.status, 413);
    assert!(
        reply.error().contains("limit of 1000 bytes") && reply.error().contains("--max-body-bytes")
    );
    let mut connection = server.connect();
    connection.write(head("expect: 100-continue\r\n", ROW.len()));
    assert_eq!(connection.reply().status, 100);
    connection.write(ROW);
    assert_eq!(connection.reply().status, 200);
    let mut connection = server.connect();
    connection.write(format!(
        "POST {PREDICT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n{}",
        " ".repeat(2000)
    ));
    assert_eq!(connection.reply().status, 413);
}

#[test]
fn a_sender_that_does_not_ask_first_still_reads_why() {
    let server = serve(vec![plain("sum")], Limits { body_bytes: 1 << 20, ..Limits::default() });
    for _ in 0..5 {
        let reply = server.post(PREDICT, vec![b' '; (1 << 20) + 500_000]);
        assert_eq!(reply.status, 413);
    }
}

#[test]
fn a_refusal_does_not_end_the_connection_while_the_body_is_on_its_way() {
    let server = serve(vec![plain("sum")], Limits::default());
    let mut connection = server.connect();
    for path in ["/v2/models/other/infer", "/nowhere", "/v1/models/sum:predict?x=1"] {
        let sent = request(path, "", "{}");
        let (head, body) = sent.split_at(sent.len() - 2);
        connection.write(head);
        std::thread::sleep(Duration::from_millis(30));
        connection.write(body);
        let reply = connection.reply();
        assert!((400..500).contains(&reply.status), "{reply:?}");
        assert_eq!(reply.header("connection"), None, "{path}");
    }
    connection.write(request(PREDICT, "", ROW));
    assert_eq!(connection.reply().status, 200);
    // who asks first is told before it sends, and that nothing else is read
    connection.write(
        "POST /nowhere HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n",
    );
    let reply = connection.reply();
    assert_eq!((reply.status, reply.header("connection")), (404, Some("close")));
    assert!(connection.is_closed());
}

#[test]
fn bodies_are_compressed_both_ways() {
    let server = serve(vec![plain("sum")], Limits { body_bytes: 100_000, ..Limits::default() });
    let gzip = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let sent = |name: &str| format!("content-type: application/json\r\ncontent-encoding: {name}");
    let rows = format!(r#"{{"instances":[{}]}}"#, vec!["[1,2,3]"; 2000].join(","));
    let plain_reply = server.post(PREDICT, &rows).body;
    for (name, body) in [
        ("gzip", gzip(rows.as_bytes())),
        ("zstd", zstd::encode_all(rows.as_bytes(), 1).unwrap()),
        ("identity", rows.clone().into_bytes()),
    ] {
        assert_eq!(server.post_as(PREDICT, &sent(name), body).body, plain_reply, "{name}");
    }
    assert_eq!(server.post_as(PREDICT, &sent("gzip"), gzip(&vec![b' '; 1_000_000])).status, 413);
    assert_eq!(server.post_as(PREDICT, &sent("gzip"), ROW).status, 400);
    assert_eq!(server.post_as(PREDICT, &sent("zstd"), ROW).status, 400);

    let reply = server.post_as(PREDICT, "accept-encoding: gzip", &rows);
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*reply.bytes).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain_reply);
    let reply = server.post_as(PREDICT, "accept-encoding: gzip, zstd", &rows);
    assert_eq!(reply.header("content-encoding"), Some("zstd"));
    assert_eq!(zstd::decode_all(&*reply.bytes).unwrap(), plain_reply.as_bytes());
    let small = server.post_as(PREDICT, "accept-encoding: gzip", ROW);
    assert_eq!((small.header("content-encoding"), &*small.body), (None, r#"{"predictions":[1]}"#));
    let metrics = server.get_as("/metrics", "accept-encoding: gzip");
    assert_eq!(metrics.header("content-encoding"), Some("gzip"));
}

#[test]
fn slow_peers_are_cut_off() {
    let short = Duration::from_millis(100);
    let connections = server::Limits {
        header_timeout: short,
        body_timeout: short,
        idle_timeout: short * 4,
        ..server::Limits::default()
    };
    let models = vec![plain("sum")];
    let server = start(Config { models, connections, ..Config::default() });
    let begun = Instant::now();
    let mut connection = server.connect();
    connection.write("POST / HTTP/1.1\r\nhos");
    assert!(connection.is_closed());
    let mut connection = server.connect();
    connection
        .write(format!("POST {PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{"));
    assert_eq!(connection.reply().status, 408);
    let mut connection = server.connect();
    connection.write(request(PREDICT, "", ROW));
    assert_eq!(connection.reply().status, 200);
    assert!(connection.is_closed(), "an idle connection is closed");
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn overload_is_said_at_once() {
    let pause = Duration::from_millis(300);
    let server = serve(vec![slow("sum", pause)], Limits { concurrency: 1, ..Limits::default() });
    let mut busy = server.connect();
    busy.write(request(PREDICT, "", ROW));
    std::thread::sleep(pause / 3);
    let begun = Instant::now();
    let reply = server.post(PREDICT, ROW);
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert!(begun.elapsed() < pause / 2);
    assert_eq!(server.get("/v2/health/ready").status, 200, "other routes answer meanwhile");
    assert_eq!(busy.reply().status, 200);
    assert_eq!(server.post(PREDICT, ROW).status, 200, "the permit came back");
}

#[test]
fn a_request_does_not_wait_for_ever() {
    let limits = Limits { request_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = serve(vec![slow("sum", Duration::from_millis(300))], limits);
    assert_eq!(server.post(PREDICT, ROW).status, 504);
}
