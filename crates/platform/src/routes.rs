use serde::{Deserialize, Serialize};

/// How one gateway routes an InferenceService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routes {
    /// The hosts at which it answers, without a port.
    pub hosts: Vec<String>,
    /// The revisions that get requests.
    pub revisions: Vec<Routed>,
}

/// How one gateway routes a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routed {
    /// Its component: `predictor`, `transformer` or `explainer`.
    pub component: String,
    /// Its name.
    pub revision: String,
    /// Its share of its component's requests, in percent.
    pub percent: u32,
    /// Replicas that the gateway knows to be ready.
    pub replicas: u32,
}
