use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use longshore_daemon::Drain;
use prometheus_client::registry::Registry;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Config, Error, Models,
    config::Limits,
    gate::Gate,
    http::{
        connection, handler,
        handler::{Offer, Worker},
        listener::listen,
        watch::Watch,
    },
    memory,
    metrics::{Rejections, ServeMetrics},
    pool::Pool,
};

/// Most connections to the port of the metrics.
const METRICS_CONNECTIONS: usize = 128;

/// How long requests for the metrics may take once everything else has ended.
const METRICS_GRACE: Duration = Duration::from_secs(1);

/// What all event loops share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) models: Models,
    pub(crate) limits: Limits,
    /// Requests computed or waiting for it.
    pub(crate) computing: Gate,
    /// Bytes of memory that large requests take.
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
    listeners: Vec<TcpListener>,
    /// The port of the metrics, when they have one of their own.
    metrics: Option<(SocketAddr, TcpListener)>,
    shared: Arc<Shared>,
    drain_delay: Duration,
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
            listen(address, false)?;
        }
        let mut listeners = Vec::with_capacity(loops);
        for _ in 0..loops {
            let (found, listener) = listen(address, true)?;
            address = found;
            listeners.push(listener);
        }
        let metrics = config.metrics_port.map(|port| listen((config.host, port).into(), false));
        Self::build(config, address, listeners, metrics.transpose()?)
    }

    /// Loads the models without opening a socket: only [`Server::handle`] answers.
    ///
    /// # Errors
    /// [`Error`].
    pub fn offline(config: Config) -> Result<Self, Error> {
        let address = SocketAddr::new(config.host, 0);
        Self::build(config, address, Vec::new(), None)
    }

    fn build(
        config: Config,
        address: SocketAddr,
        listeners: Vec<TcpListener>,
        metrics: Option<(SocketAddr, TcpListener)>,
    ) -> Result<Self, Error> {
        let cores = cores();
        // the last shard counts what does not come over a socket
        let inner = listeners.len();
        let models = Models::start(
            config.models,
            config.expected,
            config.model_limits,
            inner + 1,
            config.strict,
        )?;
        let limits = memory::fit(config.limits);
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
        let inner = Worker::new(shared.clone(), inner, Offer::All, shared.connections.clone());
        let (drain_delay, grace) = (config.drain_delay, config.grace);
        Ok(Self { address, listeners, metrics, shared, drain_delay, grace, inner })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the metrics, when they have a port of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(address, _)| *address)
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
        let Self { listeners, metrics, shared, drain_delay, grace, .. } = self;
        let offer = if metrics.is_some() { Offer::Models } else { Offer::All };
        // the sockets close, and that of the metrics, which tells of the others, after them
        let (stop, over) = (Drain::new(), Drain::new());
        let mut loops = Vec::with_capacity(listeners.len());
        for (loop_id, listener) in listeners.into_iter().enumerate() {
            let worker = Worker::new(shared.clone(), loop_id, offer, shared.connections.clone());
            loops.push(Loop::new(listener, worker, stop.clone(), grace)?);
        }
        let watcher = metrics.map(|(_, listener)| {
            let connections = Gate::new(METRICS_CONNECTIONS);
            let worker = Worker::new(shared.clone(), usize::MAX, Offer::Metrics, connections);
            Loop::new(listener, worker, over.clone(), METRICS_GRACE)
        });
        let watcher = watcher.transpose()?.map(|watcher| ("http-metrics".to_owned(), watcher));
        let mut loops = loops.into_iter();
        let Some(first) = loops.next() else { return Ok(()) };
        let (drain, stopping) = (shared.drain.clone(), stop.clone());
        first.runtime.spawn(async move {
            tokio::select! {
                () = shutdown => drain.begin(),
                () = drain.begun() => {}
            }
            // who was never ready gets no new connections that could be lost
            if shared.models.current().is_ready() {
                tokio::time::sleep(drain_delay).await;
            }
            stopping.begin();
        });
        // whoever gets an answer may stop the server: what waits for that is in place before
        first.runtime.block_on(tokio::task::yield_now());
        let others = loops.enumerate().map(|(at, other)| (format!("http-{}", at + 1), other));
        let threads: Result<Vec<_>, _> =
            others.chain(watcher).map(|(name, other)| other.spawn(name)).collect();
        match &threads {
            Ok(_) => first.run(),
            Err(_) => stop.begin(),
        }
        over.begin();
        for thread in threads? {
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

/// A socket and the event loop that serves it.
struct Loop {
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    worker: Arc<Worker>,
    /// When it stops accepting.
    stop: Drain,
    grace: Duration,
}

impl Loop {
    fn new(
        listener: TcpListener,
        worker: Worker,
        stop: Drain,
        grace: Duration,
    ) -> Result<Self, Error> {
        let open = || {
            let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
            let context = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            drop(context);
            Ok((runtime, listener))
        };
        let (runtime, listener) = open().map_err(|source| Error::Runtime { source })?;
        Ok(Self { runtime, listener, worker: Arc::new(worker), stop, grace })
    }

    fn run(self) {
        let Self { runtime, listener, worker, stop, grace } = self;
        runtime.block_on(connection::serve(listener, worker, stop, grace));
    }

    fn spawn(self, name: String) -> Result<JoinHandle<()>, Error> {
        let thread = thread::Builder::new().name(name).spawn(move || self.run());
        thread.map_err(|source| Error::Runtime { source })
    }
}
