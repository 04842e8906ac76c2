//! The operator as a whole: watches on every replica, the controller on the one that leads.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use kube::{Client, api::ApiResource};
use longshore_daemon::{Drain, server::Readiness};
use longshore_kserve::GROUP;

use crate::{
    CLASS, Error, Metrics,
    autoscaler::{self, Defaults, Live, Targets},
    build::{PoolSettings, Settings},
    cluster::{Cluster, Key, POOL, WATCH_SECONDS, Watches, scaled_object},
    controller::{Controller, Queue, Setup, queue},
    crd::{self, MADE_BY_KSERVE},
    gateways::Gateways,
    leader::Leadership,
};

/// How long the API server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The label of the definition of Knative's Services that the chart brings.
const PROJECTION: &str = "longshore.dev/projection";

/// How long nothing may come from the API server that is awaited: a control plane that loses its power
/// ends no connection. Watches rest for [`WATCH_SECONDS`].
const READ_TIMEOUT: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);

/// How an operator runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The namespaces that it keeps; all when there are none.
    pub namespaces: Vec<String>,
    /// The class of the services that it keeps; none for those without one.
    pub class: Option<String>,
    /// The Lease by which one of several operators leads; none when there is only one.
    pub lease: Option<Key>,
    /// The name by which it is told from others.
    pub identity: String,
    /// The headless Service of the gateways.
    pub gateway_peers: Option<Key>,
    /// The ports for peers of gateways that no such Service lists.
    pub gateways: Vec<SocketAddr>,
    /// How objects are made.
    pub settings: Settings,
    /// How the warm pools of namespaces are made; none when there are none.
    pub pool: Option<PoolSettings>,
    /// True when components are shown as Knative's Services, for tools that read how they scale.
    pub knative_projection: bool,
    /// How revisions scale that say nothing else.
    pub scaling: Defaults,
}

/// Ready once everything has been listed: an operator that waits to lead is ready to take over.
#[derive(Clone, Debug, Default)]
pub struct Ready(Arc<AtomicBool>);

impl Readiness for Ready {
    fn is_complete(&self) -> bool {
        self.0.load(SeqCst)
    }
}

/// A client of the cluster that the surroundings name: the pod's own, or the kubeconfig's.
///
/// # Errors
/// [`Error::NoCluster`].
pub async fn connect() -> Result<Client, Error> {
    let no_cluster = |source| Error::NoCluster { source: Box::new(source) };
    let config = kube::Config::infer().await.map_err(kube::Error::InferConfig);
    let mut config = config.map_err(no_cluster)?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    Client::try_from(config).map_err(no_cluster)
}

