//! `longshore serve`.

mod banner;
mod record;
mod security;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use longshore_daemon::{Drain, cgroup, log, server};
use longshore_engine::{Method, quantity};
use longshore_platform::Announcement;
use longshore_serve::{Announcer, Batching, Config, Limits, Server};

use self::banner::Banner;
pub(super) use self::security::secure;

use crate::{
    cli::{AnnounceArgs, BatchArgs, ConnectionArgs, LogArgs, LogFormat, RequestArgs, ServeArgs},
    cmd::traces::Traces,
    model_dir::{self, Catalog, Watch},
    models::{self, Local, ModelFiles, Named},
    pooled::Pooled,
    storage::{
        self, StorageMetrics,
        follow::{self, Failure, Followed, Shared},
        marks::Marks,
        schedule,
    },
};

/// Set by KServe's users to get probabilities from the scikit-learn server.
const PREDICT_PROBA: &str = "PREDICT_PROBA";

/// Time between looks at the models, unless said.
const POLL: Duration = Duration::from_secs(30);

/// Time between looks with `--watch`, unless said. Looking works on every disk, where the system's notices of changes
/// leave out those of a network and of layers of a container, and is a few calls of the system for each file.
const WATCH: Duration = Duration::from_millis(500);

/// How long the last records may take to be sent once the server has stopped.
const LAST_RECORDS: Duration = Duration::from_secs(5);

/// Serves until TERM or Ctrl-C.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    run_and(args, |_| ())
}

/// The same; calls `listening` with the address of its page as soon as it listens.
pub(crate) fn run_and(args: &ServeArgs, listening: impl FnOnce(&str)) -> Result<()> {
    start_log(&args.log)?;
    for (flag, instead) in args.kserve.without_effect() {
        tracing::warn!(flag, "`{flag}` changes nothing here: {instead}");
    }
    let method = method(args)?;
    let (named, folders) = named(args)?;
    let pool = args.many.pool;
    let watched = log_format(&args.log).is_watched() && !pool;
    let remote = pool || named.iter().any(|model| matches!(model.files, ModelFiles::Remote(_)));
    let storage = storage::open(&args.storage, remote)?;
    let metrics = StorageMetrics::new(storage.usage());
    // folders that a pod watches may be on a disk that is asked over a network
    let soon = args.many.watch && (watched || args.many.model_dir.is_empty());
    let poll = args.poll.unwrap_or(if soon { WATCH } else { POLL });
    let mut config = config(args);
    config.registry.register_collector(Box::new(metrics.clone()));
    let catalog = Catalog::new(&named, folders, storage.clone(), method);
    config.on_demand = catalog.names()?;
    if catalog.has_folders() {
        let models = config.on_demand.len();
        tracing::info!(
            models,
            "{} known by name: each is loaded by its first request",
            quantity(models, "model")
        );
    }
    let catalog = Arc::new(catalog);
    if pool {
        config.warm_pool = Some(Arc::new(Pooled { storage: storage.clone(), method }));
    } else {
        config.catalog = Some(catalog.clone());
    }
    (config.transport, config.keys) = secure(&args.security, &mut config.registry)?;
    config.metrics_without_key = args.security.metrics_without_key;
    let traces = Traces::start(&args.traces, &mut config.registry)?;
    config.tracer = traces.tracer();
    let recorder = record::recorder(&args.record)?;
    config.recorder.clone_from(&recorder);
    let scheme =
        if matches!(config.transport, server::Transport::Tls(_)) { "https" } else { "http" };
    let shown = if watched { named.clone() } else { Vec::new() };
    let followed = place(named, method, poll, &mut config);
    let needs_key = config.keys.is_some();
    let server = Server::bind(config)?;
    if watched {
        tracing::debug!("listening on {scheme}://{}", server.address());
    } else {
        tracing::info!(address = %server.address(), "listening on {scheme}://{}", server.address());
    }
    if let Some(address) = server.grpc_address() {
        tracing::info!(%address, "listening for gRPC on {address}");
    }
    if let Some(address) = server.metrics_address() {
        tracing::info!(%address, "metrics on http://{address}/metrics");
    }
    if let Some(announcer) = announcer(&args.announce) {
        announcer.start(server.models(), server.drain()).context("failed to start a thread")?;
    }
    let page = format!("{scheme}://{}/", reachable(server.address()));
    listening(&page);
    if watched {
        let (models, has_pages) = (server.models(), !args.no_ui);
        Banner { models, named: shown, page, has_pages, needs_key }.start();
    }
    let failure = Failure::default();
    let (models, drain, strict) = (server.models(), server.drain(), args.strict);
    let marks = Marks::new(&args.marks, &storage, scheme, server.address());
    let shared = Shared {
        storage,
        models,
        metrics,
        method,
        poll,
        strict,
        drain,
        marks: marks.clone(),
        failure: failure.clone(),
    };
    let mut tasks: Vec<_> =
        followed.into_iter().map(|followed| follow::task(followed, &shared)).collect();
    if args.many.watch && !poll.is_zero() && catalog.has_folders() {
        tasks.push(Box::new(Watch::new(catalog, &shared)));
    }
    schedule::start(tasks).context("failed to start a thread")?;
    let served = serve(server);
    if let Some(marks) = marks {
        marks.leave();
    }
    served?;
    traces.flush();
    if let Some(recorder) = recorder {
        recorder.flush(LAST_RECORDS);
    }
    failure.take().map_or(Ok(()), Err)
}

