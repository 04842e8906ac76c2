use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;

use crate::outgoing::Outgoing;

/// Most requests on one connection: fewer than servers allow, gRPC's and ours among them.
const STREAMS: usize = 100;

/// Most bytes that a replica may send on a stream before they are handed on.
const WINDOW: u32 = 1 << 20;

/// After how long a silent connection with requests is asked whether its peer lives.
const PING: Duration = Duration::from_secs(10);

/// A connection with many requests at a time, driven by a task of its event loop. Clones are handles to
/// the same connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<Outgoing>,
    state: Arc<State>,
}

struct State {
    made: Instant,
    open: AtomicUsize,
    /// When the last request ended, in milliseconds since it was made.
    used: AtomicU64,
}

/// A request on a connection, until it is dropped.
pub(crate) struct Open(Arc<State>);

impl Http2 {
    pub(super) async fn new(socket: TcpStream) -> io::Result<Self> {
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * 4)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to a replica ended early");
            }
        });
        let state =
            State { made: Instant::now(), open: AtomicUsize::new(0), used: AtomicU64::new(0) };
        Ok(Self { sender, state: Arc::new(state) })
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) fn has_room(&self) -> bool {
        self.state.open.load(Relaxed) < STREAMS
    }

    pub(super) fn is_used(&self) -> bool {
        self.state.open.load(Relaxed) > 0
    }

    /// True when it has had no request for so long.
    pub(super) fn rests(&self, time: Duration) -> bool {
        let used = Duration::from_millis(self.state.used.load(Relaxed));
        self.state.made.elapsed().saturating_sub(used) >= time
    }

    pub(super) fn begin(&self) -> Open {
        self.state.open.fetch_add(1, Relaxed);
        Open(self.state.clone())
    }

    pub(crate) fn sender(&mut self) -> &mut SendRequest<Outgoing> {
        &mut self.sender
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.used.store(self.0.made.elapsed().as_millis() as u64, Relaxed);
        self.0.open.fetch_sub(1, Relaxed);
    }
}
