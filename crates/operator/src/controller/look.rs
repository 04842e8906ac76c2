use std::sync::Arc;

use kube::core::DynamicObject;
use longshore_kserve::status::InferenceServiceStatus;
use longshore_platform::PoolReadiness;

use crate::{
    autoscaler::Settings,
    build::Workload,
    cluster::{Deployed, Key, Replica},
};

/// A workload and its latest revision.
pub(crate) struct Current {
    pub(crate) workload: Workload,
    pub(crate) latest: String,
    /// What the autoscaler goes by.
    pub(crate) scaling: Settings,
    /// Why its objects cannot be made, in the API server's words.
    pub(crate) refused: Option<String>,
    /// What the warm pool says of its latest revision, when that is to answer from there and has not
    /// yet done so.
    pub(crate) pooled: Option<PoolReadiness>,
}

/// What is known of a service at one look.
pub(crate) struct Look {
    pub(crate) key: Key,
    pub(crate) object: Arc<DynamicObject>,
    pub(crate) before: InferenceServiceStatus,
    pub(crate) deployments: Vec<Arc<Deployed>>,
    pub(crate) replicas: Vec<Arc<Replica>>,
}
