//! Names of annotations and labels that say how an InferenceService runs.

use std::collections::BTreeMap;

/// Annotations, or labels.
pub type Annotations = BTreeMap<String, String>;

/// `Knative` or `Standard`, or their old names `Serverless` and `RawDeployment`.
pub const DEPLOYMENT_MODE: &str = "serving.kserve.io/deploymentMode";
/// Who scales: `hpa`, `external`, `keda` or `none`.
pub const AUTOSCALER_CLASS: &str = "serving.kserve.io/autoscalerClass";
/// The metric of the HorizontalPodAutoscaler, as older manifests name it.
pub const METRICS: &str = "serving.kserve.io/metrics";
/// Its target, as older manifests give it.
pub const TARGET_UTILIZATION: &str = "serving.kserve.io/targetUtilizationPercentage";
/// `true` takes the workloads away.
pub const STOP: &str = "serving.kserve.io/stop";
/// `true` gives the latest revision a host of its own.
pub const TAG_ROUTING: &str = "serving.kserve.io/enable-tag-routing";
/// What serves a runtime: `mlserver`, `tritonserver` or `torchserve`.
pub const SERVER_TYPE: &str = "serving.kserve.io/server-type";
/// The format of the model, which defaulting writes.
pub const MODEL_FORMAT: &str = "modelFormat";
/// `cluster-local` keeps a service from outside.
pub const VISIBILITY: &str = "networking.kserve.io/visibility";
/// The same, as Knative's own label.
pub const KNATIVE_VISIBILITY: &str = "networking.knative.dev/visibility";
/// The prefix of all annotations of Knative's autoscaler.
pub const KNATIVE_AUTOSCALING: &str = "autoscaling.knative.dev/";
/// `false` keeps a model out of its namespace's warm pool.
pub const WARM_POOL: &str = "longshore.dev/warm-pool";
/// The label of pods that says which InferenceService they belong to.
pub const INFERENCE_SERVICE: &str = "serving.kserve.io/inferenceservice";
/// The label of pods that says which component they are.
pub const COMPONENT: &str = "component";

/// How a service is deployed. Both have the same capabilities here; names, hosts and conditions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentMode {
    /// As Knative would: hosts `NAME.NAMESPACE.DOMAIN`.
    Knative,
    /// As plain Deployments: hosts by a template.
    Standard,
}

impl DeploymentMode {
    /// The mode of this name, new or old.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "Knative" | "Serverless" => Some(Self::Knative),
            "Standard" | "RawDeployment" => Some(Self::Standard),
            _ => None,
        }
    }

    /// Its name today.
    pub fn name(self) -> &'static str {
        match self {
            Self::Knative => "Knative",
            Self::Standard => "Standard",
        }
    }
}

/// Who scales a service of the mode `Standard`.
pub const AUTOSCALER_CLASSES: [&str; 4] = ["hpa", "external", "keda", "none"];

/// True when the annotation is `true`.
pub fn is_true(annotations: &Annotations, name: &str) -> bool {
    annotations.get(name).is_some_and(|value| value == "true")
}

/// True when the annotations switch the warm pool off.
pub fn wants_no_pool(annotations: &Annotations) -> bool {
    annotations.get(WARM_POOL).is_some_and(|value| value == "false")
}
