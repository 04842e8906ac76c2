//! What of an object of Kubernetes the operator has to know: objects are not kept whole.

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{Pod, ServiceAccount},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::core::DynamicObject;
use longshore_kserve::{
    Component,
    annotations::{Annotations, COMPONENT, INFERENCE_SERVICE},
    select::Runtime,
};
use longshore_platform::names::{HASH, POOL_LABEL, REVISION, ROLLOUT_STATE, SCALING};

use super::{Key, Mounting, Trouble, trouble};
use crate::build::StorageContainer;

/// The annotation of an object with the hash of what was last applied to it.
pub const APPLIED: &str = "longshore.dev/applied";

/// An object that the operator applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// The revision that it is of, when it is of one.
    pub revision: Option<String>,
    /// The hash of what was applied.
    pub hash: Option<String>,
}

/// The Deployment of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// Its name, which is the revision's.
    pub name: String,
    /// Its component.
    pub component: Option<Component>,
    /// The hash of what was applied.
    pub hash: Option<String>,
    /// The hash of the template of its pods.
    pub template: Option<String>,
    /// How far its rollout is, as JSON.
    pub rollout: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Replicas that are wanted.
    pub wanted: u32,
    /// Replicas that are ready.
    pub ready: u32,
    /// True when an annotation says why it has so many replicas.
    pub is_explained: bool,
    /// True when all its replicas have been ready at a time.
    pub is_complete: bool,
    /// Why it makes no progress, in Kubernetes' words.
    pub stalled: Option<String>,
    /// Why pods of it cannot be made, in Kubernetes' words.
    pub refused: Option<String>,
}

/// A pod of a revision or of a warm pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// The revision; of a pool's pod there is none.
    pub revision: String,
    /// True when it takes requests.
    pub is_ready: bool,
    /// True while its model is fetched or loaded.
    pub is_loading: bool,
    /// What is wrong with it.
    pub trouble: Option<Trouble>,
    /// What its containers wait for.
    pub mounting: Option<Mounting>,
}

/// A ServiceAccount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSeen {
    /// Its annotations.
    pub annotations: Annotations,
    /// The names of the Secrets that it names.
    pub secrets: Vec<String>,
}

/// The name and the namespace of an object.
pub(crate) fn key(metadata: &ObjectMeta) -> Key {
    Key::new(
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}

/// The InferenceService that an object is of, by its label.
pub(crate) fn service(metadata: &ObjectMeta) -> Option<Key> {
    let name = label(metadata, INFERENCE_SERVICE)?;
    Some(Key::new(metadata.namespace.clone().unwrap_or_default(), name))
}

/// What the objects of a warm pool belong to: no service has such a name.
pub(crate) const POOL: &str = ":pool";

/// What an object belongs to that is of an InferenceService or of its namespace's warm pool.
pub(crate) fn service_or_pool(metadata: &ObjectMeta) -> Option<Key> {
    service(metadata).or_else(|| {
        label(metadata, POOL_LABEL)?;
        Some(Key::new(metadata.namespace.clone().unwrap_or_default(), POOL))
    })
}

fn label<'m>(metadata: &'m ObjectMeta, name: &str) -> Option<&'m str> {
    metadata.labels.as_ref()?.get(name).map(String::as_str)
}

/// The component of this name.
fn component(name: &str) -> Option<Component> {
    Component::ALL.into_iter().find(|component| component.name() == name)
}

fn count(number: Option<i32>) -> u32 {
    number.map_or(0, |number| u32::try_from(number).unwrap_or(0))
}

impl Applied {
    /// What is seen of an object that is not read further.
    pub(crate) fn of(metadata: &ObjectMeta) -> Self {
        Self {
            name: metadata.name.clone().unwrap_or_default(),
            revision: label(metadata, REVISION).map(str::to_owned),
            hash: annotation(metadata, APPLIED),
        }
    }
}

fn annotation(metadata: &ObjectMeta, name: &str) -> Option<String> {
    metadata.annotations.as_ref()?.get(name).cloned()
}

impl Deployed {
    /// What is seen of a Deployment.
    pub(crate) fn of(deployment: &Deployment) -> Self {
        let metadata = &deployment.metadata;
        let status = deployment.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let condition = |kind: &str, holds: &str| {
            conditions.iter().find(|it| it.type_ == kind && it.status == holds)
        };
        let complete = condition("Progressing", "True")
            .is_some_and(|it| it.reason.as_deref() == Some("NewReplicaSetAvailable"));
        let created = metadata.creation_timestamp.as_ref();
        Self {
            name: metadata.name.clone().unwrap_or_default(),
            component: label(metadata, COMPONENT).and_then(component),
            hash: annotation(metadata, APPLIED),
            template: label(metadata, HASH).map(str::to_owned),
            rollout: annotation(metadata, ROLLOUT_STATE),
            created: created.map_or(0, |time| time.0.as_second()),
            wanted: deployment
                .spec
                .as_ref()
                .map_or(0, |spec| spec.replicas.map_or(1, |it| count(Some(it)))),
            is_explained: annotation(metadata, SCALING).is_some(),
            ready: status.map_or(0, |status| count(status.ready_replicas)),
            is_complete: complete,
            stalled: condition("Progressing", "False").and_then(|it| it.message.clone()),
            refused: condition("ReplicaFailure", "True")
                .and_then(|it| it.message.as_deref())
                .map(trouble::refused),
        }
    }
}

