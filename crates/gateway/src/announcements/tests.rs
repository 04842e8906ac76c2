use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{Announcements, CONNECTIONS_OF_ONE};

fn start() -> Announcements {
    Announcements::start(SocketAddr::from(([127, 0, 0, 1], 0)), None).unwrap()
}

/// The status of the reply; `None` when the connection is closed.
fn ask(port: &Announcements, line: &str, rest: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(port.address()).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{rest}").ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    reply.get(9..12)?.parse().ok()
}

#[test]
fn nothing_but_announcements_is_heard() {
    let port = start();
    for (line, rest, status) in [
        ("GET /announce", "\r\n", 405),
        ("GET /load", "\r\n", 404),
        ("GET /routes/ml/iris", "\r\n", 404),
        // a table of a file has nobody to ask
        ("POST /announce", "authorization: Bearer a\r\ncontent-length: 0\r\n\r\n", 501),
    ] {
        assert_eq!(ask(&port, line, rest), Some(status), "{line}");
    }
    port.stop().unwrap();
}

#[test]
fn one_address_has_few_connections_and_little_time() {
    let port = start();
    let begun = Instant::now();
    let open = || TcpStream::connect(port.address()).unwrap();
    let mut held: Vec<_> = (0..CONNECTIONS_OF_ONE).map(|_| open()).collect();
    // these ask for nothing, and the next is closed
    let mut refused = open();
    refused.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    assert_eq!(refused.read(&mut [0; 8]).unwrap_or(0), 0);
    for stream in &mut held {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0, "they are closed after a while");
    }
    assert!(begun.elapsed() < Duration::from_secs(15));
    // then there is room again; the last of them may still be on its way out
    let end = begun + Duration::from_secs(15);
    while ask(&port, "GET /announce", "\r\n") != Some(405) {
        assert!(Instant::now() < end);
    }
    port.stop().unwrap();
}
