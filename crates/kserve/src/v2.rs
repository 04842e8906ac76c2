//! The V2 protocol: the Open Inference Protocol over REST.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod datatype;

pub use datatype::Datatype;

/// Free parameters of a request, a reply or a tensor.
pub type Parameters = Map<String, Value>;

/// The body of `POST /v2/models/{m}/infer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Repeated in the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Hints for the server.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Parameters,
    /// The tensors.
    pub inputs: Vec<Tensor>,
    /// The outputs wanted; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<RequestedOutput>,
}

/// A tensor in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<i64>,
    /// The type of its items.
    pub datatype: Datatype,
    /// Hints, such as `content_type`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Parameters,
    /// The items, flat or nested, row-major.
    pub data: Vec<Value>,
}

/// An output a caller asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestedOutput {
    /// Its name.
    pub name: String,
    /// Hints.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Parameters,
}

/// The reply to an inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The model that answered.
    pub model_name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the server adds.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Parameters,
    /// The tensors.
    pub outputs: Vec<Tensor>,
}

/// The reply of `GET /v2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// The server's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Extensions of the protocol it has.
    pub extensions: Vec<String>,
}

/// The reply of `GET /v2/models/{m}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The model's name.
    pub name: String,
    /// The versions that are loaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// What runs it, such as `sklearn_longshore`.
    pub platform: String,
    /// What it takes.
    pub inputs: Vec<TensorInfo>,
    /// What it can answer.
    pub outputs: Vec<TensorInfo>,
}

/// A tensor's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// The type of its items.
    pub datatype: Datatype,
    /// Its dimensions; −1 is any.
    pub shape: Vec<i64>,
}

/// The reply of `GET /v2/health/live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Whether the server runs.
    pub live: bool,
}

/// The reply of `GET /v2/health/ready`. The protocol's text names the key `live`, its servers
/// and clients `ready`: both are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Whether the server runs.
    pub live: bool,
    /// Whether it answers: nothing is still being loaded, and there is a model.
    pub ready: bool,
    /// The models that do not answer because they did not load; not of the protocol.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Unavailable>,
}

/// A model that did not load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unavailable {
    /// The model's name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The reply of `GET /v2/models/{m}/ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReady {
    /// The model's name.
    pub name: String,
    /// Whether it answers.
    pub ready: bool,
    /// Why it does not, when it did not load; not of the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The body of `POST /v2/repository/index`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRequest {
    /// List only models that answer.
    #[serde(default)]
    pub ready: bool,
}

/// One line of the reply of `POST /v2/repository/index`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `READY`, `LOADING`, or `UNAVAILABLE` for a model that did not load.
    pub state: String,
    /// Why it is in that state; empty when there is nothing to say.
    pub reason: String,
}

/// The body of `POST /v2/repository/models/{m}/load` and `…/unload`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RepositoryRequest {
    /// What is to be done in another way than usual.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Parameters,
}

/// The reply of `POST /v2/repository/models/{m}/load`, as KServe gives it; Triton's is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The model's name.
    pub name: String,
    /// Whether it is loaded.
    pub load: bool,
}

/// The reply of `POST /v2/repository/models/{m}/unload`, as KServe gives it; Triton's is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unloaded {
    /// The model's name.
    pub name: String,
    /// Whether it is unloaded.
    pub unload: bool,
}
