//! The listener under every role: sockets, event loops and connections, and how they end without
//! the loss of a request.
//!
//! [`Server::bind`] opens the sockets, [`Server::run`] serves on them until it is told to stop. What
//! answers is a service: hyper's `Service`, or a tower service in an adapter of `hyper-util`. It
//! speaks HTTP/1 and HTTP/2 on the same port, and is the same for both.

use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

mod accept;
pub mod access_log;
mod answering;
pub mod auth;
mod body;
mod connection;
mod deadline;
mod event_loop;
mod in_place;
mod listener;
mod probe;
mod socket;
pub mod tls;
mod transport;
mod upgrade;
mod wakes;

pub use accept::{Accept, Accepted, Connection, Plain};
pub use body::Body;
pub use connection::Answer;
pub use probe::{Page, Probe, Question, Readiness};
pub use transport::{Stream, Transport};
pub use upgrade::{Duplex, Upgrade};

use crate::{Drain, Error, cgroup, gate::Gate};
use event_loop::{Loop, Shared};
use listener::listen;

/// Most connections to the port of the probes.
const PROBE_CONNECTIONS: usize = 128;

/// How long requests to the port of the probes may take once everything else has ended.
const PROBE_GRACE: Duration = Duration::from_secs(1);

/// Bounds that keep peers from exhausting a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections, not counting those to the port of the probes. On an HTTP/2
    /// connection, each open request beyond the first counts as one more.
    pub connections: usize,
    /// Most open requests on one HTTP/2 connection.
    pub streams: u32,
    /// Most bytes that a connection reads at a time, and may keep for as long as it is open.
    pub read_buffer: usize,
    /// How long a request's head may take to arrive, and how long a handshake may take.
    pub header_timeout: Duration,
    /// How long a request's body may take to arrive, or each part of it to a service that lets the
    /// body rest in between ([`Body::rest`]).
    pub body_timeout: Duration,
    /// How long a connection may stay open without a request.
    pub idle_timeout: Duration,
}

impl Default for Limits {
    /// What suits most servers. Where a control group limits memory, there is at most one
    /// connection for each 128 KiB of that limit.
    fn default() -> Self {
        let memory = cgroup::memory_limit().and_then(|bytes| usize::try_from(bytes).ok());
        Self {
            connections: 16_384.min(memory.unwrap_or(usize::MAX) / (128 << 10)),
            streams: 128,
            read_buffer: 64 << 10,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(90),
        }
    }
}

/// Where a server listens, and how it ends.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The address; port 0 lets the system choose.
    pub address: SocketAddr,
    /// One more address, where the same service answers.
    pub second: Option<SocketAddr>,
    /// The address of the probes, when they have one of their own. Its event loop has a thread of
    /// its own and answers also when the others are busy.
    pub probes: Option<SocketAddr>,
    /// Event loops, one thread each; 0 is one a core.
    pub loops: usize,
    /// Bounds of connections.
    pub limits: Limits,
    /// How long new connections are still answered once the server is told to stop. The server is
    /// not ready from the first moment, and this gives load balancers time to learn of it.
    pub drain_delay: Duration,
    /// How long what is in flight may take once the server is told to stop.
    pub grace: Duration,
}

/// Sockets that are open: callers wait in their queues until the server runs.
#[derive(Debug)]
pub struct Server {
    config: Config,
    /// The sockets of each event loop, one on each address.
    listeners: Vec<Vec<TcpListener>>,
    probes: Option<TcpListener>,
    connections: Gate,
}

