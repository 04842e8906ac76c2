use std::{future::Future, io, net::SocketAddr, sync::Arc, thread, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use longshore_daemon::Drain;
use prometheus_client::registry::Registry;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::runtime::{Builder, Runtime};

use crate::{
    Config, Error, Models,
    config::Limits,
    gate::Gate,
    http::{connection, handler, handler::Worker, watch::Watch},
    metrics::{Rejections, ServeMetrics},
    pool::Pool,
};

/// Connections that the system accepts for us while we are busy.
const BACKLOG: i32 = 1024;

/// What all event loops share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) models: Models,
    pub(crate) limits: Limits,
    /// Requests computed or waiting for it.
    pub(crate) computing: Gate,
    /// Bytes of large bodies being received.
    pub(crate) buffered: Gate,
    pub(crate) connections: Gate,
    pub(crate) rejections: Rejections,
    pub(crate) pool: Pool,
    pub(crate) registry: Registry,
    pub(crate) drain: Drain,
}

/// A server that listens and has its models loaded.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// One socket an event loop, all on the same address.
    listeners: Vec<std::net::TcpListener>,
    shared: Arc<Shared>,
    grace: Duration,
    /// Answers requests that do not come over a socket.
    inner: Worker,
}

impl Server {
    /// Opens the sockets, then loads the models: callers that come meanwhile wait in the queue of
    /// the socket.
    ///
    /// # Errors
    /// [`Error`].
    pub fn bind(config: Config) -> Result<Self, Error> {
        let loops = if config.threads == 0 { cores() } else { config.threads };
        let mut address = SocketAddr::new(config.host, config.port);
        if address.port() != 0 {
            // sockets that share an address would also share it with another process, unasked
            listen(address, false).map_err(|source| Error::Listen { address, source })?;
        }
        let mut listeners = Vec::with_capacity(loops);
        for _ in 0..loops {
            let listener =
                listen(address, true).map_err(|source| Error::Listen { address, source })?;
            if address.port() == 0 {
                address =
                    listener.local_addr().map_err(|source| Error::Listen { address, source })?;
            }
            listeners.push(listener);
        }
        Self::build(config, address, listeners)
    }

    /// Loads the models without opening a socket: only [`Server::handle`] answers.
    ///
    /// # Errors
    /// [`Error`].
    pub fn offline(config: Config) -> Result<Self, Error> {
        let address = SocketAddr::new(config.host, 0);
        Self::build(config, address, Vec::new())
    }

    fn build(
        config: Config,
        address: SocketAddr,
        listeners: Vec<std::net::TcpListener>,
    ) -> Result<Self, Error> {
        let cores = cores();
        // the last shard counts what does not come over a socket
        let inner = listeners.len();
        let models = Models::start(config.models, config.expected, config.model_limits, inner + 1)?;
        let limits = config.limits;
        let computing = Gate::new(limits.concurrency);
        let connections = Gate::new(limits.connections);
        let rejections = Rejections::default();
        let drain = Drain::new();
        let mut registry = config.registry;
        registry.register_collector(Box::new(ServeMetrics {
            models: models.clone(),
            computing: computing.clone(),
            connections: connections.clone(),
            rejections: rejections.clone(),
            drain: drain.clone(),
        }));
        let pool =
            Pool::start(cores, limits.concurrency).map_err(|source| Error::Runtime { source })?;
        let shared = Arc::new(Shared {
            models,
            limits,
            computing,
            buffered: Gate::new(limits.buffered_bytes),
            connections,
            rejections,
            pool,
            registry,
            drain,
        });
        let inner = Worker::new(shared.clone(), inner);
        Ok(Self { address, listeners, shared, grace: config.grace, inner })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves, to be changed while it runs.
    pub fn models(&self) -> Models {
        self.shared.models.clone()
    }

    /// The way down: readiness turns off and [`Server::run`] returns once it has begun and what is
    /// in flight is finished.
    pub fn drain(&self) -> Drain {
        self.shared.drain.clone()
    }

    /// Serves until `shutdown` is done (or the drain begins), then finishes what is in flight.
    /// Blocks the calling thread, which becomes one of the event loops. `shutdown` is polled inside
    /// a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Runtime`] when an event loop cannot start.
    pub fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { listeners, shared, grace, .. } = self;
        let mut loops = Vec::with_capacity(listeners.len());
        for (loop_id, listener) in listeners.into_iter().enumerate() {
            let runtime = runtime().map_err(|source| Error::Runtime { source })?;
            let listener = {
                let _context = runtime.enter();
                tokio::net::TcpListener::from_std(listener)
                    .map_err(|source| Error::Runtime { source })?
            };
            let worker = Arc::new(Worker::new(shared.clone(), loop_id));
            loops.push((runtime, listener, worker));
        }
        let mut loops = loops.into_iter();
        let Some((main, listener, worker)) = loops.next() else { return Ok(()) };
        let drain = shared.drain.clone();
        let threads = main.block_on(async move {
            let stop = tokio::spawn({
                let drain = drain.clone();
                async move {
                    shutdown.await;
                    drain.begin();
                }
            });
            // whoever gets an answer may stop the server: what waits for that is in place before
            tokio::task::yield_now().await;
            let mut threads = Vec::new();
            for (runtime, listener, worker) in loops {
                let serve = move || runtime.block_on(connection::serve(listener, worker, grace));
                let name = format!("http-{}", threads.len() + 1);
                match thread::Builder::new().name(name).spawn(serve) {
                    Ok(thread) => threads.push(thread),
                    Err(source) => {
                        drain.begin();
                        return Err(Error::Runtime { source });
                    }
                }
            }
            connection::serve(listener, worker, grace).await;
            stop.abort();
            Ok(threads)
        })?;
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("an event loop panicked");
            }
        }
        Ok(())
    }

    /// Answers a request in place, as if it had come over a socket.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let watch = Watch::default();
        let response = handler::handle(&self.inner, &watch, request.map(Full::new)).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes);
        Response::from_parts(head, bytes.unwrap_or_default())
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
}

/// A listening socket on `address`, which it shares with others only when `shared`.
fn listen(address: SocketAddr, shared: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
