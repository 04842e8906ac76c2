use std::{
    fmt::Debug,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_util::{Stream, StreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Pod, Service, ServiceAccount},
};
use kube::{
    Api, Client, Resource,
    api::{ApiResource, DynamicObject},
    core::{GroupVersionKind, NamespaceResourceScope},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use longshore_kserve::GROUP;
use longshore_platform::names::{POOL_LABEL, REVISION};
use serde::de::DeserializeOwned;
use tokio::{sync::Notify, task::JoinSet};

use super::{
    AccountSeen, Applied, Cluster, Deployed, Index, Key, Pauses, Replica,
    seen::{key, runtime, service, service_or_pool, storage_container},
};

/// How long the API server keeps a watch open. A connection that died without a word, as when the
/// control plane loses its power, is noticed a moment after this.
pub(crate) const WATCH_SECONDS: u32 = 30;

/// The label that all objects of the operator carry.
const OURS: &str = "app.kubernetes.io/managed-by=longshore";

/// A kind of KServe.
pub(crate) fn resource(kind: &str, version: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, version, kind))
}

/// KEDA's kind.
pub(crate) fn scaled_object() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("keda.sh", "v1alpha1", "ScaledObject"))
}

/// Who is told of the services that a change concerns.
pub(crate) trait Told: Fn(Key) + Clone + Send + Sync + 'static {}
impl<F: Fn(Key) + Clone + Send + Sync + 'static> Told for F {}

/// The watches that keep a [`Cluster`] true.
pub(crate) struct Watches<F> {
    client: Client,
    cluster: Arc<Cluster>,
    told: F,
    tasks: JoinSet<()>,
    progress: Arc<Progress>,
    /// True when projections of Knative's Services are watched too.
    projects: bool,
}

/// How many first lists are still awaited.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    missing: AtomicUsize,
    changed: Notify,
}

impl Progress {
    /// True when everything has been listed once.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.load(SeqCst) == 0
    }

    /// Waits until everything has been listed once.
    pub(crate) async fn complete(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_complete() {
                return;
            }
            changed.await;
        }
    }
}

/// One watch: where it looks, and what it takes out of what it sees.
struct Watch<K, T> {
    /// Its namespace, or all.
    namespace: Option<String>,
    index: fn(&Cluster) -> &Index<T>,
    /// What an object belongs to; nothing for what is not of interest.
    group: fn(&K) -> Option<Key>,
    /// What is seen of an object; nothing for one that is as good as gone.
    see: fn(K) -> Option<T>,
}

impl<F: Told> Watches<F> {
    /// Watches `namespaces`, or all when there are none.
    pub(crate) fn start(
        client: Client,
        cluster: Arc<Cluster>,
        namespaces: &[String],
        projects: bool,
        told: F,
    ) -> Self {
        let tasks = JoinSet::new();
        let mut watches = Self { client, cluster, told, tasks, progress: Arc::default(), projects };
        if namespaces.is_empty() {
            watches.namespaced(None);
        }
        for namespace in namespaces {
            watches.namespaced(Some(namespace));
        }
        watches.shared();
        watches
    }

