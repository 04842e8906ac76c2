use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AutoScaling, Batcher, Logger, MetricTargetType};
use crate::Fields;

/// How a component scales and is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    /// Fewest replicas, 1 unless said; with 0 it may sleep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// Most replicas; 0 is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_replicas: Option<i32>,
    /// The load that a replica is to have, in units of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_target: Option<i32>,
    /// What is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_metric: Option<ScaleMetric>,
    /// What the target of `cpu` or `memory` means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_metric_type: Option<MetricTargetType>,
    /// Scaling by several metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_scaling: Option<AutoScaling>,
    /// Most requests that a replica works on at a time; 0 is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_concurrency: Option<i64>,
    /// Seconds that a request may take.
    #[serde(default, rename = "timeout", skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// The share of the latest revision, in percent, beside the one that was rolled out before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_traffic_percent: Option<i64>,
    /// Where requests and answers are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<Logger>,
    /// How requests are joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batcher: Option<Batcher>,
    /// Labels of its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations of its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// How pods are replaced, as a Deployment has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_strategy: Option<Fields>,
}

/// What is measured of a component's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScaleMetric {
    /// Processor time, in percent of what is requested.
    Cpu,
    /// Memory.
    Memory,
    /// Requests at a time.
    Concurrency,
    /// Requests a second.
    Rps,
}

impl ScaleMetric {
    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Concurrency => "concurrency",
            Self::Rps => "rps",
        }
    }

    /// True when a HorizontalPodAutoscaler measures it, and requests do not.
    pub fn is_resource(self) -> bool {
        matches!(self, Self::Cpu | Self::Memory)
    }
}
