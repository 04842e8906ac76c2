use std::{
    error::Error,
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use hyper::StatusCode;

use crate::running::{limits, start, whole};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_in_flight_is_finished() {
    let mut server = start(limits());
    let mut client = server.http2().await;
    let held = tokio::spawn(client.post("/held", whole("held")));
    let http1 = std::thread::spawn({
        let address = server.address;
        move || {
            let request = "POST /held HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nold";
            crate::running::exchange(address, request)
        }
    });
    server.wait_for(2).await;
    server.drain.begin();
    server.release.add_permits(2);
    assert_eq!(held.await.unwrap().unwrap(), (StatusCode::OK, "held".into()));
    let reply = http1.join().unwrap();
    assert!(
        reply.contains("\r\nconnection: close\r\n") && reply.ends_with("\r\n\r\nold"),
        "{reply}"
    );
    client.closed.await.unwrap().unwrap();
    server.join();
    assert!(TcpStream::connect(server.address).is_err());
    assert!(TcpStream::connect(server.second).is_err());
}

#[tokio::test]
async fn a_second_address_is_served_and_drained_like_the_first() {
    let mut server = start(limits());
    assert!(server.second.port() != server.address.port());
    let http1 = std::thread::spawn({
        let address = server.second;
        move || {
            let request = "POST /held HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nold";
            crate::running::exchange(address, request)
        }
    });
    server.wait_for(1).await;
    server.drain.begin();
    server.release.add_permits(1);
    assert!(http1.join().unwrap().ends_with("\r\n\r\nold"));
    server.join();
    assert!(TcpStream::connect(server.second).is_err());
}

/// Whether the client did not send the request at all, since it knew that the connection ends, or
/// learned by the server's GOAWAY that the server has not begun it.
fn is_not_begun(failure: &hyper::Error) -> bool {
    let http2 = failure.source().and_then(|source| source.downcast_ref::<h2::Error>());
    failure.is_canceled()
        || failure.is_closed()
        || http2.is_some_and(|error| {
            error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
        })
}

/// Clients that ask without pause on one connection each until it is ended: the answer to each
/// request that was sent comes, or the server says that it was not begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_request_of_http2_is_lost() {
    for round in 0..5 {
        let mut server = start(limits());
        let (answered, unanswered) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let over = AtomicBool::new(false);
        let client = async || {
            let mut client = server.http2().await;
            loop {
                match client.post("/", whole("it")).await {
                    Ok((status, body)) => {
                        assert_eq!((status, &*body), (StatusCode::OK, &b"it"[..]));
                        answered.fetch_add(1, Relaxed);
                    }
                    Err(failure) => {
                        assert!(over.load(Relaxed), "round {round}: {failure:?}");
                        assert!(is_not_begun(&failure), "{failure:?}");
                        unanswered.fetch_add(1, Relaxed);
                        return client.closed.await.unwrap().unwrap();
                    }
                }
            }
        };
        let stop = async {
            while answered.load(Relaxed) < 100 {
                tokio::task::yield_now().await;
            }
            over.store(true, Relaxed);
            server.drain.begin();
        };
        tokio::join!(client(), client(), client(), client(), stop);
        assert_eq!(unanswered.load(Relaxed), 4);
        assert_eq!(server.begun.load(Relaxed), answered.load(Relaxed), "round {round}");
        server.join();
    }
}
