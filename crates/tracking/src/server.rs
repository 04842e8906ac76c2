use std::{
    convert::Infallible,
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use hyper::{Request, service::service_fn};
use longshore_daemon::{
    Drain, RequestIds,
    server::{self, Body, Probe, Readiness, Transport},
};
use longshore_mlflow::rest::DEFAULT_WORKSPACE;

use crate::{
    Config, Error, administration,
    artifacts::Repository,
    graphql,
    handler::{self, Handler},
    metrics::Metrics,
    operations::{self, below},
    routes::Routes,
    state::State,
    webhooks::Webhooks,
    workspaces,
};

/// A tracking server that listens.
pub struct Tracking {
    listening: server::Server,
    handler: Arc<Handler>,
    transport: Transport,
    /// How long it may take to end once it is told to.
    way_down: Duration,
}

/// The store is open before the server listens.
struct Open;

impl Readiness for Open {
    fn is_complete(&self) -> bool {
        true
    }
}

impl Tracking {
    /// Opens the socket.
    ///
    /// # Errors
    /// [`Error::Server`], and a refusal of a destination of artifacts that cannot be used.
    pub fn bind(mut config: Config) -> Result<Self, Error> {
        let destination = config.settings.artifacts_destination.as_deref();
        let artifacts = destination.map(Repository::open).transpose()?;
        let root = config.settings.artifact_root.as_str();
        let root = root.starts_with("s3:").then(|| Repository::open(root)).transpose()?;
        let archive = config.settings.trace_archive.as_deref();
        let archive = archive.map(Repository::open).transpose()?;
        let settings = &config.settings;
        let folder = workspaces::folder(settings.workspaces, DEFAULT_WORKSPACE);
        let folder = folder.map(|it| format!("{it}/")).unwrap_or_default();
        config.store.seed(&below(&settings.artifact_root, &format!("{folder}0")))?;
        if let Some(Repository::Disk(disk)) = &artifacts {
            disk.sweep();
        }
        let listening = server::Server::bind(server::Config {
            address: SocketAddr::new(config.host, config.port),
            second: None,
            probes: None,
            loops: config.threads,
            limits: config.connections,
            drain_delay: config.drain_delay,
            grace: config.grace,
        })?;
        let way_down = config.drain_delay + config.grace;
        let metrics = Metrics::new(&mut config.registry);
        if let Some(users) = &config.users {
            users.register(&mut config.registry);
        }
        let probe = Arc::new(Probe::new(config.registry, Drain::new(), Open));
        let state = Arc::new(State {
            store: config.store,
            webhooks: Webhooks::start(&config.settings.webhooks)?,
            settings: config.settings,
            users: config.users,
            artifacts,
            root,
            archive,
            body: config.body,
            probe,
        });
        let administration =
            if state.users.is_some() { administration::routes() } else { Vec::new() };
        let handler = Arc::new(Handler {
            state,
            routes: Routes::new([operations::routes(), graphql::routes(), administration].concat()),
            guard: config.guard,
            keys: config.keys,
            metrics_without_key: config.metrics_without_key,
            metrics,
            ids: RequestIds::new(),
            prefix: config.prefix,
            artifacts_only: config.artifacts_only,
            ui: config.ui,
        });
        Ok(Self { listening, handler, transport: config.transport, way_down })
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// The way down.
    pub fn drain(&self) -> Drain {
        self.handler.state.probe.drain().clone()
    }

    /// Answers until `shutdown` is done (or the drain begins), then finishes what is in flight, and tells the
    /// webhooks that wait. Blocks the calling thread, which becomes one of the event loops.
    ///
    /// # Errors
    /// [`Error::Server`] when an event loop cannot start.
    pub fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { listening, handler, transport, way_down } = self;
        let probe = handler.state.probe.clone();
        let state = handler.state.clone();
        let begun = Arc::new(OnceLock::new());
        let noted = begun.clone();
        let shutdown = async move {
            shutdown.await;
            noted.get_or_init(Instant::now);
        };
        let service = |_| {
            let handler = handler.clone();
            service_fn(move |request: Request<Body>| {
                let handler = handler.clone();
                async move { Ok::<_, Infallible>(handler::handle(handler, request).await) }
            })
        };
        listening.run(&transport, service, probe, shutdown)?;
        state.webhooks.finish(*begun.get_or_init(Instant::now) + way_down);
        Ok(())
    }
}

impl fmt::Debug for Tracking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tracking").field("listening", &self.listening).finish_non_exhaustive()
    }
}