impl Replica {
    /// What is seen of a pod, when it is one of a revision and does not go.
    pub(crate) fn of(pod: &Pod) -> Option<Self> {
        Self::named(pod, label(&pod.metadata, REVISION)?)
    }

    /// What is seen of a pod of a warm pool, when it does not go.
    pub(crate) fn of_pool(pod: &Pod) -> Option<Self> {
        Self::named(pod, "")
    }

    fn named(pod: &Pod, revision: &str) -> Option<Self> {
        if pod.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref());
        let holds = |kind: &str| {
            conditions.unwrap_or_default().iter().any(|it| it.type_ == kind && it.status == "True")
        };
        let is_ready = holds("Ready");
        Some(Self {
            name: pod.metadata.name.clone().unwrap_or_default(),
            revision: revision.to_owned(),
            is_ready,
            is_loading: !is_ready && holds("PodScheduled"),
            trouble: if is_ready { None } else { trouble::of(pod) },
            mounting: if is_ready { None } else { trouble::mounting(pod) },
        })
    }
}

/// What is seen of a ServingRuntime or a ClusterServingRuntime.
///
/// # Errors
/// When it is not one.
pub(crate) fn runtime(
    object: &DynamicObject,
    is_cluster_wide: bool,
) -> Result<Runtime, serde_json::Error> {
    let metadata = &object.metadata;
    let created = metadata.creation_timestamp.as_ref();
    Ok(Runtime {
        name: metadata.name.clone().unwrap_or_default(),
        is_cluster_wide,
        created: created.map(|time| time.0.to_string()).unwrap_or_default(),
        annotations: metadata.annotations.clone().unwrap_or_default(),
        spec: serde_json::from_value(object.data["spec"].clone())?,
    })
}

/// What is seen of a ClusterStorageContainer.
///
/// # Errors
/// When it is not one.
pub(crate) fn storage_container(
    object: &DynamicObject,
) -> Result<StorageContainer, serde_json::Error> {
    let spec = serde_json::from_value(object.data["spec"].clone())?;
    Ok(StorageContainer { name: object.metadata.name.clone().unwrap_or_default(), spec })
}

impl AccountSeen {
    /// What is seen of a ServiceAccount.
    pub(crate) fn of(account: ServiceAccount) -> Self {
        let secrets = account.secrets.into_iter().flatten();
        Self {
            annotations: account.metadata.annotations.unwrap_or_default(),
            secrets: secrets.filter_map(|secret| secret.name).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Deployed, Replica};

    fn deployment(status: &Value) -> Deployed {
        let value = json!({
            "metadata": {"name": "iris-predictor-00001-bcdfg", "labels": {"component": "predictor"}},
            "spec": {"replicas": 2, "selector": {}, "template": {}},
            "status": status,
        });
        Deployed::of(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_deployment_says_how_far_it_is() {
        let new = deployment(&json!({}));
        assert_eq!((new.wanted, new.ready, new.is_complete), (2, 0, false));
        let whole = deployment(&json!({
            "readyReplicas": 2,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        }));
        assert_eq!((whole.ready, whole.is_complete), (2, true));
        let refused = deployment(&json!({"conditions": [
            {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"},
            {"type": "Progressing", "status": "False", "message": "timed out"},
        ]}));
        let told = "exceeded quota; ask for less in `resources`, or have the quota raised";
        assert_eq!(refused.refused.as_deref(), Some(told));
        assert_eq!(refused.stalled.as_deref(), Some("timed out"));
    }

    #[test]
    fn a_pod_that_goes_is_no_replica() {
        let pod = |more: &Value| {
            let mut metadata = json!({"name": "a", "labels": {"longshore.dev/revision": "r"}});
            for (key, value) in more.as_object().unwrap() {
                metadata[key] = value.clone();
            }
            let status = json!({"conditions": [{"type": "Ready", "status": "True"}]});
            let value = json!({"metadata": metadata, "status": status});
            Replica::of(&serde_json::from_value(value).unwrap())
        };
        assert!(pod(&json!({})).is_some_and(|replica| replica.is_ready));
        assert_eq!(pod(&json!({"deletionTimestamp": "2026-01-01T00:00:00Z"})), None);
        assert_eq!(pod(&json!({"labels": {}})), None);
    }
}
