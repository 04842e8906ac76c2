use std::{convert::Infallible, io::Write, net::TcpStream, sync::atomic::Ordering::Relaxed};

use http_body_util::BodyExt;
use hyper::{StatusCode, body::Bytes};
use longshore_daemon::server::Limits;

use crate::running::{Sent, impatient, limits, start, whole};

/// A body that never comes.
fn endless() -> Sent {
    struct Never;
    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
            std::task::Poll::Pending
        }
    }
    Never.boxed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn requests_share_a_connection_on_the_port_of_http1() {
    let server = start(limits());
    let mut client = server.http2().await;
    let large = "x".repeat(1_000_000);
    let (one, other) = (client.post("/", whole("one")), client.post("/", whole(&large)));
    let (one, other) = tokio::join!(one, other);
    assert_eq!(one.unwrap(), (StatusCode::OK, "one".into()));
    assert_eq!(other.unwrap().1, large);
    let http1 = server.exchange("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(http1.starts_with("HTTP/1.1 200 "), "{http1}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_preface_may_come_byte_by_byte() {
    let server = start(limits());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    // an empty SETTINGS frame (RFC 9113 §6.5)
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
    let mut head = [0; 9];
    std::io::Read::read_exact(&mut stream, &mut head).unwrap();
    assert_eq!(head[3], 4, "the server sends its settings: {head:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_body_and_an_idle_connection_are_ended() {
    let server = start(impatient());
    let mut client = server.http2().await;
    let (status, _) = client.post("/", endless()).await.unwrap();
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(client.post("/", whole("next")).await.unwrap().1, "next");
    client.closed.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_is_not_idle_while_a_request_is_answered() {
    let server = start(impatient());
    let mut client = server.http2().await;
    let held = client.post("/held", whole("held"));
    let waited = tokio::time::sleep(impatient().idle_timeout * 3);
    let release = async {
        waited.await;
        server.release.add_permits(1);
    };
    let (held, ()) = tokio::join!(held, release);
    assert_eq!(held.unwrap().1, "held");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn requests_beyond_the_limit_are_refused_before_they_begin() {
    let server = start(Limits { connections: 2, ..limits() });
    let mut client = server.http2().await;
    let held: Vec<_> = (0..2).map(|_| tokio::spawn(client.post("/held", whole("held")))).collect();
    while server.begun.load(Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
    let failure = client.post("/", whole("third")).await.unwrap_err();
    assert!(format!("{failure:?}").contains("REFUSED_STREAM"), "{failure:?}");
    assert_eq!(server.begun.load(Relaxed), 2, "the service has not seen it");
    server.release.add_permits(2);
    for request in held {
        assert_eq!(request.await.unwrap().unwrap().1, "held");
    }
    assert_eq!(client.post("/", whole("fourth")).await.unwrap().1, "fourth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_service_knows_who_asks() {
    let server = start(limits());
    let mut client = server.http2().await;
    let (_, known) = client.post("/connection", whole("ok")).await.unwrap();
    assert!(known.starts_with(b"Some(Connection { peer: 127.0.0.1:"), "{known:?}");
}
