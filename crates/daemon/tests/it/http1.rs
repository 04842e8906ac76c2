use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

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
