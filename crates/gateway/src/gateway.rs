use std::{convert::Infallible, fmt, future::Future, net::SocketAddr, sync::Arc};

use hyper::{Request, service::service_fn};
use longshore_daemon::{
    Drain,
    gate::Gate,
    server::{self, Body, Probe, Readiness, Transport},
};

use crate::{
    Config, Error, Table, handler,
    metrics::GatewayMetrics,
    worker::{Shared, Worker},
};

/// A gateway that listens.
pub struct Gateway {
    listening: server::Server,
    transport: Transport,
    shared: Arc<Shared>,
}

/// A readiness that others look at too.
struct SharedReadiness(Arc<dyn Readiness>);

impl Readiness for SharedReadiness {
    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }

    fn describe(&self, ready: bool) -> String {
        self.0.describe(ready)
    }
}

/// A gateway gives up the queues that it has as soon as it begins to go down, which is when nobody waits for
/// that any more.
struct Leaves(Table);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Gateway {
    /// Opens the sockets.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub fn bind(config: Config) -> Result<Self, Error> {
        let listening = server::Server::bind(server::Config {
            address: SocketAddr::new(config.host, config.port),
            second: config.tls.as_ref().map(|(port, _)| SocketAddr::new(config.host, *port)),
            probes: config.metrics_port.map(|port| SocketAddr::new(config.host, port)),
            loops: config.threads,
            limits: config.connections,
            drain_delay: config.drain_delay,
            grace: config.grace,
        })?;
        let transport = match (config.tls, listening.second_address()) {
            (Some((_, tls)), Some(address)) => Transport::TlsOn(address.port(), tls),
            _ => Transport::Plain,
        };
        let readiness = SharedReadiness(config.readiness.clone());
        let drain = Drain::new();
        let waiting = Gate::new(config.bounds.waiting);
        let mut registry = config.registry;
        config.security.register(&mut registry);
        registry.register_collector(Box::new(GatewayMetrics {
            table: config.table.clone(),
            connections: listening.connections(),
            waiting: waiting.clone(),
            drain: drain.clone(),
        }));
        let probe = Arc::new(Probe::new(registry, drain, readiness));
        let shared = Arc::new(Shared {
            table: config.table,
            wake: config.wake,
            probe,
            readiness: config.readiness,
            security: config.security,
            tracer: config.tracer,
            bounds: config.bounds,
            waiting,
            waiting_bytes: Gate::new(config.bounds.waiting_bytes),
            copies: Gate::new(config.bounds.copies),
            copied_bytes: Gate::new(config.bounds.copied_bytes),
            trust_forwarded: config.trust_forwarded,
            seed: config.seed,
        });
        Ok(Self { listening, transport, shared })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// The address that speaks TLS, when there is one.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.listening.second_address()
    }

    /// The address of probes and metrics, when they have one of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.listening.probe_address()
    }

    /// The way down.
    pub fn drain(&self) -> Drain {
        self.shared.probe.drain().clone()
    }

    /// Routes requests until `shutdown` is done (or the drain begins), then finishes what is in flight.
    /// Blocks the calling thread, which becomes one of the event loops. `shutdown` is polled inside a
    /// tokio runtime.
    ///
    /// # Errors
    /// [`Error::Server`] when an event loop cannot start.
    pub fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { listening, transport, shared } = self;
        let probe = shared.probe.clone();
        let leaves = Leaves(shared.table.clone());
        let shutdown = async move {
            let _leaves = leaves;
            shutdown.await;
        };
        let service = |loop_id| {
            let worker = Arc::new(Worker::new(shared.clone(), loop_id));
            service_fn(move |request: Request<Body>| {
                let worker = worker.clone();
                async move { Ok::<_, Infallible>(handler::handle(worker, request).await) }
            })
        };
        listening.run(&transport, service, probe, shutdown)?;
        Ok(())
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gateway").field("listening", &self.listening).finish_non_exhaustive()
    }
}
