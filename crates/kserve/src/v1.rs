//! The V1 protocol, in the style of TensorFlow Serving.

use serde::{Deserialize, Serialize};

/// The reply of `GET /v1/models`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models {
    /// The names of the models.
    pub models: Vec<String>,
}

/// The reply of `GET /v1/models/{m}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The model's name.
    pub name: String,
    /// Whether it answers.
    pub ready: bool,
    /// Why it does not, when it did not load; not of the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The reply of `GET /`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alive {
    /// `alive`.
    pub status: String,
}
