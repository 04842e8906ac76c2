//! What runs of an InferenceService: its revisions with their replicas.

use std::collections::BTreeMap;

use k8s_openapi::{api::apps::v1::Deployment, jiff::Timestamp};
use longshore_kserve::annotations::{COMPONENT, INFERENCE_SERVICE};
use longshore_platform::names::REVISION;

/// A revision's Deployment.
#[derive(Clone, Debug)]
pub(super) struct Deployed {
    /// The revision.
    pub(super) revision: String,
    /// The InferenceService.
    pub(super) service: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// The component.
    pub(super) component: String,
    /// Replicas that are wanted.
    pub(super) wanted: i32,
    /// Replicas that are ready.
    pub(super) ready: i32,
    /// When it was made.
    pub(super) created: Option<Timestamp>,
    /// The Deployment itself.
    pub(super) deployment: Deployment,
}

impl Deployed {
    /// Reads a Deployment; none when it is no revision's.
    pub(super) fn of(deployment: Deployment) -> Option<Self> {
        let metadata = &deployment.metadata;
        let labels = metadata.labels.as_ref()?;
        let label = |name: &str| labels.get(name).cloned();
        Some(Self {
            revision: label(REVISION).or_else(|| metadata.name.clone())?,
            service: label(INFERENCE_SERVICE)?,
            namespace: metadata.namespace.clone().unwrap_or_default(),
            component: label(COMPONENT).unwrap_or_else(|| "predictor".into()),
            wanted: deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
            ready: deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0),
            created: metadata.creation_timestamp.as_ref().map(|time| time.0),
            deployment,
        })
    }

    /// Reads Deployments, in the order of their revisions' names, by the service's namespace and name.
    pub(super) fn by_service(
        deployments: Vec<Deployment>,
    ) -> BTreeMap<(String, String), Vec<Deployed>> {
        let mut all: Vec<_> = deployments.into_iter().filter_map(Self::of).collect();
        all.sort_by(|a, b| a.revision.cmp(&b.revision));
        let mut by_service = BTreeMap::<_, Vec<_>>::new();
        for deployed in all {
            let key = (deployed.namespace.clone(), deployed.service.clone());
            by_service.entry(key).or_default().push(deployed);
        }
        by_service
    }
}

/// How many replicas of how many there are: `2/3`, or `asleep` when none is wanted.
pub(super) fn replicas(ready: i32, wanted: i32) -> String {
    if wanted == 0 && ready == 0 { "asleep".into() } else { format!("{ready}/{wanted}") }
}
