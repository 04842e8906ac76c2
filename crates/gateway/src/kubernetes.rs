//! The Kubernetes side: a table is filled from InferenceServices, the Services of revisions and their
//! EndpointSlices, and revisions that sleep are woken.
//!
//! All of it runs on one thread of its own, so that requests never wait for it. What was known is
//! routed on while the API server is away.

use std::{
    borrow::Cow,
    collections::HashMap,
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};
use kube::{Api, Client, Config, Resource, core::PartialObjectMeta};
use longshore_platform::names;
use prometheus_client::registry::Registry;
use serde::de::DeserializeOwned;

mod announce;
#[cfg(test)]
mod fake_api;
mod follow;
mod known;
mod metrics;
mod objects;
mod wake;

pub use wake::Deployments;

use self::{
    announce::Desk,
    follow::Followed,
    known::{Change, Known},
    metrics::{Counts, WatchMetrics},
    objects::{InferenceService, Key},
};
use crate::{Error, Table};

/// How long the API server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The label of an EndpointSlice with the name of its Service.
const LABEL_SERVICE_NAME: &str = "kubernetes.io/service-name";

/// How often it is looked for announced addresses whose time is over.
const EXPIRY: Duration = Duration::from_secs(1);

/// The gateways of a release, of which this is one.
#[derive(Clone, Debug)]
pub struct Release {
    /// The namespace of the headless Service that lists them.
    pub namespace: String,
    /// Its name.
    pub service: String,
    /// The address of this one's port for peers, by which the others know it.
    pub own: SocketAddr,
}

/// What fills a table from Kubernetes. Clones are handles to the same.
#[derive(Clone)]
pub struct Kubernetes(Arc<State>);

struct State {
    client: Client,
    /// Empty for all of them.
    namespaces: Vec<String>,
    /// `None` for a gateway that is alone.
    release: Option<Release>,
    table: Table,
    known: Mutex<Known>,
    /// What was last refused of each object, so that it is told once.
    refused: Mutex<HashMap<(&'static str, Key), String>>,
    /// Lists that were not read yet.
    missing: AtomicUsize,
    services: Arc<Counts>,
    revisions: Arc<Counts>,
    slices: Arc<Counts>,
    deployments: Deployments,
    /// Where replicas announce themselves.
    desk: Desk,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Kubernetes {
    /// Starts to fill `table` on a thread of its own, from these namespaces, or from all when there
    /// are none; with the gateways of its release, unless it is alone. The cluster is that of the pod that this runs in, else that of the kubeconfig.
    ///
    /// # Errors
    /// [`Error::NoCluster`] when there is neither; a cluster that does not answer is waited for.
    pub fn start(
        table: Table,
        namespaces: Vec<String>,
        release: Option<Release>,
    ) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::Thread { source })?;
        let client = runtime.block_on(async {
            let mut config = Config::infer().await.map_err(|error| error.to_string())?;
            config.connect_timeout = Some(CONNECT_TIMEOUT);
            Client::try_from(config).map_err(|error| error.to_string())
        });
        let client = client.map_err(|fault| Error::NoCluster { fault })?;
        let deployments = Deployments::new(client.clone(), runtime.handle().clone());
        let this = Self::new(client, table, namespaces, release, deployments);
        let running = this.clone();
        thread::Builder::new()
            .name("kubernetes".into())
            .spawn(move || runtime.block_on(running.run()))
            .map_err(|source| Error::Thread { source })?;
        Ok(this)
    }

    /// One that follows nothing, for the pages that describe the metrics. It is made within a tokio
    /// runtime.
    ///
    /// # Errors
    /// [`Error::NoCluster`] when there is no client.
    pub fn for_reference(table: Table) -> Result<Self, Error> {
        let client = Client::try_from(Config::new(hyper::Uri::from_static("http://localhost")));
        let client = client.map_err(|error| Error::NoCluster { fault: error.to_string() })?;
        let deployments = Deployments::new(client.clone(), tokio::runtime::Handle::current());
        Ok(Self::new(client, table, Vec::new(), None, deployments))
    }

    fn new(
        client: Client,
        table: Table,
        namespaces: Vec<String>,
        release: Option<Release>,
        deployments: Deployments,
    ) -> Self {
        let lists = 4 * namespaces.len().max(1) + usize::from(release.is_some());
        let missing = AtomicUsize::new(lists);
        Self(Arc::new(State {
            client,
            namespaces,
            release,
            table,
            known: Mutex::default(),
            refused: Mutex::default(),
            missing,
            services: Arc::default(),
            revisions: Arc::default(),
            slices: Arc::default(),
            deployments,
            desk: Desk::new(),
        }))
    }

    /// What wakes revisions.
    pub fn wake(&self) -> Deployments {
        self.0.deployments.clone()
    }

    /// True once everything that there is was read: the table holds what it has to.
    pub fn is_complete(&self) -> bool {
        self.0.missing.load(SeqCst) == 0
    }

