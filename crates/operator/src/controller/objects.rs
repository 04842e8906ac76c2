//! Objects as they are written to the API server.

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{Namespace, Secret as KubeSecret},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use longshore_kserve::{annotations::Annotations, status::InferenceServiceStatus};
use longshore_platform::names::{OPERATOR, ROLLOUT_MANAGER, ROLLOUT_STATE};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::{
    Error,
    build::Secret,
    cluster::{APPLIED, Key, resource},
    rollout::State,
};

/// The finalizer by which KServe's controller is told of a deletion.
const KSERVE_FINALIZER: &str = "inferenceservice.finalizers";

/// How the operator merges what it changes of an object.
fn merging() -> PatchParams {
    PatchParams { field_manager: Some(OPERATOR.into()), ..PatchParams::default() }
}

/// Writes objects.
#[derive(Clone)]
pub(crate) struct Objects {
    client: Client,
}

/// An object, and the hash of what it says.
pub(crate) struct Manifest {
    /// Its name.
    pub(crate) name: String,
    /// The hash.
    pub(crate) hash: String,
    /// The object itself.
    pub(crate) value: Value,
}

impl Manifest {
    /// An object with the hash of what it says in an annotation, so that what it is to be can be
    /// compared to what it is without the fields that Kubernetes fills in.
    pub(crate) fn new(mut value: Value) -> Self {
        let mut hashed = value.clone();
        // replicas are said once, and then by others
        if let Some(spec) = hashed.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("replicas");
        }
        let hash = hash(&hashed);
        value["metadata"]["annotations"][APPLIED] = hash.clone().into();
        let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        Self { name, hash, value }
    }

    fn resource(&self) -> ApiResource {
        let text = |field: &str| self.value[field].as_str().unwrap_or_default();
        let (group, version) =
            text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
        ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("kind")))
    }

    fn shown(&self) -> String {
        format!("{} `{}`", self.value["kind"].as_str().unwrap_or("object"), self.name)
    }
}