/// Gives the server what is on this machine and the names of the rest, and returns what is to be followed.
fn place(
    named: Vec<Named>,
    method: Option<Method>,
    poll: Duration,
    config: &mut Config,
) -> Vec<Followed> {
    let mut followed = Vec::new();
    for Named { name, files, .. } in named {
        match files {
            ModelFiles::Example(example) => {
                config.models.push(Local { name, source: example.source() }.serve(method));
            }
            ModelFiles::Local(paths) => {
                // a path that leads nowhere must fail one model, not all of them
                let source = paths.source();
                if !poll.is_zero() {
                    followed.push(Followed::local(&name, paths));
                }
                config.models.push(Local { name, source }.serve(method));
            }
            ModelFiles::Remote(location) => {
                followed.push(Followed::remote(&name, &location));
                config.expected.push(name);
            }
        }
    }
    followed
}

/// The address at which this machine reaches a server that listens on every address.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Serves until TERM or Ctrl-C, then drains.
pub(crate) fn serve(server: Server) -> Result<()> {
    let drain = server.drain();
    server.run(async move {
        match Drain::signal() {
            Ok(signal) => {
                let name = signal.await;
                tracing::info!(signal = name, "stopping: finishing what is in flight");
            }
            Err(error) => {
                tracing::error!(%error, "signals cannot be received; only a kill stops the server");
                drain.begun().await;
            }
        }
    })?;
    tracing::info!("stopped");
    Ok(())
}

pub(super) fn start_log(args: &LogArgs) -> Result<()> {
    Ok(log::init(&args.log, log_format(args))?)
}

fn log_format(args: &LogArgs) -> log::Format {
    match args.log_format {
        LogFormat::Auto => log::Format::Auto,
        LogFormat::Json => log::Format::Json,
        LogFormat::Text => log::Format::Text,
    }
}

/// The models of the command line, or else those of the environment.
fn arguments(args: &ServeArgs) -> impl Iterator<Item = &str> {
    let listed = args.models_text.as_deref().filter(|_| args.models.is_empty());
    let listed = listed.unwrap_or_default().split_whitespace();
    args.models.iter().map(String::as_str).chain(listed)
}

fn method(args: &ServeArgs) -> Result<Option<Method>> {
    Ok(match args.method.as_deref() {
        Some(name) => Some(models::method(name)?),
        None if std::env::var(PREDICT_PROBA).is_ok_and(|v| v.eq_ignore_ascii_case("true")) => {
            Some(Method::PredictProba)
        }
        None => None,
    })
}

/// The models that are named one by one, and the folders of models.
fn named(args: &ServeArgs) -> Result<(Vec<Named>, Vec<PathBuf>)> {
    let mut named = arguments(args).map(Named::parse).collect::<Result<Vec<_>>>()?;
    let mut folders = Vec::new();
    let name = args.kserve.model_name.as_deref();
    for folder in &args.many.model_dir {
        match (model_dir::is_one_model(folder)?, name) {
            (true, _) | (false, Some(_)) => {
                named.push(Named::new(name.unwrap_or("model"), folder)?);
            }
            (false, None) => folders.push(folder.into()),
        }
    }
    if let (Some(name), true) = (name, args.many.model_dir.is_empty()) {
        match &mut named[..] {
            [only] => name.clone_into(&mut only.name),
            _ => bail!("`--model_name {name}` names the model of `--model_dir`; several are given"),
        }
    }
    models::check_distinct(&named)?;
    Ok((named, folders))
}

/// What tells gateways where the server is, when they are named.
fn announcer(args: &AnnounceArgs) -> Option<Announcer> {
    let (gateways, revision) = (args.announce_to.as_ref()?, args.revision.clone()?);
    let announcement = Announcement { revision, address: args.pod_ip? };
    Some(Announcer::new(gateways, announcement, args.announce_token_file.clone()))
}

fn config(args: &ServeArgs) -> Config {
    Config {
        host: args.host,
        port: args.port,
        grpc_port: args.grpc_port,
        metrics_port: args.metrics_port,
        threads: args.threads,
        strict: args.strict,
        ui: !args.no_ui,
        connections: connections(
            args.requests.connections,
            args.requests.body_timeout,
            server::Limits::default(),
        ),
        loaded_bytes: args.many.max_loaded_bytes.unwrap_or_else(loaded_bytes),
        model_control: args.many.model_control || args.host.is_loopback(),
        limits: limits(&args.requests),
        batching: batching(&args.batches),
        output_cache_bytes: args.output_cache_bytes,
        model_limits: models::limits(args.reading),
        drain_delay: args.drain.drain_delay,
        grace: args.drain.grace_seconds,
        ..Config::default()
    }
}

/// Memory for models on demand that suits most machines.
fn loaded_bytes() -> u64 {
    const MOST: u64 = 4 << 30;
    cgroup::memory_limit().map_or(MOST, |limit| MOST.min(limit / 2))
}

fn limits(args: &RequestArgs) -> Limits {
    let default = Limits::default();
    Limits {
        body_bytes: args.max_body_bytes,
        rows: args.max_rows,
        depth: args.max_json_depth,
        concurrency: args.max_concurrency,
        buffered_bytes: args.max_buffered_bytes.unwrap_or(default.buffered_bytes),
        request_timeout: args.request_timeout,
    }
}

/// The batching of the flags; `None` for batches of one row, which join nothing.
fn batching(args: &BatchArgs) -> Option<Batching> {
    let rows = args.max_batch_size.filter(|rows| *rows > 1)?;
    Some(Batching { rows, delay: args.max_batch_delay })
}

/// The limits on connections that the flags of a server or a gateway say.
pub(super) fn connections(
    args: ConnectionArgs,
    body_timeout: Duration,
    default: server::Limits,
) -> server::Limits {
    server::Limits {
        connections: args.max_connections.unwrap_or(default.connections),
        header_timeout: args.header_timeout,
        body_timeout,
        idle_timeout: args.idle_timeout,
        ..default
    }
}
