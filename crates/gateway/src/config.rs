use std::{net::IpAddr, sync::Arc, time::Duration};

use longshore_daemon::{
    metrics,
    server::{Limits, Readiness, tls::Tls},
    trace::Tracer,
};
use prometheus_client::registry::Registry;

use crate::{NoWake, Table, Wake, security::Security};

/// What a gateway routes, where it listens, and within which bounds.
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// The port of probes and metrics, when they have one of their own.
    pub metrics_port: Option<u16>,
    /// Event loops, one thread each; 0 is one a core.
    pub threads: usize,
    /// A port that speaks TLS, and its certificate.
    pub tls: Option<(u16, Tls)>,
    /// What is routed where.
    pub table: Table,
    /// Brings revisions their first replica.
    pub wake: Arc<dyn Wake>,
    /// Whether all is there that it needs to route: the first lists of Kubernetes.
    pub readiness: Arc<dyn Readiness>,
    /// Who may ask, and how often.
    pub security: Security,
    /// The metrics, to which those of the gateway are added.
    pub registry: Registry,
    /// Makes a span of each request that is sampled.
    pub tracer: Option<Tracer>,
    /// Bounds of connections.
    pub connections: Limits,
    /// Bounds of requests.
    pub bounds: Bounds,
    /// Whether `X-Forwarded-*` and `Forwarded` of requests are handed on; otherwise they are written
    /// anew, since any client can send them.
    pub trust_forwarded: bool,
    /// How long new connections are still answered once the gateway is told to stop.
    pub drain_delay: Duration,
    /// How long what is in flight may take once the gateway is told to stop.
    pub grace: Duration,
    /// Where the random numbers begin by which requests are split; `None` draws it.
    pub seed: Option<u64>,
}

/// Bounds of the requests of one gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most requests that wait for a replica of any revision.
    pub waiting: usize,
    /// Most requests that wait for a replica of one revision.
    pub waiting_per_revision: usize,
    /// Most bytes of the bodies of requests that wait.
    pub waiting_bytes: usize,
    /// Most copies of requests that are under way, from when the request is recorded.
    pub copies: usize,
    /// Most bytes of each body that is recorded for a copy.
    pub copied_body: usize,
    /// Most bytes of all of them.
    pub copied_bytes: usize,
    /// How long a request waits for a replica to be ready, when there is none.
    pub hold: Duration,
    /// How long a request waits while all replicas work on as many as they may.
    pub queue: Duration,
    /// How long a request may take at a replica, where its revision does not say.
    pub request: Duration,
    /// How long a body may take to arrive that is read before it is handed on.
    pub body: Duration,
    /// How long a connection to a replica may take to be made.
    pub connect: Duration,
    /// How long a connection to a replica is kept without a request. Servers close theirs after some
    /// seconds, and a request that meets the close is lost.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            waiting: 10_000,
            waiting_per_revision: 5_000,
            waiting_bytes: 256 << 20,
            copies: 100,
            copied_body: 1 << 20,
            copied_bytes: 32 << 20,
            hold: Duration::from_mins(2),
            queue: Duration::from_secs(30),
            request: Duration::from_mins(5),
            body: Duration::from_secs(30),
            connect: Duration::from_secs(2),
            idle: Duration::from_secs(4),
        }
    }
}

/// What needs nothing is always ready.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn is_complete(&self) -> bool {
        true
    }
}

impl Config {
    /// A gateway of `table` with default bounds.
    pub fn new(table: Table) -> Self {
        Self {
            host: IpAddr::from([0, 0, 0, 0]),
            port: 8080,
            metrics_port: None,
            threads: 0,
            tls: None,
            table,
            wake: Arc::new(NoWake),
            readiness: Arc::new(AlwaysReady),
            security: Security::default(),
            registry: metrics::registry(),
            tracer: None,
            // a body may be a stream that rests for as long as a request may take
            connections: Limits { body_timeout: Duration::from_mins(5), ..Limits::default() },
            bounds: Bounds::default(),
            trust_forwarded: false,
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(30),
            seed: None,
        }
    }
}