fn hash(value: &Value) -> String {
    let digest = digest(&SHA256, value.to_string().as_bytes());
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

impl Objects {
    /// Writes through `client`.
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    fn api(&self, manifest: &Manifest, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &manifest.resource())
    }

    /// Makes an object anew. One of that name that is there already stays as it is: another operator
    /// has made it, or this one a moment ago.
    pub(crate) async fn create(&self, namespace: &str, manifest: &Manifest) -> Result<(), Error> {
        let object: DynamicObject =
            serde_json::from_value(manifest.value.clone()).map_err(|error| {
                Error::Setting(format!("{} is no object: {error}", manifest.shown()))
            })?;
        let parameters =
            PostParams { field_manager: Some(OPERATOR.into()), ..PostParams::default() };
        match self.api(manifest, namespace).create(&parameters, &object).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
            other => other.map(drop).map_err(Error::api(format!("make the {}", manifest.shown()))),
        }
    }

    /// Makes an object what its manifest says, as far as it says it.
    pub(crate) async fn apply(&self, namespace: &str, manifest: &Manifest) -> Result<(), Error> {
        let parameters = PatchParams::apply(OPERATOR).force();
        let patch = Patch::Apply(&manifest.value);
        let api = self.api(manifest, namespace);
        let applied = api.patch(&manifest.name, &parameters, &patch).await;
        applied.map(drop).map_err(Error::api(format!("apply the {}", manifest.shown())))
    }

    /// Writes down how far the rollout of a revision is.
    pub(crate) async fn keep_rollout(
        &self,
        namespace: &str,
        revision: &str,
        state: &State,
    ) -> Result<(), Error> {
        let state = serde_json::to_string(state)
            .map_err(|error| Error::Setting(format!("the state of a rollout: {error}")))?;
        let value = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": revision, "annotations": {ROLLOUT_STATE: state}},
        });
        let api = Api::<Deployment>::namespaced(self.client.clone(), namespace);
        let parameters = PatchParams::apply(ROLLOUT_MANAGER).force();
        let kept = api.patch(revision, &parameters, &Patch::Apply(&value)).await;
        kept.map(drop).map_err(Error::api(format!("annotate the Deployment `{revision}`")))
    }

    /// Deletes an object, unless it is gone already.
    pub(crate) async fn delete(
        &self,
        namespace: &str,
        kind: Kind,
        name: &str,
    ) -> Result<(), Error> {
        let (group, version, kind) = match kind {
            Kind::Deployment => ("apps", "v1", "Deployment"),
            Kind::Service => ("", "v1", "Service"),
            Kind::PodAutoscaler => ("autoscaling", "v2", "HorizontalPodAutoscaler"),
            Kind::Projection => ("serving.knative.dev", "v1", "Service"),
            Kind::NetworkPolicy => ("networking.k8s.io", "v1", "NetworkPolicy"),
            Kind::ScaledObject => ("keda.sh", "v1alpha1", "ScaledObject"),
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), namespace, &resource);
        match api.delete(name, &DeleteParams::background()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => other.map(drop).map_err(Error::api(format!("delete the {kind} `{name}`"))),
        }
    }

    /// Says how many replicas a revision has.
    pub(crate) async fn scale(
        &self,
        namespace: &str,
        name: &str,
        replicas: u32,
    ) -> Result<(), Error> {
        let api = Api::<Deployment>::namespaced(self.client.clone(), namespace);
        let patch = json!({"spec": {"replicas": replicas}});
        let scaled = api.patch_scale(name, &merging(), &Patch::Merge(patch)).await;
        scaled.map(drop).map_err(Error::api(format!("scale the Deployment `{name}`")))
    }

    /// Takes labels from the Deployment of a revision. What was applied is not so any more: whoever needs
    /// the revision again applies it anew.
    pub(crate) async fn unlabel(
        &self,
        namespace: &str,
        revision: &str,
        labels: &[&String],
    ) -> Result<(), Error> {
        let labels = labels.iter().map(|label| ((*label).clone(), Value::Null));
        let labels: serde_json::Map<_, _> = labels.collect();
        let patch = json!({"metadata": {"labels": labels, "annotations": {APPLIED: null}}});
        let api = Api::<Deployment>::namespaced(self.client.clone(), namespace);
        let patched = api.patch_metadata(revision, &merging(), &Patch::Merge(patch)).await;
        patched
            .map(drop)
            .map_err(Error::api(format!("take labels from the Deployment `{revision}`")))
    }

    /// Writes the status of an InferenceService, unless it has changed since this `version` of it.
    pub(crate) async fn tell(
        &self,
        key: &Key,
        version: Option<&str>,
        status: &InferenceServiceStatus,
    ) -> Result<(), Error> {
        let kind = resource("InferenceService", "v1beta1");
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &key.namespace, &kind);
        let mut metadata = json!({"name": key.name});
        if let Some(version) = version {
            metadata["resourceVersion"] = version.into();
        }
        let patch = json!({
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": metadata,
            "status": status,
        });
        let parameters = PatchParams::apply(OPERATOR).force();
        let told = api.patch_status(&key.name, &parameters, &Patch::Apply(&patch)).await;
        told.map(drop).map_err(Error::api(format!("write the status of `{key}`")))
    }

    /// Takes away the finalizer that KServe's controller has put on an InferenceService: nobody else
    /// would, and one that came with its manifest could never be deleted.
    pub(crate) async fn release(&self, key: &Key, metadata: &ObjectMeta) -> Result<(), Error> {
        let held = metadata.finalizers.as_deref().unwrap_or_default();
        if !held.iter().any(|it| it == KSERVE_FINALIZER) {
            return Ok(());
        }
        let rest: Vec<_> = held.iter().filter(|it| *it != KSERVE_FINALIZER).collect();
        let patch = json!({"metadata": {
            "finalizers": rest, "resourceVersion": metadata.resource_version,
        }});
        let kind = resource("InferenceService", "v1beta1");
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &key.namespace, &kind);
        match api.patch(&key.name, &merging(), &Patch::Merge(patch)).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => other.map(drop).map_err(Error::api(format!("let `{key}` go"))),
        }
    }

    /// The annotations of a namespace; none when there is no such namespace.
    pub(crate) async fn namespace(&self, name: &str) -> Result<Annotations, Error> {
        let api = Api::<Namespace>::all(self.client.clone());
        let found = api.get_metadata_opt(name).await;
        let found = found.map_err(Error::api(format!("read the namespace `{name}`")))?;
        Ok(found.and_then(|it| it.metadata.annotations).unwrap_or_default())
    }

    /// A Secret without its values; nothing when there is none.
    pub(crate) async fn secret(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Secret>, Error> {
        let api = Api::<KubeSecret>::namespaced(self.client.clone(), namespace);
        let found = api.get_opt(name).await;
        let found = found.map_err(Error::api(format!("read the keys of the Secret `{name}`")))?;
        Ok(found.map(|secret| Secret {
            name: name.to_owned(),
            annotations: secret.metadata.annotations.unwrap_or_default(),
            keys: secret.data.into_iter().flatten().map(|(key, _)| key).collect(),
        }))
    }
}

/// A kind of objects that the operator deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Deployment of a revision.
    Deployment,
    /// A Service.
    Service,
    /// A HorizontalPodAutoscaler.
    PodAutoscaler,
    /// The projection of a component as Knative's Service.
    Projection,
    /// A NetworkPolicy.
    NetworkPolicy,
    /// KEDA's ScaledObject.
    ScaledObject,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Manifest;

    #[test]
    fn the_hash_is_of_what_the_operator_says() {
        let deployment = |replicas: Option<u32>, image: &str| {
            let mut value = json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "a"}, "spec": {"template": {"image": image}},
            });
            if let Some(replicas) = replicas {
                value["spec"]["replicas"] = replicas.into();
            }
            Manifest::new(value)
        };
        let first = deployment(Some(3), "a");
        assert_eq!(first.hash, deployment(None, "a").hash, "replicas are said by others later");
        assert_ne!(first.hash, deployment(None, "b").hash);
        assert_eq!(first.value["metadata"]["annotations"]["longshore.dev/applied"], first.hash);
        assert_eq!(first.resource().plural, "deployments");
    }
}
