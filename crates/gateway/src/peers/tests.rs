use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use longshore_platform::{LoadReport, OutcomeReport, Routes};

use super::Peers;
use crate::{Description, Table};

fn start() -> Peers {
    let table = Table::new("cluster.local");
    let text = r#"{"services":[{"namespace":"ml","name":"iris","at":["http://iris.example.com"],
        "components":{"predictor":{"traffic":[{"revision":"iris-1","percent":100}]}}}],
        "revisions":[{"namespace":"ml","name":"iris-1",
        "facts":{"service":"iris","component":"predictor","port":8080,"timeoutSeconds":60},
        "replicas":[{"address":"10.0.0.1:8080"}]}]}"#;
    table.replace(serde_json::from_str::<Description>(text).unwrap()).unwrap();
    Peers::start(SocketAddr::from(([127, 0, 0, 1], 0)), table, 100).unwrap()
}

/// The status and the body of the reply.
fn ask(peers: &Peers, line: &str, rest: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(peers.address()).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{rest}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[test]
fn peers_are_told_what_is_routed_and_counted() {
    let peers = start();
    let (status, body) = ask(&peers, "GET /routes/ml/iris", "\r\n");
    assert_eq!(status, 200);
    let routes: Routes = serde_json::from_str(&body).unwrap();
    assert_eq!(routes.revisions[0].revision, "iris-1");
    assert_eq!((routes.revisions[0].percent, routes.revisions[0].replicas), (100, 1));
    assert!(routes.hosts.contains(&"iris.example.com".to_owned()), "{routes:?}");
    let (status, body) = ask(&peers, "GET /load", "\r\n");
    assert_eq!(status, 200);
    assert!(!serde_json::from_str::<LoadReport>(&body).unwrap().instance.is_empty());
    let (status, body) = ask(&peers, "GET /outcomes/ml/iris", "\r\n");
    assert_eq!(status, 200);
    let report: OutcomeReport = serde_json::from_str(&body).unwrap();
    assert!(!report.instance.is_empty() && report.revisions.is_empty(), "{report:?}");
    peers.stop().unwrap();
}

#[test]
fn what_is_unknown_or_wrong_is_refused() {
    let peers = start();
    for (line, rest, status) in [
        ("GET /routes/ml/wine", "\r\n", 404),
        ("GET /outcomes/ml/wine", "\r\n", 404),
        ("GET /pooled/ml/iris-1", "\r\n", 404),
        ("GET /pooled/ml", "\r\n", 404),
        ("GET /routes/iris", "\r\n", 404),
        ("GET /", "\r\n", 404),
        ("POST /load", "content-length: 0\r\n\r\n", 405),
        ("GET /announce", "\r\n", 404),
    ] {
        let (found, body) = ask(&peers, line, rest);
        assert_eq!(found, status, "{line}: {body}");
        assert!(body.starts_with("{\"error\":"), "{body}");
    }
    peers.stop().unwrap();
}
