//! An event loop: a socket whose connections are accepted, and driven until all are gone.

use std::{
    future::{Future, poll_fn},
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    task::Poll,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
};

use super::{
    Limits,
    accept::Accept,
    connection::{self, Answer},
    deadline::{Clock, Connections, Watch},
    listener::{BACKLOG, ignore_newcomers},
};
use crate::{
    Drain, Error,
    gate::{Gate, Permit},
};

/// How long the system's queue of new connections is emptied once the server goes down.
const QUEUE: Duration = Duration::from_millis(100);

/// How long an idle connection stays open once the server goes down. A client that keeps it may
/// have a request on its way; the reply to that request tells it to send no other.
const LINGER: Duration = Duration::from_secs(2);

/// Most connections of an event loop that keep what HTTP/1 needs from one request to the next: about a
/// megabyte. It costs a request about a microsecond to do without.
const AT_WORK: usize = 64;

/// What the connections of an event loop share.
pub(super) struct Shared<A, S> {
    pub(super) accept: A,
    pub(super) service: S,
    pub(super) limits: Limits,
    pub(super) clock: Arc<Clock>,
    /// Connections, and requests beyond the first of an HTTP/2 connection.
    pub(super) connections: Gate,
    /// Connections of this loop that keep what HTTP/1 needs between two requests.
    pub(super) at_work: Gate,
    /// Once it has begun, a connection ends after its next reply.
    pub(super) drain: Drain,
}

impl<A, S> Shared<A, S> {
    pub(super) fn new(
        accept: A,
        service: S,
        limits: Limits,
        connections: Gate,
        drain: Drain,
    ) -> Self {
        let (clock, at_work) = (Arc::new(Clock::new(&limits)), Gate::new(AT_WORK));
        Self { accept, service, limits, clock, connections, at_work, drain }
    }
}

/// Sockets and the event loop that serves them.
pub(super) struct Loop<A, S> {
    runtime: Runtime,
    listeners: Vec<tokio::net::TcpListener>,
    shared: Arc<Shared<A, S>>,
    connections: Arc<Connections>,
    /// When it stops accepting.
    stop: Drain,
    grace: Duration,
}

impl<A: Accept, S: Answer> Loop<A, S> {
    pub(super) fn new(
        listeners: Vec<TcpListener>,
        shared: Shared<A, S>,
        stop: Drain,
        grace: Duration,
    ) -> Result<Self, Error> {
        let open = || {
            let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
            let context = runtime.enter();
            let listeners = listeners.into_iter().map(tokio::net::TcpListener::from_std);
            let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
            drop(context);
            Ok((runtime, listeners))
        };
        let (runtime, listeners) = open().map_err(|source| Error::Runtime { source })?;
        let connections = Arc::default();
        Ok(Self { runtime, listeners, shared: Arc::new(shared), connections, stop, grace })
    }

    /// The runtime, for what has to run beside the connections.
    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Runs it in a thread of its own.
    pub(super) fn spawn(self, name: String) -> Result<JoinHandle<()>, Error> {
        let thread = thread::Builder::new().name(name).spawn(move || self.run());
        thread.map_err(|source| Error::Runtime { source })
    }

    /// Serves until `stop` begins, then finishes what is open, for the grace period at most.
    pub(super) fn run(self) {
        let Self { runtime, listeners, shared, connections, stop, grace } = self;
        let port = Port { shared, connections };
        runtime.block_on(port.serve(listeners, stop, grace));
    }
}

/// The connections of listening sockets.
struct Port<A, S> {
    shared: Arc<Shared<A, S>>,
    connections: Arc<Connections>,
}

impl<A: Accept, S: Answer> Port<A, S> {
    async fn serve(self, listeners: Vec<tokio::net::TcpListener>, stop: Drain, grace: Duration) {
        let sweep = tokio::spawn({
            let (limits, clock) = (self.shared.limits, self.shared.clock.clone());
            let connections = self.connections.clone();
            async move {
                loop {
                    tokio::time::sleep(clock.tick()).await;
                    connections.sweep(&clock, &limits);
                }
            }
        });
        self.accept_until(&listeners, stop.begun()).await;
        let begun = Instant::now();
        for listener in &listeners {
            if let Err(error) = ignore_newcomers(listener) {
                tracing::debug!(%error, "new connections are accepted until the socket closes");
            }
        }
        let queue = tokio::time::sleep(QUEUE.min(grace / 2));
        self.accept_until(&listeners, queue).await;
        for listener in listeners {
            self.accept_queued(listener);
        }
        self.connections.gone(begun + LINGER.min(grace / 4)).await;
        self.connections.close();
        self.connections.gone(begun + grace).await;
        if !self.connections.is_empty() {
            tracing::warn!("the grace period is over: open connections are cut");
        }
        sweep.abort();
    }

    /// Accepts connections until `end`.
    async fn accept_until(
        &self,
        listeners: &[tokio::net::TcpListener],
        end: impl Future<Output = ()>,
    ) {
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                accepted = accept(listeners) => match accepted {
                    Ok((socket, peer)) => self.open(socket, peer),
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
    fn accept_queued(&self, listener: tokio::net::TcpListener) {
        // the system is asked directly: the event loop may not have heard of the latest ones yet
        let queue = listener.into_std();
        let next = || -> io::Result<(TcpStream, SocketAddr)> {
            let (socket, peer) =
                queue.as_ref().map_err(|error| io::Error::from(error.kind()))?.accept()?;
            socket.set_nonblocking(true)?;
            Ok((TcpStream::from_std(socket)?, peer))
        };
        for _ in 0..BACKLOG {
            match next() {
                Ok((socket, peer)) => self.open(socket, peer),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => return,
            }
        }
    }

    fn open(&self, socket: TcpStream, peer: SocketAddr) {
        let Some(permit) = self.shared.connections.enter(1) else {
            tracing::warn!("too many connections: one was closed");
            return;
        };
        // replies are written whole: waiting for more bytes only delays them
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone at once");
            return;
        }
        self.connections.add(|id| {
            let (clock, drain) = (self.shared.clock.clone(), self.shared.drain.clone());
            let watch = Arc::new(Watch::new(clock, drain, peer));
            let end = End { id, connections: self.connections.clone(), _permit: permit };
            let drive = connection::drive(socket, self.shared.clone(), watch.clone(), end);
            let task = tokio::spawn(drive);
            (watch, task.abort_handle())
        });
    }
}

/// The next connection to any of the sockets.
async fn accept(listeners: &[tokio::net::TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|cx| {
        let mut polled = listeners.iter().map(|listener| listener.poll_accept(cx));
        polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}

/// Takes a connection off the list however its task ends.
pub(super) struct End {
    id: u64,
    connections: Arc<Connections>,
    _permit: Permit,
}

impl Drop for End {
    fn drop(&mut self) {
        self.connections.remove(self.id);
    }
}
