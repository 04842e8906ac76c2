use serde::{Deserialize, Serialize};

/// The state of a predictor's model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ModelStatus {
    /// Whether what answers is what the manifest says.
    pub transition_status: TransitionStatus,
    /// Of the model that answers, and of the one that is to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<States>,
    /// Why the last one did not load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_info: Option<Failure>,
    /// How many replicas have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<Copies>,
}

/// Whether what answers is what the manifest says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the first says it, the others are named for what is the matter")]
pub enum TransitionStatus {
    /// It is.
    #[default]
    UpToDate,
    InProgress,
    BlockedByFailedLoad,
    InvalidSpec,
}

/// The states of two models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct States {
    /// Of the one that answers.
    pub active_model_state: ModelState,
    /// Of the one that is to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_model_state: Option<ModelState>,
}

/// A model's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ModelState {
    /// There is no replica of it yet.
    #[default]
    Pending,
    /// It sleeps, and is loaded when it is asked.
    Standby,
    /// A replica loads it.
    Loading,
    /// A replica has it.
    Loaded,
    /// No replica could load it.
    FailedToLoad,
}

/// How many replicas have a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Copies {
    /// Those that could not load it.
    pub failed_copies: i32,
    /// All.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_copies: Option<i32>,
}

/// Why a model did not load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Where: the name of a pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The kind of failure.
    pub reason: FailureReason,
    /// What was wrong, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_revision_name: Option<String>,
    /// When, as RFC 3339 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// How the container ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FailureReason {
    /// The model did not load in its container.
    ModelLoadFailed,
    /// The container does not start, or is ill.
    RuntimeUnhealthy,
    /// The runtime is disabled.
    RuntimeDisabled,
    /// No runtime serves the format.
    NoSupportingRuntime,
    /// There is no runtime of that name.
    RuntimeNotRecognized,
    /// The manifest cannot be served.
    InvalidPredictorSpec,
}
