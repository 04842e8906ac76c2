//! Event loops: sockets accepted, connections driven, deadlines kept.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::{body::Incoming, rt, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::{
    handler::{self, Worker},
    watch::{Connections, Watch},
};
use crate::{failure::Rejection, gate::Permit};

/// How long idle connections stay open once the server goes down: a request that is on its way
/// when the drain begins still arrives.
const LINGER: Duration = Duration::from_millis(100);

/// Most bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;

/// Most bytes read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Serves one listener until the drain begins, then finishes what is open, for `grace` at most.
pub(crate) async fn serve(listener: TcpListener, worker: Arc<Worker>, grace: Duration) {
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
    let mut draining = std::pin::pin!(worker.shared.drain.begun());
    loop {
        tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => open(stream, &worker, &connections),
                Err(error) => {
                    // out of file descriptors, or a peer that left: neither ends the server
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
    // those the system has already accepted for us
    while let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::ZERO, listener.accept()).await {
        open(stream, &worker, &connections);
    }
    drop(listener);
    let begun = Instant::now();
    let mut told = false;
    while !connections.is_empty() && begun.elapsed() < grace {
        if !told && begun.elapsed() >= LINGER.min(grace / 2) {
            connections.close();
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    if !connections.is_empty() {
        tracing::warn!("the grace period is over: open connections are cut");
    }
    sweep.abort();
}

fn open(stream: TcpStream, worker: &Arc<Worker>, connections: &Arc<Connections>) {
    let Some(permit) = worker.shared.connections.enter(1) else {
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
        watch.enter(super::watch::Phase::Head, &worker.clock);
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
    let io = Watched { io: TokioIo::new(stream), worker: worker.clone(), watch: watch.clone() };
    let shared = (worker, watch.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (worker, watch) = shared.clone();
        async move { Ok::<_, std::convert::Infallible>(handler::handle(&worker, &watch, request).await) }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(BUFFER_BYTES)
            .max_header_size(HEAD_BYTES)
            .serve_connection(io, service)
    );
    let mut told = false;
    let result = std::future::poll_fn(|cx| {
        watch.remember(cx.waker());
        // what has arrived is read before an idle connection is closed
        let polled = connection.as_mut().poll(cx);
        if polled.is_pending() && watch.is_closing() && !told {
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

/// A socket that tells its watch when bytes pass.
struct Watched {
    io: TokioIo<TcpStream>,
    worker: Arc<Worker>,
    watch: Arc<Watch>,
}

impl rt::Read for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if polled.is_ready() {
            self.watch.received(&self.worker.clock);
        }
        polled
    }
}

impl rt::Write for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        if polled.is_ready() {
            self.watch.sent(&self.worker.clock);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        if polled.is_ready() {
            self.watch.sent(&self.worker.clock);
        }
        polled
    }
}
