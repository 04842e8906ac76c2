use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::ComponentSpec;
use crate::{Container, Fields, Pod};

/// What answers: a model, or containers of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Predictor {
    /// The name of this variant: its objects are called `SERVICE-NAME-predictor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// The model, as older manifests name it by its framework.
    #[serde(flatten)]
    pub frameworks: Frameworks,
    /// The ClusterStorageContainer that fetches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_container_name: Option<String>,
    /// Further nodes that a model is spread over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_spec: Option<WorkerSpec>,
    /// Its places, how it scales, and its pod.
    #[serde(flatten)]
    pub component: ComponentSpec,
}

/// The model by its framework: one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is the framework of its name")]
pub struct Frameworks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sklearn: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xgboost: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lightgbm: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensorflow: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pytorch: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triton: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onnx: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huggingface: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pmml: Option<Framework>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paddle: Option<Framework>,
}

impl Frameworks {
    /// Each that is there, with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Framework)> {
        let all = [
            ("sklearn", &self.sklearn),
            ("xgboost", &self.xgboost),
            ("lightgbm", &self.lightgbm),
            ("tensorflow", &self.tensorflow),
            ("pytorch", &self.pytorch),
            ("triton", &self.triton),
            ("onnx", &self.onnx),
            ("huggingface", &self.huggingface),
            ("pmml", &self.pmml),
            ("paddle", &self.paddle),
        ];
        all.into_iter().filter_map(|(name, framework)| Some((name, framework.as_ref()?)))
    }
}

/// A model of any format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// What it was saved as; a canary has the stable predictor's unless it says another.
    #[serde(default, skip_serializing_if = "ModelFormat::is_nothing")]
    pub model_format: ModelFormat,
    /// The (Cluster)ServingRuntime that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Where it is, and how it is served.
    #[serde(flatten)]
    pub framework: Framework,
}

/// A model's format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelFormat {
    /// Its name, such as `sklearn`.
    pub name: String,
    /// Its version, compared as a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl ModelFormat {
    /// True when it says nothing.
    fn is_nothing(&self) -> bool {
        self.name.is_empty() && self.version.is_none()
    }
}

/// Where a model is, and how it is served.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Framework {
    /// Where its files are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_uri: Option<String>,
    /// The same, by a key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<ModelStorage>,
    /// The tag of the runtime's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// The protocol it is asked by: `v1`, `v2`, `grpc-v1` or `grpc-v2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<Protocol>,
    /// Encrypted files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidential: Option<ConfidentialModel>,
    /// The container's own fields, and whatever no release known here has.
    #[serde(flatten)]
    pub container: Container,
}

/// Where a model is, by a key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ModelStorage {
    /// The key in the Secret `storage-config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The path in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What takes the place of entries of the Secret, such as `type` and `bucket`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, String>>,
    /// The path of a schema file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_path: Option<String>,
    /// Fields that no release known here has.
    #[serde(flatten)]
    pub unknown: Fields,
}

/// Encrypted files, since KServe 0.20.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfidentialModel {
    /// Whether they are.
    pub enabled: bool,
    /// The key's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
}

/// One of several places that files come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageUri {
    /// The place.
    pub uri: String,
    /// The folder that they are put into; `/mnt/models` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<String>,
}

/// Further nodes that a model is spread over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkerSpec {
    /// Parts of a model, one a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_parallel_size: Option<i32>,
    /// GPUs of a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor_parallel_size: Option<i32>,
    /// The pod's own fields.
    #[serde(flatten)]
    pub pod: Pod,
}

/// A protocol of inference. The order is the order of choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// In the style of TensorFlow Serving.
    V1,
    /// The Open Inference Protocol.
    V2,
    /// TensorFlow Serving's own.
    GrpcV1,
    /// The Open Inference Protocol's.
    GrpcV2,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::GrpcV1, Self::GrpcV2];

    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::GrpcV1 => "grpc-v1",
            Self::GrpcV2 => "grpc-v2",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Protocol {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name).ok_or(())
    }
}
