//! Bodies that are streams, connections that break, and replicas that misbehave.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use longshore_platform::Revision as Facts;

use crate::{
    replica::{Replica, reply},
    running::{HOST, config, facts, post, start, until},
};

const PREDICT: &str = "/v1/models/iris:predict";

fn write(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).is_ok()
}

#[test]
fn a_stream_of_events_passes_part_by_part() {
    let (next, go) = mpsc::channel::<()>();
    let go = std::sync::Mutex::new(go);
    let replica = Replica::start(move |_, stream| {
        write(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        for part in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
            go.lock().unwrap().recv().unwrap();
            write(stream, &format!("{:x}\r\n{part}\r\n", part.len()));
        }
        write(stream, "0\r\n\r\n")
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&post("/openai/v1/completions", "{}"));
    let head = client.head();
    assert!(head.contains("text/event-stream"), "{head}");
    for part in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
        next.send(()).unwrap();
        assert_eq!(client.chunk(), part);
    }
    assert_eq!(client.chunk(), "");
    client.write(&post(PREDICT, "{}"));
    next.send(()).unwrap();
    client.head();
    assert_eq!(client.chunk(), "data: 1\n\n", "the connection is used again");
    assert_eq!(replica.connections(), 1);
    for _ in 0..2 {
        next.send(()).unwrap();
    }
    assert_eq!(client.chunk(), "data: 2\n\n");
}

