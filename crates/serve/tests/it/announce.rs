//! A replica tells the gateways where it is.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use longshore_platform::Announcement;
use longshore_serve::{Announcer, Config, Server};

use crate::model::plain;

/// What a gateway was told: the first line, the value of `authorization`, the body.
type Told = (String, String, String);

/// A gateway that answers with these statuses, the last one for ever.
fn gateway(statuses: &'static [u16]) -> (String, Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (send, told) = channel();
    thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let value = |name: &str| {
                let found = head.iter().find_map(|line| line.strip_prefix(name));
                found.unwrap_or_default().to_owned()
            };
            let mut body = vec![0; value("content-length: ").parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            send.send((head[0].clone(), value("authorization: "), body)).unwrap();
            let status = statuses.get(at).or(statuses.last()).unwrap();
            let reply =
                format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    (address, told)
}

fn server() -> Server {
    Server::offline(Config { expected: vec!["sum".into()], ..Config::default() }).unwrap()
}

#[test]
fn gateways_are_told_once_the_models_are_there_and_those_that_refuse_are_told_again() {
    let (address, told) = gateway(&[503, 200]);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "first\n").unwrap();
    let server = server();
    let announcement = Announcement { revision: "iris-1".into(), address: [10, 1, 2, 3].into() };
    let announcer = Announcer::new(&address, announcement.clone(), token.clone());
    announcer.start(server.models(), server.drain()).unwrap();
    // not before the model is there
    assert_eq!(told.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout));
    server.models().load(plain("sum")).unwrap();
    let patience = Duration::from_secs(10);
    let (line, authorization, body) = told.recv_timeout(patience).unwrap();
    assert_eq!(line, "POST /announce HTTP/1.1");
    assert_eq!(authorization, "Bearer first");
    assert_eq!(serde_json::from_str::<Announcement>(&body).unwrap(), announcement);
    // the token is read anew, and who has taken it is not asked again
    std::fs::write(&token, "second\n").unwrap();
    let (.., again) = told.recv_timeout(patience).unwrap();
    assert_eq!(again, body);
    assert_eq!(told.recv_timeout(Duration::from_secs(2)), Err(RecvTimeoutError::Timeout));
}

#[test]
fn who_is_told_to_stop_announces_nothing_more() {
    let (address, told) = gateway(&[503]);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "t").unwrap();
    let server = server();
    let announcement = Announcement { revision: "iris-1".into(), address: [10, 1, 2, 3].into() };
    let announcer = Announcer::new(&address, announcement, token);
    announcer.clone().start(server.models(), server.drain()).unwrap();
    server.models().load(plain("sum")).unwrap();
    told.recv_timeout(Duration::from_secs(10)).unwrap();
    server.drain().begin();
    // what was under way when it was told
    while told.recv_timeout(Duration::from_millis(100)).is_ok() {}
    // one more that begins on the way down
    announcer.start(server.models(), server.drain()).unwrap();
    assert_eq!(told.recv_timeout(Duration::from_secs(2)), Err(RecvTimeoutError::Timeout));
}
