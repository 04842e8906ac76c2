//! What the operator sees of the cluster: facts that watches keep true, by the service they concern.

mod index;
mod key;
mod pauses;
mod seen;
mod trouble;
mod watch;

pub use index::Index;
pub use key::Key;
pub(crate) use pauses::Pauses;
pub(crate) use seen::POOL;
pub use seen::{APPLIED, AccountSeen, Applied, Deployed, Replica};
pub use trouble::{Mounting, Trouble};
pub(crate) use watch::{WATCH_SECONDS, Watches, resource, scaled_object};

use std::sync::Arc;

use kube::core::DynamicObject;
use longshore_kserve::select::Runtime;

use crate::build::StorageContainer;

/// All that is seen. Objects that belong to an InferenceService are grouped by it.
#[derive(Debug, Default)]
pub struct Cluster {
    /// InferenceServices, each by its own key.
    pub services: Index<DynamicObject>,
    /// The Deployments of revisions.
    pub deployments: Index<Deployed>,
    /// Their pods.
    pub replicas: Index<Replica>,
    /// The pods of warm pools.
    pub pool_replicas: Index<Replica>,
    /// The Services that the operator made.
    pub addresses: Index<Applied>,
    /// The HorizontalPodAutoscalers that the operator made.
    pub pod_autoscalers: Index<Applied>,
    /// The ScaledObjects of KEDA that the operator made.
    pub scaled_objects: Index<Applied>,
    /// Whether the cluster knew KEDA's ScaledObjects when it was looked at.
    pub has_keda: bool,
    /// The projections of Knative's Services that the operator made.
    pub projections: Index<Applied>,
    /// ServingRuntimes, by their namespace.
    pub runtimes: Index<Runtime>,
    /// ClusterServingRuntimes, by no namespace.
    pub cluster_runtimes: Index<Runtime>,
    /// ClusterStorageContainers, by no namespace.
    pub storage_containers: Index<StorageContainer>,
    /// ServiceAccounts, by their namespace.
    pub accounts: Index<AccountSeen>,
}

impl Cluster {
    /// The InferenceService of this key.
    pub fn service(&self, key: &Key) -> Option<Arc<DynamicObject>> {
        self.services.get(key, &key.name)
    }

    /// The runtimes of a namespace and of the cluster.
    pub fn runtimes(&self, namespace: &str) -> Vec<Arc<Runtime>> {
        let mut all = self.runtimes.of(&Key::new(namespace, ""));
        all.extend(self.cluster_runtimes.of(&Key::default()));
        all
    }
}
