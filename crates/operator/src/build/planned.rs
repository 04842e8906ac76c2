use std::collections::BTreeMap;

use longshore_kserve::{Component, annotations::DeploymentMode, status::FailureReason};
use serde_json::Value;

use super::Workload;

/// What an InferenceService becomes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How it is deployed.
    pub mode: DeploymentMode,
    /// The runtime of its model; none when it is a container of its own.
    pub runtime: Option<RuntimeName>,
    /// What runs: the predictor, its canaries in the manifest's order, the transformer, the explainer.
    /// Nothing when it is stopped.
    pub workloads: Vec<Workload>,
    /// The Services by which it and its components are asked in the cluster, whole, for server-side
    /// apply.
    pub services: Vec<Value>,
    /// Where it is asked from outside: `status.url`.
    pub url: String,
    /// Where it is asked in the cluster: `status.address.url`.
    pub address: String,
    /// Where its components are asked.
    pub components: BTreeMap<Component, ComponentAddress>,
    /// True when the stop annotation takes its workloads away.
    pub is_stopped: bool,
    /// What of the manifest is not done, each with the field and what to do.
    pub not_honoured: Vec<String>,
}

/// The runtime of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeName {
    /// Its name.
    pub name: String,
    /// True for a ClusterServingRuntime.
    pub is_cluster_wide: bool,
}

/// Where a component is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentAddress {
    /// From outside.
    pub url: String,
    /// The host of that URL.
    pub host: String,
    /// In the cluster, as a URL.
    pub address: String,
}

/// Why a manifest cannot become anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of failure, for the status of its model.
    pub reason: FailureReason,
    /// What is wrong, where, and what to do.
    pub message: String,
}
