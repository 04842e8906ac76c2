//! `longshore gateway`.

mod security;

use std::{net::SocketAddr, path::Path, sync::Arc, thread, time::Duration};

use anyhow::{Context, Result};
use longshore_daemon::{Drain, server::Readiness};
use longshore_gateway::{
    Announcements, Bounds, Config, Description, Gateway, Kubernetes, Peers, Release, Table,
};

use super::{
    serve::{connections, start_log},
    traces::Traces,
};
use crate::cli::{GatewayArgs, WaitingArgs};

/// How often the file of routes is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A gateway is ready once it knows all routes.
struct Complete(Kubernetes);

impl Readiness for Complete {
    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }
}

/// Routes requests until TERM or Ctrl-C.
pub(crate) fn run(args: &GatewayArgs) -> Result<()> {
    start_log(&args.log)?;
    let table = Table::new(&args.cluster_domain);
    let mut config = Config::new(table.clone());
    config.host = args.host;
    config.port = args.port;
    config.metrics_port = Some(args.metrics_port);
    config.threads = args.threads;
    config.trust_forwarded = args.trust_forwarded;
    config.bounds = bounds(args.waiting, config.bounds);
    let clients = args.connections;
    config.connections = connections(clients.common, clients.body_timeout, config.connections);
    config.drain_delay = args.drain.drain_delay;
    config.grace = args.drain.grace_seconds;
    security::secure(&args.security, &mut config)?;
    let traces = Traces::start(&args.traces, &mut config.registry)?;
    config.tracer = traces.tracer();
    let mut kubernetes = None;
    if let Some(path) = &args.routes {
        follow(path, &table)?;
    } else {
        let started = Kubernetes::start(table.clone(), args.namespace.clone(), release(args)?)?;
        started.register(&mut config.registry);
        config.wake = Arc::new(started.wake());
        config.readiness = Arc::new(Complete(started.clone()));
        kubernetes = Some(started);
    }
    let gateway = Gateway::bind(config)?;
    tracing::info!(address = %gateway.address(), "listening on http://{}", gateway.address());
    if let Some(address) = gateway.tls_address() {
        tracing::info!(%address, "listening on https://{address}");
    }
    if let Some(address) = gateway.metrics_address() {
        tracing::info!(%address, "metrics on http://{address}/metrics");
    }
    let at = SocketAddr::new(args.host, args.peer_port);
    let peers = Peers::start(at, table, args.waiting.max_waiting_per_revision)?;
    tracing::info!(address = %peers.address(), "listening for peers on {}", peers.address());
    let announcements =
        Announcements::start(SocketAddr::new(args.host, args.announce_port), kubernetes)?;
    let address = announcements.address();
    tracing::info!(%address, "listening for announcements on {address}");
    let drain = gateway.drain();
    gateway.run(async move {
        match Drain::signal() {
            Ok(signal) => {
                let name = signal.await;
                tracing::info!(signal = name, "stopping: finishing what is in flight");
            }
            Err(error) => {
                tracing::error!(%error, "signals cannot be received; only a kill stops the gateway");
                drain.begun().await;
            }
        }
    })?;
    // the autoscaler has counted what was in flight until its end
    peers.stop()?;
    announcements.stop()?;
    traces.flush();
    tracing::info!("stopped");
    Ok(())
}

/// The gateways beside which it runs.
fn release(args: &GatewayArgs) -> Result<Option<Release>> {
    let (Some(peers), Some(address)) = (&args.peers, args.pod_ip) else { return Ok(None) };
    let (namespace, service) =
        peers.split_once('/').with_context(|| format!("`{peers}` is not NAMESPACE/NAME"))?;
    Ok(Some(Release {
        namespace: namespace.to_owned(),
        service: service.to_owned(),
        own: SocketAddr::new(address, args.peer_port),
    }))
}

/// Takes over what a file describes, now and each time it changes. A change that is wrong leaves the
/// routes as they are.
fn follow(path: &Path, table: &Table) -> Result<()> {
    let mut known = Description::read(path)?;
    table.replace(known.clone())?;
    let (path, table) = (path.to_owned(), table.clone());
    let look = move || {
        let mut trouble = None;
        loop {
            thread::sleep(LOOK);
            let read = Description::read(&path).and_then(|found| {
                if found != known {
                    table.replace(found.clone())?;
                    known = found;
                    tracing::info!("the file of routes was read again");
                }
                Ok(())
            });
            let fault = read.err().map(|error| error.to_string());
            if fault != trouble
                && let Some(fault) = &fault
            {
                tracing::error!(fault, "the routes stay as they were");
            }
            trouble = fault;
        }
    };
    thread::Builder::new()
        .name("routes".into())
        .spawn(look)
        .map(drop)
        .context("failed to start a thread")
}

fn bounds(args: WaitingArgs, default: Bounds) -> Bounds {
    Bounds {
        waiting: args.max_waiting,
        waiting_per_revision: args.max_waiting_per_revision,
        waiting_bytes: args.max_waiting_bytes,
        hold: args.hold_timeout,
        queue: args.queue_timeout,
        connect: args.connect_timeout,
        ..default
    }
}
