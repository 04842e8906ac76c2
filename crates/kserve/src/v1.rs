//! The V1 protocol, in the style of TensorFlow Serving.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body of `POST /v1/models/{m}:predict`: exactly one of the two keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Rows: lists, objects by column name, or single values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<Value>>,
    /// The same under the name some clients use; it wins when both are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Value>,
}

/// The reply to a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// One answer a row.
    pub predictions: Vec<Value>,
    /// What a server adds.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

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

/// The body of every failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was wrong, where, and how to mend it.
    pub error: String,
}
