use std::{net::IpAddr, time::Duration};

use longshore_daemon::server::{Limits, Transport, auth::ApiKeys};
use prometheus_client::registry::Registry;

use crate::{Guard, Store, Ui, Users, state::Settings};

/// How a tracking server is set up.
#[derive(Debug)]
pub struct Config {
    /// The address it listens on.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// Event loops; 0 is one a core.
    pub threads: usize,
    /// Bounds of connections.
    pub connections: Limits,
    /// Most bytes of a request that is a message.
    pub body: usize,
    /// How long new connections are still answered once it is told to stop.
    pub drain_delay: Duration,
    /// How long what is in flight may take then.
    pub grace: Duration,
    /// Where everything is kept.
    pub store: Store,
    /// What operations go by.
    pub settings: Settings,
    /// Which hosts and origins requests may name.
    pub guard: Guard,
    /// What connections speak.
    pub transport: Transport,
    /// The keys that let requests in. Without keys and users everybody may do everything.
    pub keys: Option<ApiKeys>,
    /// The users that are let in by their names and passwords.
    pub users: Option<Users>,
    /// Whether metrics need no key.
    pub metrics_without_key: bool,
    /// What comes before every path, such as `/mlflow`; empty for nothing.
    pub prefix: String,
    /// Whether artifacts are all that is served.
    pub artifacts_only: bool,
    /// MLflow's web page; without it a page says what runs here.
    pub ui: Option<Ui>,
    /// Where its figures are counted.
    pub registry: Registry,
}

impl Config {
    /// The defaults, on the loopback address.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 5000,
            threads: 0,
            connections: Limits::default(),
            body: 64 << 20,
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(30),
            store,
            settings,
            guard: Guard::default(),
            transport: Transport::Plain,
            keys: None,
            users: None,
            metrics_without_key: false,
            prefix: String::new(),
            artifacts_only: false,
            ui: None,
            registry: Registry::default(),
        }
    }
}