#[test]
fn lines_pass_in_both_directions_at_a_time() {
    let replica = Replica::start_raw(|stream| {
        use std::io::{BufRead, BufReader};
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        write(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        loop {
            let mut size = String::new();
            if reader.read_line(&mut size).unwrap_or(0) == 0 || size.trim() == "0" {
                break;
            }
            let (mut data, mut end) = (String::new(), String::new());
            reader.read_line(&mut data).unwrap();
            reader.read_line(&mut end).unwrap();
            let data = data.to_uppercase();
            write(stream, &format!("{:x}\r\n{data}\r\n", data.len()));
        }
        write(stream, "0\r\n\r\n");
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&format!(
        "POST {PREDICT} HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n"
    ));
    client.write("4\r\nabc\n\r\n");
    client.head();
    assert_eq!(client.chunk(), "ABC\n");
    for _ in 0..3 {
        client.write("4\r\nxyz\n\r\n");
        assert_eq!(client.chunk(), "XYZ\n", "an answer to a line comes before the next line");
    }
    client.write("0\r\n\r\n");
    assert_eq!(client.chunk(), "");
}

#[test]
fn large_bodies_pass_both_ways() {
    let replica = Replica::start(|seen, stream| {
        reply(stream, "200 OK", &String::from_utf8_lossy(&seen.body))
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    for length in [1, 65_535, 65_536, 65_537, 3_000_000] {
        let body: String = (0..length).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
        let reply = gateway.post(PREDICT, &body);
        assert_eq!((reply.status, reply.body == body), (200, true), "{length}");
    }
}

#[test]
fn a_replica_that_is_too_slow_is_given_up() {
    let left = Arc::new(AtomicBool::new(false));
    let note = left.clone();
    let replica = Replica::start(move |_, stream| {
        let mut byte = [0];
        note.store(std::io::Read::read(stream, &mut byte).unwrap_or(0) == 0, SeqCst);
        false
    });
    let gateway = start(config());
    gateway.route(Facts { timeout_seconds: 1, ..facts() }, &[replica.address]);
    let begun = Instant::now();
    let reply = gateway.post(PREDICT, "{}");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(reply.status, 504);
    assert!(reply.error().contains("did not answer within 1 s"), "{}", reply.body);
    thread::sleep(Duration::from_millis(100));
    assert!(left.load(SeqCst), "the replica learns that nobody waits");
}

#[test]
fn a_client_that_leaves_ends_its_request() {
    let (ended, end) = mpsc::channel();
    let replica = Replica::start(move |_, stream| {
        let mut byte = [0];
        let read = std::io::Read::read(stream, &mut byte);
        ended.send(read.unwrap_or(0)).unwrap();
        false
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&post(PREDICT, "{}"));
    while replica.seen().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    drop(client);
    assert_eq!(end.recv_timeout(Duration::from_secs(2)).unwrap(), 0);
    until("it counts no more", || {
        gateway.table.load().revisions.values().all(|load| load.in_flight == 0)
    });
}

#[test]
fn nothing_is_sent_twice_that_a_model_may_have_seen() {
    let seen = Arc::new(AtomicUsize::new(0));
    let make = |seen: Arc<AtomicUsize>| {
        // it reads the request and dies
        Replica::start(move |_, _| {
            seen.fetch_add(1, SeqCst);
            false
        })
    };
    let replicas = [make(seen.clone()), make(seen.clone())];
    let gateway = start(config());
    gateway.route(facts(), &[replicas[0].address, replicas[1].address]);
    let reply = gateway.post(PREDICT, "{}");
    assert_eq!((reply.status, seen.load(SeqCst)), (502, 1));
    assert!(reply.error().contains("closed the connection before it answered"), "{}", reply.body);
    assert!(!reply.body.contains("127.0.0.1"), "addresses are for the log: {}", reply.body);
}

#[test]
fn what_is_safe_to_repeat_is_repeated_elsewhere() {
    let dying = Replica::start(|_, _| false);
    let well = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[dying.address, well.address]);
    for _ in 0..10 {
        let reply = gateway.send(&format!("GET /v1/models HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
        assert_eq!((reply.status, reply.body.as_str()), (200, "ok"));
    }
}

#[test]
fn a_kept_connection_that_was_closed_meanwhile_is_no_failure() {
    let replica = Replica::start(|_, stream| {
        reply(stream, "200 OK", "ok");
        // without a word
        false
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    for _ in 0..20 {
        client.write(&post(PREDICT, "{}"));
        assert_eq!(client.reply().status, 200);
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(replica.connections(), 20);
}

#[test]
fn a_reply_that_breaks_off_is_not_taken_for_a_whole_one() {
    let replica = Replica::start(|_, stream| {
        write(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n");
        thread::sleep(Duration::from_millis(50));
        false
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&post(PREDICT, "{}"));
    client.head();
    assert_eq!(client.chunk(), "abcde");
    assert_eq!(client.rest(), "", "there is no last chunk");
}

#[test]
fn replies_that_are_no_http_are_502() {
    for garbage in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
    ] {
        let replica = Replica::start(move |_, stream| {
            write(stream, garbage);
            false
        });
        let gateway = start(config());
        gateway.route(facts(), &[replica.address]);
        assert_eq!(gateway.post(PREDICT, "{}").status, 502, "{garbage}");
    }
}

#[test]
fn heads_without_bodies_and_interim_replies_pass() {
    let replica = Replica::start(|seen, stream| {
        if seen.first_line().starts_with("HEAD") {
            return write(stream, "HTTP/1.1 200 OK\r\ncontent-length: 12\r\nx-a: b\r\n\r\n");
        }
        write(stream, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
        write(stream, "HTTP/1.1 204 No Content\r\nconnection: x-hop\r\nx-hop: 1\r\n\r\n")
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    for _ in 0..2 {
        client.write(&format!("HEAD / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
        let head = client.head();
        assert!(head.contains("content-length: 12") && head.contains("x-a: b"), "{head}");
        client.write(&format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"));
        let head = client.head();
        assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        assert!(!head.contains("x-hop"), "{head}");
    }
}

#[test]
fn leave_to_send_is_given_and_bodies_have_one_length() {
    let replica = Replica::saying("ok");
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&format!(
        "POST {PREDICT} HTTP/1.1\r\nhost: {HOST}\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    ));
    assert!(client.head().starts_with("HTTP/1.1 100"));
    client.write("{}");
    assert_eq!(client.reply().status, 200);
    assert_eq!(replica.seen()[0].body, b"{}");
    // the length that means nothing is not handed on, so that a replica cannot believe it
    let both = "content-length: 40\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    let mut client = gateway.connect();
    client.write(&format!("POST {PREDICT} HTTP/1.1\r\nhost: {HOST}\r\n{both}"));
    assert_eq!(client.reply().status, 200);
    let seen = &replica.seen()[1];
    assert_eq!((seen.body.as_slice(), seen.header("content-length")), (b"ab".as_slice(), None));
    for other in [
        "content-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "content-length: +2\r\n\r\n{}",
        "content-length : 2\r\n\r\n{}",
    ] {
        let mut client = gateway.connect();
        client.write(&format!("POST {PREDICT} HTTP/1.1\r\nhost: {HOST}\r\n{other}"));
        assert_eq!(client.reply().status, 400, "{other}");
    }
    assert_eq!(replica.seen().len(), 2);
}

#[test]
fn requests_in_flight_are_finished_on_the_way_down() {
    let replica = Replica::start(|_, stream| {
        thread::sleep(Duration::from_millis(300));
        reply(stream, "200 OK", "late")
    });
    let mut gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&post(PREDICT, "{}"));
    while replica.seen().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let waiter = thread::spawn(move || client.reply());
    gateway.stop();
    let reply = waiter.join().unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
}

#[test]
fn a_web_socket_passes_both_ways_until_it_is_closed() {
    let replica = Replica::start(|seen, stream| {
        assert_eq!(seen.header("upgrade"), Some("websocket"));
        assert_eq!(seen.header("sec-websocket-key"), Some("abc"));
        // the first bytes of the new protocol come with the head
        write(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nhello",
        );
        let mut buffer = [0; 64];
        loop {
            let read = std::io::Read::read(stream, &mut buffer).unwrap_or(0);
            if read == 0 {
                return false;
            }
            stream.write_all(&buffer[..read].to_ascii_uppercase()).unwrap();
        }
    });
    let gateway = start(config());
    gateway.route(facts(), &[replica.address]);
    let mut client = gateway.connect();
    client.write(&format!(
        "GET /ws HTTP/1.1\r\nhost: {HOST}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: abc\r\n\r\n"
    ));
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("upgrade: websocket"), "{head}");
    let read = |count: usize, client: &mut crate::running::Connection| {
        let mut bytes = vec![0; count];
        std::io::Read::read_exact(&mut client.reader, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(read(5, &mut client), "hello");
    for _ in 0..3 {
        client.write("ping");
        assert_eq!(read(4, &mut client), "PING");
    }
    let in_flight = || gateway.table.load().revisions.values().next().unwrap().in_flight;
    assert_eq!(in_flight(), 1);
    drop(client);
    until("it counts no more", || in_flight() == 0);
}
