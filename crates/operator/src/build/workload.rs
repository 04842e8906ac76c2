use longshore_kserve::{
    Component, Extension, Fields,
    annotations::{Annotations, COMPONENT, DeploymentMode, INFERENCE_SERVICE, KNATIVE_AUTOSCALING},
};
use longshore_platform::{
    Revision,
    names::{HASH, REVISION, REVISION_FACTS},
};
use serde_json::{Value, json};

use super::{keda, names, scaling};

/// The InferenceService that owns objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its namespace, and that of the objects.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
}

/// Who says how many replicas a revision has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaler {
    /// The autoscaler of the operator, by requests.
    Requests,
    /// A HorizontalPodAutoscaler, by what containers use.
    Resources,
    /// Nobody: it has as many as `min_replicas` says.
    Fixed,
    /// Something that is not of this platform.
    Other,
}

/// One component, or a canary of the predictor: what runs, and how many of it.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The InferenceService.
    pub owner: Owner,
    /// How the InferenceService is deployed.
    pub mode: DeploymentMode,
    /// The component.
    pub component: Component,
    /// The name of the canary; none for what is not one.
    pub canary: Option<String>,
    /// The name of its objects, such as `iris-predictor`; revisions' names begin with it.
    pub object: String,
    /// The hash of its template: another one is another revision.
    pub hash: String,
    /// The template of its pods, without the label of their revision.
    pub template: Value,
    /// What a gateway has to know of it.
    pub facts: Revision,
    /// Fewest replicas; with 0 it may sleep.
    pub min_replicas: u32,
    /// Most replicas; 0 is no limit.
    pub max_replicas: u32,
    /// Who says how many.
    pub scaler: Scaler,
    /// Its share of the component's requests, in percent: a canary's own, or `canaryTrafficPercent`
    /// of its latest revision.
    pub percent: Option<u32>,
    /// True when tags have hosts of their own.
    pub has_tag_routing: bool,
    /// How it scales and is asked, as the manifest says.
    pub extension: Extension,
    /// The annotations of the InferenceService with those of the component over them: those of
    /// `autoscaling.knative.dev/` say how it scales.
    pub annotations: Annotations,
    /// Labels of its objects.
    pub labels: Annotations,
    /// How the pods of a Deployment are replaced, as the manifest says.
    pub strategy: Option<Fields>,
    /// The metrics and the behaviour of its HorizontalPodAutoscaler, when it has one.
    pub metrics: Option<Fields>,
    /// The triggers of its ScaledObject; none when it has no such object.
    pub triggers: Vec<keda::Trigger>,
}

impl Workload {
    /// The name of its revision of this number.
    pub fn revision_name(&self, number: u32) -> String {
        names::revision(self.mode, &self.object, number, &self.hash)
    }

    /// The name of the Service of the revision `name`.
    pub fn service_name(&self, name: &str) -> String {
        names::service(&self.object, name)
    }

    /// The number of the revision of this name, when it is one of this workload's.
    pub fn revision_number(&self, name: &str) -> Option<u32> {
        names::number(&self.object, name)
    }