impl Server {
    /// Opens the sockets.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub fn bind(mut config: Config) -> Result<Self, Error> {
        if config.loops == 0 {
            config.loops = cores();
        }
        let mut listeners: Vec<Vec<TcpListener>> = (0..config.loops).map(|_| Vec::new()).collect();
        for address in [Some(&mut config.address), config.second.as_mut()].into_iter().flatten() {
            open(address, &mut listeners)?;
        }
        let mut probes = None;
        if let Some(address) = &mut config.probes {
            let (found, listener) = listen(*address, false)?;
            *address = found;
            probes = Some(listener);
        }
        let connections = Gate::new(config.limits.connections);
        Ok(Self { config, listeners, probes, connections })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.config.address
    }

    /// The second address, when there is one.
    pub fn second_address(&self) -> Option<SocketAddr> {
        self.config.second
    }

    /// The address of the probes, when they have one of their own.
    pub fn probe_address(&self) -> Option<SocketAddr> {
        self.config.probes
    }

    /// Number of its event loops.
    pub fn loops(&self) -> usize {
        self.listeners.len()
    }

    /// The open connections, to be looked at.
    pub fn connections(&self) -> Gate {
        self.connections.clone()
    }

    /// Serves until `shutdown` is done (or the drain of `probe` begins), then finishes what is in
    /// flight. Blocks the calling thread, which becomes one of the event loops. `shutdown` is
    /// polled inside a tokio runtime. `service` gets the number of an event loop, and makes what
    /// answers there.
    ///
    /// # Errors
    /// [`Error::Runtime`] when an event loop cannot start.
    pub fn run<A: Accept + Clone, S: Answer>(
        self,
        accept: &A,
        mut service: impl FnMut(usize) -> S,
        probe: Arc<Probe>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let Self { config, listeners, probes, connections } = self;
        let Config { limits, drain_delay, grace, .. } = config;
        let drain = probe.drain().clone();
        // `stop` closes the sockets; `over` closes that of the probes after them, since probes
        // report on the others
        let (stop, over) = (Drain::new(), Drain::new());
        let mut loops = Vec::with_capacity(listeners.len());
        for (loop_id, listeners) in listeners.into_iter().enumerate() {
            let (service, connections) = (service(loop_id), connections.clone());
            let shared = Shared::new(accept.clone(), service, limits, connections, drain.clone());
            loops.push(Loop::new(listeners, shared, stop.clone(), grace)?);
        }
        let mut loops = loops.into_iter();
        let Some(first) = loops.next() else { return Ok(()) };
        let watcher = probes.map(|listener| {
            let connections = Gate::new(PROBE_CONNECTIONS);
            let shared = Shared::new(Plain, probe.clone(), limits, connections, drain.clone());
            Loop::new(vec![listener], shared, over.clone(), PROBE_GRACE)
        });
        let watcher = watcher.transpose()?;
        let stopping = stop.clone();
        first.runtime().spawn(async move {
            tokio::select! {
                () = shutdown => drain.begin(),
                () = drain.begun() => {}
            }
            // a server that was never ready gets no new connections that could be lost
            if probe.is_complete() {
                tokio::time::sleep(drain_delay).await;
            }
            stopping.begin();
        });
        // whoever gets a reply may stop the server, so the task above is polled before the first
        // reply
        first.runtime().block_on(tokio::task::yield_now());
        let mut threads = Vec::new();
        let others = loops.enumerate().map(|(at, other)| other.spawn(format!("http-{}", at + 1)));
        let watcher = watcher.map(|watcher| watcher.spawn("http-probes".to_owned()));
        let spawned = others.chain(watcher).try_for_each(|thread| {
            threads.push(thread?);
            Ok(())
        });
        match &spawned {
            Ok(()) => first.run(),
            Err(_) => stop.begin(),
        }
        over.begin();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("an event loop panicked");
            }
        }
        spawned
    }
}

/// Opens a socket on `address` for each event loop, and puts the port that the system chose into
/// `address`.
fn open(address: &mut SocketAddr, loops: &mut [Vec<TcpListener>]) -> Result<(), Error> {
    if address.port() != 0 {
        // sockets that share an address would also share it with another process, unasked
        listen(*address, false)?;
    }
    for sockets in loops {
        let (found, listener) = listen(*address, true)?;
        *address = found;
        sockets.push(listener);
    }
    Ok(())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
