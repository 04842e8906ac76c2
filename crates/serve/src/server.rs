use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, thread};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, Response, service::service_fn};
use longshore_daemon::{
    Drain,
    gate::Gate,
    server::{self, Probe, Transport},
};
use longshore_platform::names::POOL;
use tokio_util::either::Either;

use crate::{
    Config, Error, Models, grpc,
    http::handler,
    inference::{Cache, Capacity, Pool, Queue},
    memory,
    metrics::{PoolCounts, Rejections, ServeMetrics},
    models::Start,
    outgoing::Outgoing,
    shared::{Shared, Worker},
    warm_pool::{self, WarmPool},
};

/// A server that listens and has its models loaded.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    listening: Option<server::Server>,
    transport: Transport,
    shared: Arc<Shared>,
    /// Answers requests that do not come over a socket.
    inner: Arc<Worker>,
    warm_pool: Option<Arc<WarmPool>>,
}

impl Server {
    /// Opens the sockets, then loads the models: callers that come meanwhile wait in the queue of
    /// the socket.
    ///
    /// # Errors
    /// [`Error`].
    pub fn bind(config: Config) -> Result<Self, Error> {
        let limits = server::Limits {
            read_buffer: memory::read_buffer(&config.limits),
            ..config.connections
        };
        let grpc_port = config.grpc_port.filter(|port| *port == 0 || *port != config.port);
        let listening = server::Server::bind(server::Config {
            address: SocketAddr::new(config.host, config.port),
            second: grpc_port.map(|port| SocketAddr::new(config.host, port)),
            probes: config.metrics_port.map(|port| SocketAddr::new(config.host, port)),
            loops: config.threads,
            limits,
            drain_delay: config.drain_delay,
            grace: config.grace,
        })?;
        Self::build(config, Some(listening))
    }

    /// Loads the models without opening a socket: only [`Server::handle`] answers.
    ///
    /// # Errors
    /// [`Error`].
    pub fn offline(config: Config) -> Result<Self, Error> {
        Self::build(config, None)
    }