    /// Adds the metrics of what is watched and woken.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(WatchMetrics(self.clone())));
    }

    /// Follows all lists. It does not end.
    async fn run(self) {
        let mut tasks: Vec<Task> = Vec::new();
        let all: Vec<Option<&str>> = match &*self.0.namespaces {
            [] => vec![None],
            some => some.iter().map(|name| Some(name.as_str())).collect(),
        };
        for namespace in all {
            tasks.push(self.services(namespace));
            tasks.push(self.revisions(namespace));
            tasks.push(self.slices(namespace));
            tasks.push(self.pools(namespace));
        }
        tasks.extend(self.0.release.as_ref().map(|release| self.gateways(release)));
        tasks.push(Box::pin(self.clone().expire()));
        join_all(tasks).await;
    }

    /// Forgets announced addresses that Kubernetes does not list in time.
    async fn expire(self) {
        loop {
            tokio::time::sleep(EXPIRY).await;
            self.learn(|known| known.expire(Instant::now()));
        }
    }

    fn services(&self, namespace: Option<&str>) -> Task {
        let counts = &self.0.services;
        let this = self.clone();
        self.follow(namespace, None, counts, move |key, object: Option<InferenceService>| {
            let service = object.map_or(Ok(None), objects::service);
            if let Some(service) =
                this.understood(&this.0.services, "InferenceService", &key, service)
            {
                this.learn(|known| known.service(key, service));
            }
        })
    }

    fn revisions(&self, namespace: Option<&str>) -> Task {
        let counts = &self.0.revisions;
        let this = self.clone();
        let apply = move |key: Key, object: Option<PartialObjectMeta<Service>>| {
            let facts = object.map_or(Ok(None), |object| objects::facts(&object.metadata));
            if let Some(facts) = this.understood(&this.0.revisions, "Service", &key, facts) {
                this.learn(|known| known.facts(&key, facts));
            }
        };
        self.follow(namespace, Some(names::REVISION.into()), counts, apply)
    }

    fn slices(&self, namespace: Option<&str>) -> Task {
        let counts = &self.0.slices;
        let this = self.clone();
        let apply = move |key: Key, object: Option<EndpointSlice>| {
            let slice = object.as_ref().and_then(objects::slice);
            this.learn(|known| known.slice(&key, slice));
        };
        self.follow(namespace, Some(names::REVISION.into()), counts, apply)
    }

    fn pools(&self, namespace: Option<&str>) -> Task {
        let counts = &self.0.slices;
        let this = self.clone();
        let apply = move |key: Key, object: Option<EndpointSlice>| {
            let replicas = object.as_ref().map(objects::pool);
            this.learn(|known| known.pool(&key, replicas));
        };
        self.follow(namespace, Some(names::POOL_LABEL.into()), counts, apply)
    }

    fn gateways(&self, release: &Release) -> Task {
        let counts = &self.0.slices;
        let this = self.clone();
        let own = release.own;
        let apply = move |key: Key, object: Option<EndpointSlice>| {
            let slice = object.as_ref().map(|object| objects::gateways(object, own.port()));
            this.learn(|known| known.gateways(&key, slice));
        };
        let label = format!("{LABEL_SERVICE_NAME}={}", release.service);
        self.follow(Some(&release.namespace), Some(label.into()), counts, apply)
    }

    fn follow<K>(
        &self,
        namespace: Option<&str>,
        label: Option<Cow<'static, str>>,
        counts: &Arc<Counts>,
        apply: impl FnMut(Key, Option<K>) + Send + 'static,
    ) -> Task
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let client = self.0.client.clone();
        let api = match namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let followed = Followed { api, label, counts: counts.clone() };
        let this = self.clone();
        let mut is_first = true;
        let listed = move || {
            if std::mem::take(&mut is_first) && this.0.missing.fetch_sub(1, SeqCst) == 1 {
                tracing::info!("all routes are known");
            }
        };
        Box::pin(followed.run(apply, listed))
    }

    /// What an object says, or `None` when it is not understood: what was known of it stays.
    fn understood<T>(
        &self,
        counts: &Counts,
        kind: &'static str,
        key: &Key,
        said: Result<T, String>,
    ) -> Option<T> {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (kind, key.clone());
        match said {
            Ok(said) => {
                refused.remove(&at);
                Some(said)
            }
            Err(fault) => {
                if refused.get(&at) != Some(&fault) {
                    counts.refused();
                    tracing::warn!(kind, object = %key, fault, "an object is not understood");
                    refused.insert(at, fault);
                }
                None
            }
        }
    }

    /// Takes over an address that a replica has told; false when its revision is not known.
    fn learn_announced(&self, revision: &Key, address: IpAddr, until: Instant) -> bool {
        let mut is_known = false;
        self.learn(|known| {
            is_known = known.has(revision);
            known.announce(revision, address, until)
        });
        is_known
    }

    /// Takes over what is new. The table is told while nobody else can learn something, so that it
    /// hears of everything in order.
    fn learn<C: IntoIterator<Item = Change>>(&self, learn: impl FnOnce(&mut Known) -> C) {
        let table = &self.0.table;
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        for change in learn(&mut known) {
            match change {
                Change::Service(service) => {
                    let key = Key::new(&service.namespace, &service.name);
                    let set = table.set_service(&service).map_err(|error| error.to_string());
                    if let Some(taken) = self.understood(&self.0.services, "route", &key, set)
                        && !taken.is_empty()
                    {
                        tracing::warn!(
                            service = %key,
                            ?taken,
                            "another service answers there already; the one that came first keeps it"
                        );
                    }
                }
                Change::NoService(key) => table.remove_service(&key.namespace, &key.name),
                Change::Revision(revision) => {
                    let (namespace, name) = (&revision.namespace, &revision.name);
                    table.set_facts(namespace, name, revision.facts.clone());
                    table.set_replicas(namespace, name, revision.replicas);
                }
                Change::Pool(namespace, replicas) => table.set_pool(&namespace, replicas),
                Change::Gateways { ready, others } => {
                    if let Some(release) = &self.0.release {
                        table.set_gateways(release.own, ready, others);
                    }
                }
                Change::NoRevision(key) => table.remove_revision(&key.namespace, &key.name),
            }
        }
    }
}

impl std::fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kubernetes").field("namespaces", &self.0.namespaces).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
