use serde::{Deserialize, Serialize};

use crate::{Fields, Quantity};

/// Scaling by several metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AutoScaling {
    /// The metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricSource>,
    /// How fast, as a HorizontalPodAutoscaler has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Fields>,
}

/// One metric: the field that its type names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricSource {
    /// `Resource`, `External` or `PodMetric`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of the containers: `cpu` or `memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// Of another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// Of each pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub podmetric: Option<PodMetric>,
}

/// A resource that containers request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resource {
    /// `cpu` or `memory`.
    pub name: String,
    /// How much of it.
    pub target: MetricTarget,
}

/// A figure of another system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct External {
    /// The figure.
    pub metric: ExternalMetric,
    /// Who may ask for it.
    #[serde(default, rename = "authenticationRef", skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Fields>,
    /// How much of it.
    pub target: MetricTarget,
}

/// Where a figure of another system is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExternalMetric {
    /// `prometheus` or `graphite`.
    pub backend: String,
    /// The system's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_address: Option<String>,
    /// The question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The namespace it is asked in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A figure of each pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PodMetric {
    /// The figure.
    pub metric: PodSource,
    /// How much of it.
    pub target: MetricTarget,
}

/// Where a figure of each pod is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PodSource {
    /// `opentelemetry`.
    pub backend: String,
    /// The system's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_address: Option<String>,
    /// The figures' names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_names: Vec<String>,
    /// The question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// How figures of several moments become one; `last_one` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_over_time: Option<String>,
}

/// How much of a metric is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetricTarget {
    /// Which of the figures counts.
    #[serde(rename = "type")]
    pub kind: MetricTargetType,
    /// In all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
    /// Of each pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Quantity>,
    /// Of each pod, in percent of what it requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_utilization: Option<i32>,
}

/// What a target means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MetricTargetType {
    /// Percent of what is requested.
    Utilization,
    /// A value in all.
    Value,
    /// A value of each pod.
    AverageValue,
}
