//! Event loops: sockets accepted, connections driven, deadlines kept.

use std::{
    future::Future,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use longshore_daemon::Drain;
use tokio::net::{TcpListener, TcpStream};

use super::{
    handler::{self, Worker},
    listener::{BACKLOG, ignore_newcomers},
    socket::Watched,
    watch::{Connections, Phase, Watch},
};
use crate::{failure::Rejection, gate::Permit, memory};

/// How long the system's queue of new connections is emptied once the server goes down.
const QUEUE: Duration = Duration::from_millis(100);

/// How long an idle connection stays open once the server goes down. A client that keeps it may
/// have a request on its way; the reply to that request tells it to send no other.
const LINGER: Duration = Duration::from_secs(2);

/// Most bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;

/// Serves one listener until `stop` begins, then finishes what is open, for `grace` at most.
pub(crate) async fn serve(
    listener: TcpListener,
    worker: Arc<Worker>,
    stop: Drain,
    grace: Duration,
) {
    let connections = Arc::new(Connections::default());
    let sweep = tokio::spawn({
        let (worker, connections) = (worker.clone(), connections.clone());
        async move {
            loop {
                tokio::time::sleep(worker.clock.tick()).await;
                connections.sweep(&worker.clock, &worker.shared.limits);
            }
        }
    });
    accept_until(&listener, &worker, &connections, stop.begun()).await;
    let begun = Instant::now();
    if let Err(error) = ignore_newcomers(&listener) {
        tracing::debug!(%error, "new connections are accepted until the socket closes");
    }
    let queue = tokio::time::sleep(QUEUE.min(grace / 2));
    accept_until(&listener, &worker, &connections, queue).await;
    accept_queued(listener, &worker, &connections);
    connections.gone(begun + LINGER.min(grace / 4)).await;
    connections.close();
    connections.gone(begun + grace).await;
    if !connections.is_empty() {
        tracing::warn!("the grace period is over: open connections are cut");
    }
    sweep.abort();
}

/// Accepts connections until `end`.
async fn accept_until(
    listener: &TcpListener,
    worker: &Arc<Worker>,
    connections: &Arc<Connections>,
    end: impl Future<Output = ()>,
) {
    let mut end = std::pin::pin!(end);
    loop {
        tokio::select! {
            biased;
            () = &mut end => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => open(stream, worker, connections),
                Err(error) => {
                    // out of file descriptors, or a peer that left: neither ends the server
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
}

/// Accepts what the system has accepted for us, then closes the socket.
fn accept_queued(listener: TcpListener, worker: &Arc<Worker>, connections: &Arc<Connections>) {
    // asked directly: the event loop may not have heard of the latest ones yet
    let queue = listener.into_std();
    let next = || -> io::Result<TcpStream> {
        let (stream, _) =
            queue.as_ref().map_err(|error| io::Error::from(error.kind()))?.accept()?;
        stream.set_nonblocking(true)?;
        TcpStream::from_std(stream)
    };
    for _ in 0..BACKLOG {
        match next() {
            Ok(stream) => open(stream, worker, connections),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => return,
        }
    }
}

fn open(stream: TcpStream, worker: &Arc<Worker>, connections: &Arc<Connections>) {
    let Some(permit) = worker.connections.enter(1) else {
        worker.shared.rejections.count(Rejection::Connections);
        tracing::warn!("too many connections: one was closed");
        return;
    };
    // replies are written whole: waiting for more bytes only delays them
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    connections.add(|id| {
        let watch = Arc::new(Watch::default());
        watch.enter(Phase::New, &worker.clock);
        let end = End { id, connections: connections.clone(), _permit: permit };
        let task = tokio::spawn(drive(stream, worker.clone(), watch.clone(), end));
        (watch, task.abort_handle())
    });
}

/// Takes a connection off the list however its task ends.
struct End {
    id: u64,
    connections: Arc<Connections>,
    _permit: Permit,
}

impl Drop for End {
    fn drop(&mut self) {
        self.connections.remove(self.id);
    }
}

async fn drive(stream: TcpStream, worker: Arc<Worker>, watch: Arc<Watch>, end: End) {
    let io = Watched::new(stream, worker.clone(), watch.clone());
    let buffer = memory::read_buffer(&worker.shared.limits);
    let shared = (worker, watch.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (worker, watch) = shared.clone();
        async move { Ok::<_, std::convert::Infallible>(handler::handle(&worker, &watch, request).await) }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(buffer)
            .max_header_size(HEAD_BYTES)
            .serve_connection(io, service)
    );
    let mut told = false;
    let result = std::future::poll_fn(|cx| {
        watch.remember(cx.waker());
        // what has arrived is read before an idle connection is closed
        let polled = connection.as_mut().poll(cx);
        if polled.is_pending() && watch.may_close() && !told {
            told = true;
            connection.as_mut().graceful_shutdown();
            return connection.as_mut().poll(cx);
        }
        polled
    })
    .await;
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
    drop(end);
}