    /// The Deployment of the revision `name`, for making it, with its first `replicas`; for later
    /// server-side applies, without.
    pub fn deployment(&self, name: &str, replicas: Option<u32>) -> Value {
        let mut template = self.template.clone();
        template["metadata"]["labels"][REVISION] = name.into();
        let mut spec = json!({
            // a revision's template does not change: there is nothing to roll back to
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {REVISION: name}},
            "template": template,
        });
        if let Some(replicas) = replicas {
            spec["replicas"] = replicas.into();
        }
        if let Some(seconds) = self.progress_deadline() {
            spec["progressDeadlineSeconds"] = seconds.into();
        }
        if let Some(strategy) = &self.strategy {
            spec["strategy"] = Value::Object(strategy.clone());
        }
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(name, Some(name)),
            "spec": spec,
        })
    }

    /// The headless Service of the revision `name`: it gives its replicas' addresses, and its
    /// annotation the facts.
    pub fn revision_service(&self, name: &str) -> Value {
        let mut ports = vec![json!({
            "name": "http", "port": self.facts.port, "targetPort": self.facts.port, "protocol": "TCP",
        })];
        ports.extend(self.facts.grpc_port.map(
            |port| json!({"name": "grpc", "port": port, "targetPort": port, "protocol": "TCP"}),
        ));
        let mut metadata = self.metadata(&self.service_name(name), Some(name));
        let facts = serde_json::to_string(&self.facts).unwrap_or_default();
        metadata["annotations"] = json!({REVISION_FACTS: facts});
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": false,
                "selector": {REVISION: name},
                "ports": ports,
            },
        })
    }

    /// The HorizontalPodAutoscaler of the revision `name`, when what containers use says how many
    /// replicas there are.
    pub fn pod_autoscaler(&self, name: &str) -> Option<Value> {
        let metrics = self.metrics.as_ref()?;
        let mut spec = Value::Object(metrics.clone());
        spec["scaleTargetRef"] =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name});
        spec["minReplicas"] = self.min_replicas.max(1).into();
        spec["maxReplicas"] = self.limit().into();
        Some(json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": self.metadata(&self.object, None),
            "spec": spec,
        }))
    }

    /// KEDA's ScaledObject for the revision `name`, when the class `keda` says how many replicas there
    /// are.
    pub fn scaled_object(&self, name: &str) -> Option<Value> {
        if self.triggers.is_empty() {
            return None;
        }
        let triggers = self.triggers.iter().map(|it| it.of(&self.owner.namespace, name));
        let mut spec = json!({
            "scaleTargetRef": {"name": name},
            "minReplicaCount": self.min_replicas,
            "maxReplicaCount": self.limit(),
            "triggers": triggers.collect::<Vec<_>>(),
        });
        let scaling = self.extension.auto_scaling.as_ref();
        if let Some(behavior) = scaling.and_then(|scaling| scaling.behavior.as_ref()) {
            spec["advanced"] = json!({"horizontalPodAutoscalerConfig": {"behavior": behavior}});
        }
        Some(json!({
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": self.metadata(&self.object, None),
            "spec": spec,
        }))
    }

    /// Most replicas, for autoscalers that need a limit.
    fn limit(&self) -> u32 {
        match self.max_replicas {
            0 => scaling::NO_LIMIT,
            most => most,
        }
    }

    /// Seconds in which a revision is to be ready, when the manifest says so by Knative's annotation.
    fn progress_deadline(&self) -> Option<u64> {
        let told = self.annotations.get("serving.knative.dev/progress-deadline")?;
        let duration = told.parse::<jiff::SignedDuration>().ok()?;
        u64::try_from(duration.as_secs()).ok().filter(|seconds| *seconds > 0)
    }

    /// A read-only projection of the Knative Service that KServe would make, for tools that read from
    /// it how a component scales. Nothing here reads it.
    pub fn knative_service(&self) -> Value {
        json!({
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": self.metadata(&self.object, None),
            "spec": {"template": {"metadata": {"annotations": self.knative_annotations()}}},
        })
    }

    /// What KServe tells Knative's autoscaler: fields go before annotations.
    fn knative_annotations(&self) -> Annotations {
        let is_knative = |(name, _): &(&String, &String)| name.starts_with(KNATIVE_AUTOSCALING);
        let own = self.annotations.iter().filter(is_knative);
        let mut told: Annotations = own.map(|(name, it)| (name.clone(), it.clone())).collect();
        let Extension { scale_target, scale_metric, max_replicas, .. } = &self.extension;
        let fields = [
            ("target", scale_target.map(|it| it.to_string())),
            ("metric", scale_metric.map(|it| it.name().to_owned())),
            ("min-scale", Some(self.min_replicas.to_string())),
            ("max-scale", max_replicas.filter(|it| *it > 0).map(|it| it.to_string())),
        ];
        for (name, value) in fields {
            told.extend(value.map(|value| (format!("{KNATIVE_AUTOSCALING}{name}"), value)));
        }
        told.entry(format!("{KNATIVE_AUTOSCALING}class"))
            .or_insert_with(|| "kpa.autoscaling.knative.dev".to_owned());
        told
    }

    /// The labels that its objects have by the manifest alone.
    pub fn given_labels(&self) -> impl Iterator<Item = &String> {
        let own = self.owner.labels(self.component, &self.object).map(|(name, _)| name);
        let is_own =
            move |name: &str| own.iter().any(|own| own == name) || [REVISION, HASH].contains(&name);
        self.labels.keys().filter(move |name| !is_own(name))
    }

    fn metadata(&self, name: &str, revision: Option<&str>) -> Value {
        let mut labels = self.labels.clone();
        labels.extend(self.owner.labels(self.component, &self.object));
        if let Some(revision) = revision {
            labels.insert(REVISION.to_owned(), revision.to_owned());
            labels.insert(HASH.to_owned(), self.hash.clone());
        }
        self.owner.metadata(name, &labels)
    }
}

impl Owner {
    /// The labels of a component's objects and pods.
    pub(super) fn labels(&self, component: Component, object: &str) -> [(String, String); 4] {
        [
            ("app".to_owned(), names::app(object)),
            ("app.kubernetes.io/managed-by".to_owned(), "longshore".to_owned()),
            (COMPONENT.to_owned(), component.name().to_owned()),
            (INFERENCE_SERVICE.to_owned(), self.name.clone()),
        ]
    }

    /// The metadata of an object that goes with the InferenceService.
    pub(super) fn metadata(&self, name: &str, labels: &Annotations) -> Value {
        json!({
            "name": name,
            "namespace": self.namespace,
            "labels": labels,
            "ownerReferences": [{
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "name": self.name,
                "uid": self.uid,
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        })
    }
}