    /// How far the first lists are.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// What is watched in a namespace, or in all.
    fn namespaced(&mut self, namespace: Option<&String>) {
        let all = watcher::Config::default();
        let mine = watcher::Config::default().labels(OURS);
        let services = self.dynamic(&resource("InferenceService", "v1beta1"), namespace);
        self.watch(
            services,
            all.clone(),
            Watch {
                namespace: namespace.cloned(),
                index: |it| &it.services,
                group: |object| Some(key(&object.metadata)),
                see: |mut object: DynamicObject| {
                    object.metadata.managed_fields = None;
                    Some(object)
                },
            },
        );
        let runtimes = self.dynamic(&resource("ServingRuntime", "v1alpha1"), namespace);
        self.watch(
            runtimes,
            all.clone(),
            Watch {
                namespace: namespace.cloned(),
                index: |it| &it.runtimes,
                group: |object| Some(Key::new(key(&object.metadata).namespace, "")),
                see: |object| readable(&object, runtime(&object, false)),
            },
        );
        let api = self.api::<Deployment>(namespace);
        self.watch(
            api,
            mine,
            Watch {
                namespace: namespace.cloned(),
                index: |it| &it.deployments,
                group: |object| service_or_pool(&object.metadata),
                see: |object| Some(Deployed::of(&object)),
            },
        );
        let api = self.api::<Pod>(namespace);
        self.watch(
            api,
            watcher::Config::default().labels(REVISION),
            Watch {
                namespace: namespace.cloned(),
                index: |it| &it.replicas,
                group: |object| service(&object.metadata),
                see: |object| Replica::of(&object),
            },
        );
        let api = self.api::<Pod>(namespace);
        self.watch(
            api,
            watcher::Config::default().labels(POOL_LABEL),
            Watch {
                namespace: namespace.cloned(),
                index: |it| &it.pool_replicas,
                group: |object| service_or_pool(&object.metadata),
                see: |object| Replica::of_pool(&object),
            },
        );
        let services = self.api::<Service>(namespace);
        self.made(services, namespace, |it| &it.addresses);
        let scalers = self.api::<HorizontalPodAutoscaler>(namespace);
        self.made(scalers, namespace, |it| &it.pod_autoscalers);
        if self.cluster.has_keda {
            let scalers = self.dynamic(&scaled_object(), namespace);
            self.made(scalers, namespace, |it| &it.scaled_objects);
        }
        if self.projects {
            let kind = GroupVersionKind::gvk("serving.knative.dev", "v1", "Service");
            let projections = self.dynamic(&ApiResource::from_gvk(&kind), namespace);
            self.made(projections, namespace, |it| &it.projections);
        }
        let api = self.api::<ServiceAccount>(namespace);
        self.watch(
            api,
            all,
            Watch {
                namespace: namespace.cloned(),
                index: |it| &it.accounts,
                group: |object| Some(Key::new(key(&object.metadata).namespace, "")),
                see: |object| Some(AccountSeen::of(object)),
            },
        );
    }

    /// Objects that the operator made, of which nothing matters but that they are as it applied them.
    fn made<K>(
        &mut self,
        api: Api<K>,
        namespace: Option<&String>,
        index: fn(&Cluster) -> &Index<Applied>,
    ) where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        self.watch(
            api,
            watcher::Config::default().labels(OURS),
            Watch {
                namespace: namespace.cloned(),
                index,
                group: |object: &K| service_or_pool(object.meta()),
                see: |object: K| Some(Applied::of(object.meta())),
            },
        );
    }

    /// What is of the whole cluster.
    fn shared(&mut self) {
        let runtimes = self.dynamic(&resource("ClusterServingRuntime", "v1alpha1"), None);
        self.watch(
            runtimes,
            watcher::Config::default(),
            Watch {
                namespace: None,
                index: |it| &it.cluster_runtimes,
                group: |_| Some(Key::default()),
                see: |object| readable(&object, runtime(&object, true)),
            },
        );
        let containers = self.dynamic(&resource("ClusterStorageContainer", "v1alpha1"), None);
        self.watch(
            containers,
            watcher::Config::default(),
            Watch {
                namespace: None,
                index: |it| &it.storage_containers,
                group: |_| Some(Key::default()),
                see: |object| readable(&object, storage_container(&object)),
            },
        );
    }

    fn api<K>(&self, namespace: Option<&String>) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    fn dynamic(&self, kind: &ApiResource, namespace: Option<&String>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, kind),
            None => Api::all_with(self.client.clone(), kind),
        }
    }

    fn watch<K, T>(&mut self, api: Api<K>, config: watcher::Config, watch: Watch<K, T>)
    where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
        T: PartialEq + Send + Sync + 'static,
    {
        self.progress.missing.fetch_add(1, SeqCst);
        let (cluster, told) = (self.cluster.clone(), self.told.clone());
        let progress = self.progress.clone();
        self.tasks.spawn(async move {
            let events =
                watcher::watcher(api, config.timeout(WATCH_SECONDS)).backoff(Pauses::default());
            follow(watch, &cluster, told, &progress, events).await;
        });
    }
}

/// What was read of an object; one that cannot be read is left out, and the log says so.
fn readable<T>(object: &DynamicObject, read: Result<T, serde_json::Error>) -> Option<T> {
    read.inspect_err(|error| {
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let kind = object.types.as_ref().map_or("", |types| &types.kind);
        tracing::warn!(kind, name, %error, "an object cannot be read and is left out");
    })
    .ok()
}