    fn build(config: Config, listening: Option<server::Server>) -> Result<Self, Error> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // the last shard counts what does not come over a socket
        let inner = listening.as_ref().map_or(0, server::Server::loops);
        let limits = memory::fit(config.limits);
        let cache = (config.output_cache_bytes > 0).then(|| Cache::new(config.output_cache_bytes));
        let models = Models::start(Start {
            sources: config.models,
            expected: config.expected,
            on_demand: config.on_demand,
            catalog: config.catalog,
            strict: config.strict,
            may_be_empty: config.warm_pool.is_some(),
            control: config.model_control,
            loaded_bytes: config.loaded_bytes,
            model_limits: config.model_limits,
            waiting: (limits.concurrency, limits.request_timeout),
            cache: cache.clone(),
            shards: inner + 1,
        })?;
        let computing = Gate::new(limits.concurrency);
        let connections = listening.as_ref().map(server::Server::connections);
        let rejections = Rejections::default();
        let drain = Drain::new();
        let pool =
            Pool::start(cores, limits.concurrency).map_err(|source| Error::Pool { source })?;
        let queue = config.batching.map(|batching| Queue::new(batching, pool.clone()));
        let counts: Arc<PoolCounts> = Arc::default();
        let mut registry = config.registry;
        if let Some(recorder) = &config.recorder {
            registry.register_collector(Box::new(recorder.clone()));
        }
        registry.register_collector(Box::new(ServeMetrics {
            models: models.clone(),
            computing: computing.clone(),
            connections: connections.unwrap_or_else(|| Gate::new(0)),
            queue: queue.clone(),
            cache,
            warm_pool: config.warm_pool.is_some().then(|| counts.clone()),
            rejections: rejections.clone(),
            drain: drain.clone(),
        }));
        let probe = Probe::new(registry, drain.clone(), models.clone());
        let shared = Arc::new(Shared {
            models,
            capacity: Arc::new(Capacity {
                limits,
                computing,
                buffered: Gate::new(limits.buffered_bytes),
                pool,
                queue,
            }),
            rejections,
            probe: Arc::new(probe),
            metrics_elsewhere: config.metrics_port.is_some() && listening.is_some(),
            drain,
            // the rest is for the peer to take the last answers
            stream_grace: config.drain_delay.saturating_add(config.grace / 2),
            keys: config.keys,
            metrics_without_key: config.metrics_without_key,
            // a pool has no models of its own to show
            ui: config.ui && config.warm_pool.is_none(),
            tracer: config.tracer,
            recorder: config.recorder,
            secure: matches!(config.transport, Transport::Tls(_)),
        });
        let settings = warm_pool::Settings {
            budget: config.loaded_bytes,
            workers: inner + 1,
            model_limits: config.model_limits,
            waiting: (limits.concurrency, limits.request_timeout),
        };
        let warm_pool = config
            .warm_pool
            .map(|locations| Arc::new(WarmPool::new(shared.clone(), locations, settings, counts)));
        let address = SocketAddr::new(config.host, 0);
        let address = listening.as_ref().map_or(address, server::Server::address);
        let inner = Arc::new(Worker::new(shared.clone(), inner));
        Ok(Self { address, listening, transport: config.transport, shared, inner, warm_pool })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `grpc_port`, when it is another one.
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.listening.as_ref().and_then(server::Server::second_address)
    }

    /// The address of the metrics, when they have a port of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.listening.as_ref().and_then(server::Server::probe_address)
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
    /// [`Error::Server`] when an event loop cannot start.
    pub fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { listening, transport, shared, warm_pool, .. } = self;
        let Some(listening) = listening else { return Ok(()) };
        let probe = shared.probe.clone();
        let service = |loop_id| {
            let worker = Arc::new(Worker::new(shared.clone(), loop_id));
            let warm_pool = warm_pool.clone();
            service_fn(move |request| route(warm_pool.as_ref(), worker.clone(), request))
        };
        listening.run(&transport, service, probe, shutdown)?;
        Ok(())
    }

    /// Answers a request in place, as if it had come over a socket.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request = request.map(server::Body::from);
        let response = route(self.warm_pool.as_ref(), self.inner.clone(), request).await;
        let (head, body) = response.unwrap_or_else(|never| match never {}).into_parts();
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes);
        Response::from_parts(head, bytes.unwrap_or_default())
    }
}

/// Answers a request: for the models of the server, or for the one of the warm pool that it names.
fn route(
    warm_pool: Option<&Arc<WarmPool>>,
    worker: Arc<Worker>,
    request: Request<server::Body>,
) -> impl Future<Output = Result<Response<Outgoing>, Infallible>> + Send + use<> {
    let pooled = warm_pool.and_then(|pool| Some((pool.clone(), request.headers().get(POOL)?)));
    match pooled.map(|(pool, header)| (pool, header.clone())) {
        None => Either::Left(respond(worker, request)),
        Some((pool, header)) => Either::Right(Box::pin(async move {
            match pool.worker(header.as_bytes(), worker.loop_id).await {
                Ok(worker) => respond(worker, request).await,
                Err(failure) if grpc::is_call(&request) => {
                    Ok(grpc::refuse(&worker, request, &failure))
                }
                Err(failure) => Ok(handler::refuse(&worker, request, &failure)),
            }
        })),
    }
}

/// Answers a request by its protocol.
fn respond(
    worker: Arc<Worker>,
    request: Request<server::Body>,
) -> impl Future<Output = Result<Response<Outgoing>, Infallible>> + Send {
    if grpc::is_call(&request) {
        let call = async move { Ok(grpc::respond(&worker, request).await) };
        return Either::Right(Box::pin(call));
    }
    Either::Left(handler::handle(worker, request))
}