/// Keeps the InferenceServices of a cluster until `drain` begins.
///
/// # Errors
/// When the cluster is kept by another controller, or its definitions cannot be read.
pub async fn run(
    client: Client,
    config: Config,
    metrics: Metrics,
    ready: Ready,
    drain: Drain,
) -> Result<(), Error> {
    let is_alone = config.class.is_none();
    let cluster = Arc::new(look_around(&client, is_alone, config.knative_projection).await?);
    let gateways = Arc::new(Gateways::new(config.gateways));
    let (queue, mut waiting) = queue();
    let told = {
        let (queue, cluster) = (queue.clone(), cluster.clone());
        move |group| look_at(group, &queue, &cluster)
    };
    let watches = Watches::start(
        client.clone(),
        cluster.clone(),
        &config.namespaces,
        config.knative_projection,
        told,
    );
    let progress = watches.progress();
    let targets = Targets::default();
    let setup = Setup {
        cluster: cluster.clone(),
        gateways: gateways.clone(),
        settings: config.settings,
        class: config.class,
        scaling: config.scaling,
        targets: targets.clone(),
        metrics: metrics.clone(),
        pool: config.pool,
        projects: config.knative_projection,
        queue: queue.clone(),
        identity: config.identity.clone(),
    };
    let controller = Arc::new(Controller::new(client.clone(), setup));
    let live =
        Live::new(client.clone(), cluster.clone(), gateways.clone(), config.identity.clone());
    let live = Arc::new(live);
    let scale = || {
        // what another leader has changed since is looked at anew
        targets.clear();
        autoscaler::run(live.clone(), targets.clone(), metrics.autoscaler.clone())
    };
    let peers = async {
        match &config.gateway_peers {
            Some(peers) => gateways.follow(client.clone(), peers).await,
            None => std::future::pending().await,
        }
    };
    let counting = async {
        progress.complete().await;
        ready.0.store(true, SeqCst);
        tracing::info!(services = cluster.services.len(), "everything has been listed");
        loop {
            metrics.services(cluster.services.len());
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let leading = async {
        progress.complete().await;
        let Some(lease) = config.lease else {
            metrics.leads(true);
            tokio::select! {
                () = controller.run(&queue, &mut waiting) => {}
                never = scale() => match never {},
                () = drain.begun() => {}
            }
            return;
        };
        let leadership = Leadership::new(client.clone(), &lease, config.identity);
        // one after the other, never two at a time
        let waiting = tokio::sync::Mutex::new(&mut waiting);
        let act = || async {
            metrics.leads(true);
            let mut waiting = waiting.lock().await;
            tokio::select! {
                () = controller.run(&queue, *waiting) => {}
                never = scale() => match never {},
                // services do not wait for it: the API server takes its time
                never = crd::keep(&client, is_alone) => match never {},
                never = gateways.replace_silent(&client, config.gateway_peers.as_ref()) => match never {},
            }
        };
        leadership.lead(act, || metrics.leads(false), drain.begun()).await;
    };
    let stopping = async {
        drain.begun().await;
        // whoever leads gives the Lease back first; before everything has been listed nobody does
        if progress.is_complete() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = leading => {}
        () = peers => {}
        () = counting => {}
        () = stopping => {}
    }
    drop(watches);
    Ok(())
}

/// Has the services looked at that a group concerns: one service, or all of a namespace or of the cluster.
fn look_at(group: Key, queue: &Queue, cluster: &Cluster) {
    match (&*group.namespace, &*group.name) {
        ("", "") => cluster.services.groups(None).into_iter().for_each(|key| queue.add(key)),
        (namespace, "") => {
            cluster.services.groups(Some(namespace)).into_iter().for_each(|key| queue.add(key));
            queue.add(Key::new(namespace, POOL));
        }
        _ => queue.add(group),
    }
}

/// A cluster of which nothing is seen yet but which controllers it has: KServe's and Knative's are refused
/// where they would make the same objects, KEDA is used.
async fn look_around(client: &Client, is_alone: bool, projects: bool) -> Result<Cluster, Error> {
    if is_alone {
        alone(client).await?;
    }
    if projects {
        without_knative(client).await?;
    }
    let ApiResource { group, version, plural, .. } = scaled_object();
    let has_keda = match client.list_api_group_resources(&format!("{group}/{version}")).await {
        Ok(listed) => listed.resources.iter().any(|it| it.name == plural),
        Err(kube::Error::Api(status)) if status.code == 404 => false,
        Err(error) => return Err(Error::api("ask whether the cluster has KEDA")(error)),
    };
    Ok(Cluster { has_keda, ..Cluster::default() })
}

/// Refuses a cluster whose InferenceServices KServe's own controller keeps.
async fn alone(client: &Client) -> Result<(), Error> {
    let name = format!("inferenceservices.{GROUP}");
    let Some(definition) = crd::found(client, &name).await? else {
        return Err(Error::Setting(format!(
            "the cluster does not know `{name}`; install the definitions, which the chart brings and `deploy/crds` holds"
        )));
    };
    let annotations = definition.annotations.unwrap_or_default();
    if annotations.contains_key(MADE_BY_KSERVE) {
        let found = format!("the definition `{name}` is annotated with `{MADE_BY_KSERVE}`");
        return Err(Error::OtherController { found, annotation: CLASS });
    }
    Ok(())
}

/// Refuses to show components as Knative's Services where Knative itself keeps those: it would run them.
async fn without_knative(client: &Client) -> Result<(), Error> {
    let name = "services.serving.knative.dev";
    let labels = crd::found(client, name).await?.and_then(|found| found.labels);
    if labels.is_some_and(|labels| labels.contains_key(PROJECTION)) {
        return Ok(());
    }
    Err(Error::Setting(format!(
        "the definition `{name}` is not there or has no label `{PROJECTION}`, so it is Knative's own; leave \
         `--knative-projection` out, or remove Knative and set the chart's `knativeProjection.enabled`, which brings the definition"
    )))
}
