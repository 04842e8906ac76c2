//! The socket of a connection: its watch is told when bytes pass, and its end loses no reply.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt;
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::{handler::Worker, watch::Watch};

/// How long a peer has to close its side after ours.
const PARTING: Duration = Duration::from_millis(250);

/// A connected socket.
pub(super) struct Watched {
    io: TokioIo<TcpStream>,
    worker: Arc<Worker>,
    watch: Arc<Watch>,
    /// Our side is closed: how long the peer's is waited for.
    parting: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, worker: Arc<Worker>, watch: Arc<Watch>) -> Self {
        Self { io: TokioIo::new(stream), worker, watch, parting: None }
    }

    fn note_sent<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.watch.sent(&self.worker.clock);
        }
        polled
    }
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
        self.note_sent(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Closes our side and reads what the peer still sends until it closes its own: a socket that
    /// is given up with bytes unread resets the connection, which may cost the peer our last reply.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let parting = match &mut this.parting {
            Some(parting) => parting,
            none => {
                ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
                none.insert(Box::pin(sleep(PARTING)))
            }
        };
        let mut unread = [0; 1024];
        loop {
            if parting.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(this.io.inner().poll_read_ready(cx))?;
            match this.io.inner().try_read(&mut unread) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
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
        self.note_sent(polled)
    }
}
