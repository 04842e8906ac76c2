//! Clients that mean harm: two readings of one request, heads without end, requests that are taken back.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    replica::Replica,
    running::{HOST, config, facts, start},
};

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: iris.ml.example.com\r\n\r\n";

/// Sends bytes, and gives back the statuses of all replies until the gateway closes or has no more to say.
fn statuses(gateway: &crate::running::Running, bytes: &str) -> Vec<u16> {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        text.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let heads = text.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().unwrap()).collect()
}

#[test]
fn a_request_has_one_end() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let hidden = HIDDEN.len();
    for (what, head) in [
        ("a length in two headers", format!("content-length: 0\r\ncontent-length: {hidden}")),
        ("two lengths in one", format!("content-length: 0, {hidden}")),
        ("a length with a sign", format!("content-length: +{hidden}")),
        ("a length in hexadecimal", "content-length: 0x10".into()),
        ("a space before the colon", format!("content-length : {hidden}")),
        ("a length on a folded line", format!("x-a: b\r\n content-length: {hidden}")),
        ("a coding before a colon", "transfer-encoding : chunked".into()),
        ("an unknown coding", "transfer-encoding: xchunked".into()),
        ("another coding at the end", "transfer-encoding: chunked, identity".into()),
        ("a coding on a folded line", "transfer-encoding:\r\n chunked".into()),
        ("a null byte in a name", "transfer\0-encoding: chunked".into()),
        ("a null byte in a value", "x-a: b\0c".into()),
        ("a name that is empty", ": chunked".into()),
        ("a carriage return alone in a value", "x-a: b\rtransfer-encoding: chunked".into()),
    ] {
        let text = format!(
            "POST /v1/models/iris:predict HTTP/1.1\r\nhost: {HOST}\r\n{head}\r\n\r\n{HIDDEN}"
        );
        let before = replica.seen().len();
        let found = statuses(&gateway, &text);
        assert_eq!(found, [400], "{what}");
        assert_eq!(replica.seen().len(), before, "{what}: a replica has seen it");
    }
}

#[test]
fn where_chunks_and_a_length_differ_the_chunks_are_meant_and_nothing_follows() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    for coding in
        ["transfer-encoding: chunked", "Transfer-Encoding:\tchunked", "transfer-encoding: CHUNKED"]
    {
        let text = format!(
            "POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 6\r\n{coding}\r\n\r\n0\r\n\r\n{HIDDEN}"
        );
        let found = statuses(&gateway, &text);
        // whatever stands behind it is a request of its own, or is not read
        assert!(matches!(found[..], [200 | 400] | [200, 200]), "{coding}: {found:?}");
    }
    for seen in replica.seen() {
        assert!(
            seen.header("content-length").is_none() || seen.header("transfer-encoding").is_none()
        );
        assert!(seen.body.is_empty(), "{seen:?}");
    }
}

#[test]
fn chunks_that_are_none_end_the_connection() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    for chunks in [
        "5\r\nab\r\n0\r\n\r\n",
        "-1\r\nab\r\n0\r\n\r\n",
        "0x2\r\nab\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nab\r\n0\r\n\r\n",
        "2 \r\nabc\r\n0\r\n\r\n",
    ] {
        let text = format!(
            "POST / HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{HIDDEN}"
        );
        let found = statuses(&gateway, &text);
        assert!(found.len() <= 1 && !found.contains(&200), "{chunks:?}: {found:?}");
    }
    assert!(replica.seen().iter().all(|seen| !seen.head.contains("/hidden")));
}

#[test]
fn a_head_has_an_end() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let get = |more: &str| format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n{more}\r\n");
    assert_eq!(statuses(&gateway, &get(&format!("x-a: {}\r\n", "a".repeat(20_000)))), [200]);
    assert_eq!(statuses(&gateway, &get(&format!("x-a: {}\r\n", "a".repeat(40_000)))), [431]);
    assert_eq!(statuses(&gateway, &get(&"x-a: b\r\n".repeat(200))), [431]);
    assert_eq!(replica.seen().len(), 1);
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `GET /` for the service, by the static table of HPACK (RFC 7541, appendix A).
fn head() -> Vec<u8> {
    let mut head = vec![0x82, 0x84, 0x86, 0x01, HOST.len() as u8];
    head.extend_from_slice(HOST.as_bytes());
    head
}

/// Opens a connection of HTTP/2.
fn opened(gateway: &crate::running::Running) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    stream
}

/// Reads frames until the connection is told to go away; gives back why.
fn goes_away(stream: &mut TcpStream) -> Option<u32> {
    let mut last = None;
    loop {
        let mut start = [0; 9];
        if stream.read_exact(&mut start).is_err() {
            return last;
        }
        let mut payload = vec![0; u32::from_be_bytes([0, start[0], start[1], start[2]]) as usize];
        if stream.read_exact(&mut payload).is_err() {
            return last;
        }
        if start[3] == GO_AWAY {
            last = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
    }
}

/// `ENHANCE_YOUR_CALM` (RFC 9113 §7).
const CALM: u32 = 11;

#[test]
fn requests_that_are_taken_back_at_once_end_the_connection() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut stream = opened(&gateway);
    let mut sent = 0_u32;
    let mut flood = Vec::new();
    for number in 0..20_000_u32 {
        let id = number * 2 + 1;
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, id, &head()));
        flood.extend(frame(RESET, 0, id, &8_u32.to_be_bytes()));
        if flood.len() > 32 << 10 {
            if stream.write_all(&flood).is_err() {
                break;
            }
            sent = number;
            flood.clear();
        }
    }
    let why = goes_away(&mut stream);
    assert!(why == Some(CALM) || (why.is_none() && sent < 19_000), "{why:?} after {sent}");
    assert!(
        replica.seen().len() < 2_000,
        "{} of them have reached a replica",
        replica.seen().len()
    );
    let reply = gateway.send(&format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
    assert_eq!(reply.status, 200, "others are served as before");
}

#[test]
fn a_head_of_http2_has_an_end_too() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut stream = opened(&gateway);
    let mut bytes = frame(HEADERS, END_STREAM, 1, &head());
    // `x: aaa…`, a literal that is never indexed
    let mut part = vec![0x10, 1, b'x', 100];
    part.extend([b'a'; 100]);
    let part = part.repeat(100);
    let begun = Instant::now();
    // what comes behind the end is read for a moment, so that the peer can learn why
    while begun.elapsed() < Duration::from_secs(10) {
        bytes.extend(frame(CONTINUATION, 0, 1, &part));
        if stream.write_all(&bytes).is_err() {
            break;
        }
        bytes.clear();
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "the head goes on for {took:?}");
    assert!(replica.seen().is_empty());
    let reply = gateway.send(&format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
    assert_eq!(reply.status, 200, "others are served as before");
}
