//! `longshore operator`.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use longshore_daemon::{
    Drain, metrics,
    server::{self, Plain, Probe, Server},
};
use longshore_kserve::{Quantity, address::Hosts, annotations::DeploymentMode};
use longshore_operator::{
    Config, Metrics, Ready,
    autoscaler::{self, Defaults},
    build::{PoolResources, PoolSettings, Settings},
    cluster::Key,
};
use longshore_platform::names::ANNOUNCE_PORT;

use crate::{
    cli::{GatewaysArgs, HostArgs, Mode, OperatorArgs, PoolArgs, ScalingArgs},
    cmd::serve::start_log,
};

/// Threads of the controllers; probes have one of their own.
const THREADS: usize = 2;

/// Keeps InferenceServices until TERM or Ctrl-C.
pub(crate) fn run(args: &OperatorArgs) -> Result<()> {
    start_log(&args.log)?;
    let config = config(args)?;
    let (drain, ready, counters) = (Drain::new(), Ready::default(), Metrics::default());
    let mut registry = metrics::registry();
    counters.register(&mut registry);
    let probe = Arc::new(Probe::new(registry, drain.clone(), ready.clone()));
    let server = Server::bind(server::Config {
        address: SocketAddr::new(args.host, args.port),
        second: None,
        probes: None,
        loops: 1,
        limits: server::Limits::default(),
        drain_delay: Duration::ZERO,
        grace: Duration::from_secs(5),
    })?;
    tracing::info!(address = %server.address(), "probes and metrics on http://{}", server.address());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("operator")
        .enable_all()
        .build()
        .context("failed to start the threads of the operator")?;
    let operator = runtime.spawn({
        let drain = drain.clone();
        async move {
            let kept = async {
                let client = longshore_operator::connect().await?;
                Box::pin(longshore_operator::run(client, config, counters, ready, drain.clone()))
                    .await
            };
            let kept = kept.await;
            drain.begin();
            kept
        }
    });
    let answering = probe.clone();
    server.run(&Plain, move |_| answering.clone(), probe, async move {
        match Drain::signal() {
            Ok(signal) => {
                let name = signal.await;
                tracing::info!(signal = name, "stopping: another operator takes over");
            }
            Err(error) => {
                tracing::error!(%error, "signals cannot be received; only a kill stops the operator");
                drain.begun().await;
            }
        }
    })?;
    runtime.block_on(operator).context("the operator panicked")??;
    tracing::info!("stopped");
    Ok(())
}

fn config(args: &OperatorArgs) -> Result<Config> {
    let HostArgs { ingress_domain, domain_template, path_template, url_scheme, cluster_domain } =
        &args.hosts;
    let GatewaysArgs { service: gateway_host, peers, fixed } = &args.gateways;
    let gateway_peers = peers.as_deref().map(key).transpose()?;
    let storage_env = args.storage_env.as_deref().filter(|text| !text.is_empty());
    let storage_env: BTreeMap<String, String> = storage_env
        .map(serde_json::from_str)
        .transpose()
        .context("`--storage-env` is no JSON object of texts")?
        .unwrap_or_default();
    let announce_to = gateway_peers.as_ref().map(|peers| {
        // with its last dot, no domain of the pod's search list is tried before it
        format!("{}.{}.svc.{cluster_domain}.:{ANNOUNCE_PORT}", peers.name, peers.namespace)
    });
    let settings = Settings {
        hosts: Hosts {
            domain: ingress_domain.clone(),
            template: domain_template.clone(),
            path_template: path_template.clone().filter(|template| !template.is_empty()),
            scheme: url_scheme.clone(),
            cluster_domain: cluster_domain.clone(),
        },
        image: args.image.clone(),
        gateway_host: gateway_host.clone(),
        announce_to,
        storage_env,
        default_mode: match args.default_deployment_mode {
            Mode::Knative => DeploymentMode::Knative,
            Mode::Standard => DeploymentMode::Standard,
        },
    };
    Ok(Config {
        namespaces: args.namespace.iter().filter(|name| !name.is_empty()).cloned().collect(),
        class: args.class.clone(),
        lease: args.lease.as_deref().map(key).transpose()?,
        identity: args.identity.clone().unwrap_or_else(identity),
        gateway_peers,
        gateways: fixed.clone(),
        settings,
        pool: pool(&args.pool)?,
        knative_projection: args.knative_projection,
        scaling: scaling(&args.scaling),
    })
}

/// How warm pools are made; none when there are none.
fn pool(args: &PoolArgs) -> Result<Option<PoolSettings>> {
    let PoolArgs { warm_pool, pool_memory, pool_cache, pool_resources, pool_replicas, .. } = args;
    if warm_pool == "off" {
        return Ok(None);
    }
    let quantity = |flag: &str, text: &str| {
        let quantity = Quantity::new(text);
        let is_right = quantity.value().is_some_and(|bytes| bytes > 0.0);
        ensure!(is_right, "`{flag}`: `{text}` is no size; write one such as `512Mi`");
        Ok(quantity)
    };
    let resources: PoolResources = serde_json::from_str(pool_resources).context(
        "`--pool-resources` is no JSON object of `requests` and `limits`, such as {\"requests\": {\"cpu\": \"100m\"}}",
    )?;
    for all in [&resources.requests, &resources.limits] {
        ensure!(
            !all.contains_key("memory"),
            "`--pool-resources` names the memory; write it in `--pool-memory`"
        );
    }
    let ingress = args.pool_ingress.as_deref().filter(|text| !text.is_empty());
    let ingress = ingress
        .map(serde_json::from_str)
        .transpose()
        .context("`--pool-ingress` is no JSON list of rules of a NetworkPolicy")?;
    Ok(Some(PoolSettings {
        memory: quantity("--pool-memory", pool_memory)?,
        resources,
        cache: quantity("--pool-cache", pool_cache)?,
        replicas: *pool_replicas,
        ingress,
    }))
}

fn scaling(args: &ScalingArgs) -> Defaults {
    let settings = autoscaler::Settings {
        utilization: args.target_percentage / 100.0,
        stable_window: args.stable_window,
        panic_window_percentage: args.panic_window_percentage,
        panic_threshold: args.panic_threshold_percentage / 100.0,
        max_scale_up_rate: args.max_scale_up_rate,
        max_scale_down_rate: args.max_scale_down_rate,
        scale_down_delay: args.scale_down_delay,
        pod_retention: args.pod_retention.into(),
        initial_scale: args.initial_scale,
        ..autoscaler::Settings::default()
    };
    Defaults { settings, concurrency_target: args.concurrency_target, rps_target: args.rps_target }
}

/// The name of the pod, which is the host's; a process on a machine of its own is told apart by its
/// number.
fn identity() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{}", name.trim(), std::process::id())
}

/// `NAMESPACE/NAME`.
fn key(text: &str) -> Result<Key> {
    let split =
        text.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    let (namespace, name) = split.with_context(|| format!("`{text}` is not NAMESPACE/NAME"))?;
    Ok(Key::new(namespace, name))
}