/// Keeps an index true by the events of a watch.
async fn follow<K: Resource, T: PartialEq>(
    watch: Watch<K, T>,
    cluster: &Cluster,
    told: impl Told,
    progress: &Progress,
    events: impl Stream<Item = watcher::Result<Event<K>>>,
) {
    let Watch { namespace, index, group, see } = watch;
    let index = index(cluster);
    let mut events = pin!(events);
    let mut listed = Vec::new();
    let mut is_listed = false;
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(%error, "a watch was interrupted; what was last seen holds until it is back");
                continue;
            }
        };
        let is_first = matches!(event, Event::InitApply(_));
        match event {
            Event::Init => listed = Vec::new(),
            Event::Apply(object) | Event::InitApply(object) => {
                let name = key(object.meta()).name;
                let Some(group) = group(&object) else { continue };
                let changed = match see(object) {
                    Some(seen) => index.put(&group, &name, seen),
                    None => index.remove(&group, &name),
                };
                if changed {
                    told(group.clone());
                }
                if is_first {
                    listed.push((group, name));
                }
            }
            Event::Delete(object) => {
                let name = key(object.meta()).name;
                if let Some(group) = group(&object).filter(|group| index.remove(group, &name)) {
                    told(group);
                }
            }
            Event::InitDone => {
                let lost = index.keep(namespace.as_deref(), &std::mem::take(&mut listed));
                lost.into_iter().for_each(&told);
                if !std::mem::replace(&mut is_listed, true) {
                    progress.missing.fetch_sub(1, SeqCst);
                    progress.changed.notify_waiters();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, atomic::Ordering::SeqCst};

    use futures_util::stream;
    use k8s_openapi::api::apps::v1::Deployment;
    use kube::runtime::watcher::{Error, Event};
    use serde_json::json;

    use super::{Cluster, Deployed, Key, Progress, Watch, follow, service};

    fn deployment(name: &str, service: &str, ready: u32) -> Deployment {
        let labels = json!({"serving.kserve.io/inferenceservice": service});
        let value = json!({
            "metadata": {"namespace": "ml", "name": name, "labels": labels},
            "spec": {"replicas": 1, "selector": {}, "template": {}},
            "status": {"readyReplicas": ready},
        });
        serde_json::from_value(value).unwrap()
    }

    /// The services that the events tell of.
    async fn told(cluster: &Cluster, events: Vec<Event<Deployment>>) -> Vec<String> {
        let watch = Watch {
            namespace: None,
            index: |it| &it.deployments,
            group: |object: &Deployment| service(&object.metadata),
            see: |object| Some(Deployed::of(&object)),
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = {
            let seen = seen.clone();
            move |key: Key| seen.lock().unwrap().push(key.to_string())
        };
        let progress = Progress::default();
        progress.missing.store(1, SeqCst);
        // an interruption on the way loses nothing
        let events: Vec<_> =
            events.into_iter().flat_map(|it| [Ok(it), Err(Error::NoResourceVersion)]).collect();
        follow(watch, cluster, told, &progress, stream::iter(events)).await;
        seen.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn a_service_is_told_of_what_changed_for_it_and_of_nothing_else() {
        let cluster = Cluster::default();
        let list = |objects: Vec<Deployment>| {
            let objects = objects.into_iter().map(Event::InitApply);
            [Event::Init].into_iter().chain(objects).chain([Event::InitDone]).collect::<Vec<_>>()
        };
        let first = list(vec![deployment("a-1", "a", 0), deployment("b-1", "b", 0)]);
        assert_eq!(told(&cluster, first).await, ["ml/a", "ml/b"]);
        // the same again is no news; what the new list lacks is gone
        let second = list(vec![deployment("a-1", "a", 0)]);
        assert_eq!(told(&cluster, second).await, ["ml/b"]);
        let changes = vec![
            Event::Apply(deployment("a-1", "a", 0)),
            Event::Apply(deployment("a-1", "a", 1)),
            Event::Delete(deployment("a-1", "a", 1)),
            Event::Delete(deployment("a-1", "a", 1)),
        ];
        assert_eq!(told(&cluster, changes).await, ["ml/a", "ml/a"]);
        assert!(cluster.deployments.is_empty());
    }
}
