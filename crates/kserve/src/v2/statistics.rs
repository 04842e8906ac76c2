//! Triton's statistics extension: what a server has done since it started, by model and version.

use serde::{Deserialize, Serialize};

/// The reply of `GET /v2/models/stats` and `GET /v2/models/{m}/stats`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// One for each version of each model that was asked for.
    pub model_stats: Vec<ModelStatistics>,
}

/// What one version of a model has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelStatistics {
    /// The model's name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// When it answered last, in milliseconds since 1970; 0 when it never has.
    pub last_inference: u64,
    /// Rows that were answered.
    pub inference_count: u64,
    /// How often it was run with success, for however many rows.
    pub execution_count: u64,
    /// How often its requests were in each phase, and for how long.
    pub inference_stats: InferenceStatistics,
    /// The same by the size of a batch; empty when the server does not keep them.
    #[serde(default)]
    pub batch_stats: Vec<BatchStatistics>,
}

/// How often requests were in each phase, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InferenceStatistics {
    /// Requests that were answered, from beginning to end.
    pub success: Total,
    /// Requests that failed.
    pub fail: Total,
    /// Waiting for the computation to begin.
    pub queue: Total,
    /// What comes before the model is run.
    pub compute_input: Total,
    /// Running the model.
    pub compute_infer: Total,
    /// What comes after the model is run.
    pub compute_output: Total,
    /// Answers that were kept and given again.
    #[serde(default)]
    pub cache_hit: Total,
    /// Answers that were computed and kept.
    #[serde(default)]
    pub cache_miss: Total,
}

/// What executions of one batch size took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchStatistics {
    /// Rows of an execution.
    pub batch_size: u64,
    /// What comes before the model is run.
    pub compute_input: Total,
    /// Running the model.
    pub compute_infer: Total,
    /// What comes after the model is run.
    pub compute_output: Total,
}

/// How often something happened, and how long it took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// How often.
    pub count: u64,
    /// How long, in nanoseconds.
    pub ns: u64,
}
