//! `ClusterStorageContainer`, version `v1alpha1`.

use serde::{Deserialize, Serialize};

use crate::{Container, Fields};

/// What fetches models from some places.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageContainerSpec {
    /// The container.
    pub container: Container,
    /// The places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supported_uri_formats: Vec<UriFormat>,
    /// When it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_type: Option<WorkloadType>,
    /// True when one of it fetches from several places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports_multi_model_download: Option<bool>,
    /// Fields that no release known here has.
    #[serde(flatten)]
    pub unknown: Fields,
}

/// How places begin, or what they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UriFormat {
    /// How they begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// A regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}

/// When a ClusterStorageContainer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum WorkloadType {
    /// In each pod, before the model's container.
    InitContainer,
    /// Once a node.
    LocalModelDownloadJob,
}
