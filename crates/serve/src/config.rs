use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use longshore_daemon::{
    cgroup, metrics,
    server::{self, Transport, auth::ApiKeys},
    trace::Tracer,
};
use longshore_engine::{Method, Model, Source};
use prometheus_client::registry::Registry;

use crate::{Catalog, Locations, Recorder};

/// What a server serves, where, and within which bounds.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// One more port, where the same is answered: manifests have one for gRPC. The same number as
    /// `port` opens no second one.
    pub grpc_port: Option<u16>,
    /// The port of `/metrics`, which then is not on `port`; `/health/…` is on both. Its event loop
    /// has a thread of its own and answers also when the others are busy.
    pub metrics_port: Option<u16>,
    /// The models to start with.
    pub models: Vec<ModelSource>,
    /// Names of models that [`Models::load`](crate::Models::load) brings later: the server is not
    /// ready before all are there, and answers 503 for those that are not.
    pub expected: Vec<String>,
    /// Names, valid in paths, of models that the first request loads from `catalog`. They are evicted
    /// again when `loaded_bytes` is exceeded.
    pub on_demand: Vec<String>,
    /// Where models are found by name, those of `on_demand` and those that clients ask to load.
    pub catalog: Option<Arc<dyn Catalog>>,
    /// Where the models of a warm pool come from: requests with the header `longshore-pool` name them,
    /// and they are evicted again when `loaded_bytes` is exceeded.
    pub warm_pool: Option<Arc<dyn Locations>>,
    /// Most bytes of memory of the models that were loaded on demand, as they are estimated: what is
    /// read of their files, decompressed, and a fixed part.
    pub loaded_bytes: u64,
    /// Whether clients may load and unload models. A client can take from others what they ask for,
    /// so this is for trusted networks.
    pub model_control: bool,
    /// Whether one of `models` that does not load keeps the server from starting. Otherwise the rest
    /// is served, and the server starts unless there is no rest.
    pub strict: bool,
    /// Event loops, one thread each; 0 is one a core.
    pub threads: usize,
    /// What is between the sockets of `port` and HTTP: TLS, or nothing. `metrics_port` is plain.
    pub transport: Transport,
    /// The API keys that let requests in; every request is let in when this is `None`. The health of the process needs
    /// no key.
    pub keys: Option<ApiKeys>,
    /// Whether `/metrics` on `port` needs no key.
    pub metrics_without_key: bool,
    /// Whether browsers are answered with pages: `/`, `/docs`, and what they ask.
    pub ui: bool,
    /// Where the spans of requests go, when requests are traced.
    pub tracer: Option<Tracer>,
    /// Where requests and answers are sent to, when they are recorded.
    pub recorder: Option<Recorder>,
    /// Bounds of connections.
    pub connections: server::Limits,
    /// Bounds of requests.
    pub limits: Limits,
    /// Which requests are computed together; each alone when there is none.
    pub batching: Option<Batching>,
    /// Most bytes of outputs that are kept for requests that ask the same again, of all models together; 0 keeps none. Flag `--output-cache-bytes`.
    pub output_cache_bytes: usize,
    /// Bounds of model files.
    pub model_limits: longshore_engine::Limits,
    /// The metrics that `/metrics` shows besides the server's own. Made by
    /// [`longshore_daemon::metrics::registry`], so that the process is described too.
    pub registry: Registry,
    /// How long new connections are still answered once the server is told to stop. The server is
    /// not ready from the first moment, and this gives load balancers time to learn of it.
    pub drain_delay: Duration,
    /// How long what is in flight may take once the server is told to stop.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8080,
            grpc_port: None,
            metrics_port: None,
            models: Vec::new(),
            expected: Vec::new(),
            on_demand: Vec::new(),
            catalog: None,
            warm_pool: None,
            loaded_bytes: u64::MAX,
            model_control: false,
            strict: false,
            threads: 0,
            transport: Transport::Plain,
            keys: None,
            metrics_without_key: false,
            ui: true,
            tracer: None,
            recorder: None,
            connections: server::Limits::default(),
            limits: Limits::default(),
            batching: None,
            output_cache_bytes: 0,
            model_limits: longshore_engine::Limits::default(),
            registry: metrics::registry(),
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(30),
        }
    }
}

/// A model and the name it is served under.
#[derive(Debug)]
pub struct ModelSource {
    /// The name in paths: not empty, without `/` and control characters.
    pub name: String,
    /// The version in paths; `1` when none is given and the folder names none.
    pub version: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The method that answers when a request names none, instead of the model's own.
    pub method: Option<Method>,
    /// What keeps the files where they are: it lives as long as the model is served.
    pub lease: Option<Lease>,
}

/// Whatever has to live while something is served.
pub type Lease = Arc<dyn fmt::Debug + Send + Sync>;

/// Where a model comes from.
#[derive(Debug)]
pub enum Origin {
    /// Files. A folder whose only entries are folders named by numbers holds a version in each.
    Files(Source),
    /// A model that is loaded already.
    Loaded(Box<Model>),
}

/// How requests to one version of a model that wait to be computed become one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Most rows of a batch; requests of as many are computed alone. Flag `--max-batch-size`.
    pub rows: usize,
    /// How long a batch that is not full waits for more requests. Without it only requests that wait anyhow, for a
    /// thread, are computed together. Flag `--max-batch-delay`.
    pub delay: Duration,
}

/// Bounds that keep requests from exhausting the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a body, also once decompressed. Flag `--max-body-bytes`.
    pub body_bytes: usize,
    /// Most rows of a request. Flag `--max-rows`.
    pub rows: usize,
    /// Deepest nesting of a JSON body.
    pub depth: usize,
    /// Most requests computed or waiting to be computed at a time. Flag `--max-concurrency`.
    pub concurrency: usize,
    /// Most memory for large requests at a time: their bodies, what is decoded of them (four times
    /// as much), and their replies. Flag `--max-buffered-bytes`.
    pub buffered_bytes: usize,
    /// How long a request may wait for its answer. Flag `--request-timeout`.
    pub request_timeout: Duration,
}

impl Default for Limits {
    /// What suits most models. Where a control group limits memory, large requests together take at
    /// most a quarter of that limit.
    fn default() -> Self {
        let memory = cgroup::memory_limit().and_then(|bytes| usize::try_from(bytes).ok());
        let memory = memory.unwrap_or(usize::MAX);
        Self {
            body_bytes: 64 << 20,
            rows: 1_000_000,
            depth: 64,
            concurrency: 1024,
            buffered_bytes: (512 << 20).min(memory / 4),
            request_timeout: Duration::from_mins(1),
        }
    }
}
