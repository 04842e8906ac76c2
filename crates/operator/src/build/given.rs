use std::collections::{BTreeMap, BTreeSet};

use longshore_kserve::{
    InferenceServiceSpec, StorageContainerSpec,
    address::Hosts,
    annotations::{Annotations, DeploymentMode},
    select::Runtime,
};

use super::{
    DEFAULT_ACCOUNT,
    credentials::{STORAGE_CONFIG, STORAGE_SECRET},
};

/// What holds for all services of a cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How hosts are made.
    pub hosts: Hosts,
    /// Our own image: of the init containers that fetch models.
    pub image: String,
    /// The name of the gateway's Service in the cluster.
    pub gateway_host: String,
    /// Where replicas announce themselves: the name of the gateways' headless Service in the cluster,
    /// and a port; none when they do not.
    pub announce_to: Option<String>,
    /// Variables of every container that fetches models, unless the manifest sets them.
    pub storage_env: BTreeMap<String, String>,
    /// The mode of services that say none.
    pub default_mode: DeploymentMode,
}

/// An InferenceService, completed by [`longshore_kserve::defaults::complete`], and without a fault by
/// [`longshore_kserve::validate::validate`].
#[derive(Clone, Copy, Debug)]
pub struct Service<'s> {
    /// Its name.
    pub name: &'s str,
    /// Its namespace.
    pub namespace: &'s str,
    /// Its UID, for owner references.
    pub uid: &'s str,
    /// Its labels.
    pub labels: &'s Annotations,
    /// Its annotations.
    pub annotations: &'s Annotations,
    /// The mode that its status tells: it stays in it.
    pub mode: Option<DeploymentMode>,
    /// What it asks for.
    pub spec: &'s InferenceServiceSpec,
}

/// What stands around a service.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// The runtimes of its namespace and of the cluster.
    pub runtimes: &'s [&'s Runtime],
    /// Each ClusterStorageContainer.
    pub storage_containers: &'s [&'s StorageContainer],
    /// Each ServiceAccount of [`Service::accounts`] that there is, by name.
    pub accounts: &'s BTreeMap<String, Account>,
    /// The Secret of [`Service::storage_secret`], when there is one.
    pub storage_secret: Option<&'s Secret>,
    /// Whether the cluster knows KEDA's ScaledObjects.
    pub has_keda: bool,
}

/// A ClusterStorageContainer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StorageContainer {
    /// Its name.
    pub name: String,
    /// What it is.
    pub spec: StorageContainerSpec,
}

/// A ServiceAccount, and the Secrets that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its annotations.
    pub annotations: Annotations,
    /// Those of its Secrets that there are, in its order.
    pub secrets: Vec<Secret>,
}

/// A Secret without its values, which nobody here has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its annotations.
    pub annotations: Annotations,
    /// The keys of its data.
    pub keys: BTreeSet<String>,
}

impl Service<'_> {
    /// The names of each ServiceAccount that its pods run as.
    pub fn accounts(&self) -> BTreeSet<String> {
        let canaries = self.spec.canary.iter().map(|it| &it.predictor.component);
        let all = self.spec.components().map(|(_, it)| it).chain(canaries);
        let pods = all.map(|it| &it.pod);
        pods.map(|pod| pod.service_account().unwrap_or(DEFAULT_ACCOUNT).to_owned()).collect()
    }

    /// The name of the Secret that says how its storage is reached.
    pub fn storage_secret(&self) -> &str {
        self.annotations.get(STORAGE_SECRET).map_or(STORAGE_CONFIG, String::as_str)
    }
}
