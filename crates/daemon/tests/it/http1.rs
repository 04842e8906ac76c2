use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use longshore_daemon::server::Limits;

use crate::running::{impatient, limits, start};

#[test]
fn a_body_comes_back() {
    let server = start(limits());
    let reply = server.exchange(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
    );
    assert!(reply.starts_with("HTTP/1.1 200 ") && reply.ends_with("\r\n\r\nhello"), "{reply}");
}

#[test]
fn what_only_begins_like_http2_is_read_as_http1() {
    let server = start(limits());
    // held back until it can be told apart
    let mut stream = TcpStream::connect(server.address).unwrap();
    for part in ["P", "RO", "PFIND / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"] {
        stream.write_all(part.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    let reply = server.exchange("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
}

#[test]
fn a_peer_whose_body_is_not_read_learns_that_the_connection_ends() {
    let server = start(limits());
    let reply = server.exchange("POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n");
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    assert!(reply.contains("\r\nconnection: close\r\n"), "{reply}");
}

#[test]
fn slow_peers_are_cut_off() {
    let server = start(impatient());
    assert_eq!(server.exchange(""), "", "a connection without a request");
    assert_eq!(server.exchange("PRI * HTTP/2.0\r\n"), "", "half a preface");
    assert_eq!(server.exchange("POST / HTTP/1.1\r\nhos"), "", "half a head");
    let reply = server.exchange("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhal");
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
    let reply = server.exchange("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nwhole");
    assert!(reply.starts_with("HTTP/1.1 200 "), "closed once it is idle: {reply}");
}

#[test]
fn a_service_knows_who_asks() {
    let server = start(limits());
    let mut stream = TcpStream::connect(server.address).unwrap();
    let peer = stream.local_addr().unwrap();
    let ask = "/connection HTTP/1.1\r\nhost: x\r\n";
    write!(stream, "GET {ask}\r\nPOST {ask}content-length: 2\r\nconnection: close\r\n\r\nok")
        .unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).unwrap();
    // with a body and without
    let expected = format!("Some(Connection {{ peer: {peer}, is_secure: false }})");
    assert_eq!(replies.matches(&expected).count(), 2, "{replies}");
}

/// Reads until `end` has come.
fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut chunk = [0; 256];
        let count = stream.read(&mut chunk).unwrap();
        assert_ne!(count, 0, "closed after `{text}`");
        text.push_str(std::str::from_utf8(&chunk[..count]).unwrap());
    }
    text
}

#[test]
fn a_connection_that_has_rested_goes_on_where_it_was() {
    // the sweep looks every 25 ms, and lets a connection rest that has had nothing to do twice
    let server = start(Limits { idle_timeout: Duration::from_secs(5), ..impatient() });
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n";
    for (first, pause) in [(0, 0), (3, 20), (0, 40), (1, 80), (20, 200), (60, 200)] {
        std::thread::sleep(Duration::from_millis(pause));
        let (head, rest) = request.split_at(first.min(request.len()));
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        stream.write_all(rest.as_bytes()).unwrap();
        stream.write_all(b"hello").unwrap();
        let reply = read_to(&mut stream, "hello");
        assert!(reply.starts_with("HTTP/1.1 200 "), "after {pause} ms: {reply}");
    }
    // one that has rested is slow like any other
    std::thread::sleep(Duration::from_millis(200));
    stream.write_all(b"POST / HT").unwrap();
    let mut rest = String::new();
    assert_eq!(stream.read_to_string(&mut rest).unwrap_or(0), 0, "{rest}");
}

#[test]
fn a_connection_that_rests_is_closed_when_it_is_idle_for_too_long_or_the_server_ends() {
    let mut server = start(impatient());
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut idle = TcpStream::connect(server.address).unwrap();
    idle.write_all(request).unwrap();
    read_to(&mut idle, "\r\n\r\n");
    let begun = Instant::now();
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(350) && took < Duration::from_secs(2), "{took:?}");
    let mut kept = TcpStream::connect(server.address).unwrap();
    kept.write_all(request).unwrap();
    read_to(&mut kept, "\r\n\r\n");
    std::thread::sleep(Duration::from_millis(150));
    server.drain.begin();
    kept.write_all(request).unwrap();
    let reply = read_to(&mut kept, "\r\n\r\n");
    assert!(reply.contains("connection: close"), "{reply}");
    server.join();
}

#[test]
fn connections_that_rest_after_each_reply_go_on_where_they_were() {
    // more than two event loops let keep what HTTP/1 needs
    const CONNECTIONS: usize = 200;
    let server = start(Limits { connections: CONNECTIONS, ..limits() });
    let connect = |_| TcpStream::connect(server.address).unwrap();
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
    let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello";
    // one request and a part of the next, and the rest of that in parts
    for cut in [0, 1, 30, request.len() - 2] {
        let (first, rest) = request.split_at(cut);
        for stream in &mut streams {
            write!(stream, "{request}{first}").unwrap();
        }
        for stream in &mut streams {
            assert!(read_to(stream, "hello").starts_with("HTTP/1.1 200 "));
        }
        let (second, third) = rest.split_at(2);
        for stream in &mut streams {
            stream.write_all(second.as_bytes()).unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
        for stream in &mut streams {
            stream.write_all(third.as_bytes()).unwrap();
        }
        for stream in &mut streams {
            assert!(read_to(stream, "hello").starts_with("HTTP/1.1 200 "));
        }
    }
    // a reply is the last one to a peer that says so, and to one whose body is not read
    let last =
        ["GET / HTTP/1.1\r\nconnection: close", "POST /unread HTTP/1.1\r\ncontent-length: 9"];
    for (stream, last) in streams.iter_mut().zip(last.iter().cycle()) {
        write!(stream, "{last}\r\nhost: x\r\n\r\n").unwrap();
    }
    for stream in &mut streams {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.contains("connection: close"), "{reply}");
    }
}
