//! The V2 protocol: the Open Inference Protocol over REST.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod datatype;
mod model_config;
mod statistics;

pub use datatype::Datatype;
pub use model_config::{
    AllVersions, ConfigInput, ConfigOutput, DataType, LatestVersions, ModelConfig,
    SpecificVersions, VersionPolicy,
};
pub use statistics::{BatchStatistics, InferenceStatistics, ModelStatistics, Statistics, Total};

/// Free parameters of a request, a reply or a tensor.
pub type Parameters = Map<String, Value>;

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
    /// What runs it, such as `sklearn_longshore`; some servers do not say.
    #[serde(default)]
    pub platform: String,
    /// What it takes; empty when the server does not say.
    #[serde(default)]
    pub inputs: Vec<TensorInfo>,
    /// What it can answer; empty when the server does not say.
    #[serde(default)]
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
    /// Its version; Triton leaves it out of what is not loaded.
    #[serde(default)]
    pub version: String,
    /// Whether it answers; Triton leaves it out of a model that nobody has loaded yet.
    #[serde(default)]
    pub state: ModelState,
    /// Why it is in that state; empty when there is nothing to say.
    #[serde(default)]
    pub reason: String,
}

/// The states of a model, in the words of Triton's model repository extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ModelState {
    /// It answers.
    Ready,
    /// It is being loaded.
    Loading,
    /// It is being unloaded.
    Unloading,
    /// It does not answer: it did not load, was unloaded, or waits for its first request.
    Unavailable,
    /// The server does not say, or says it in a word of its own.
    #[default]
    #[serde(other)]
    Unknown,
}

impl ModelState {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Loading => "LOADING",
            Self::Unloading => "UNLOADING",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unknown => "UNKNOWN",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::{IndexEntry, Model, ModelState};

    #[test]
    fn serde_and_the_table_agree_on_states() {
        use ModelState::{Loading, Ready, Unavailable, Unknown, Unloading};
        for state in [Ready, Loading, Unloading, Unavailable, Unknown] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }

    #[test]
    fn what_other_servers_leave_out_is_empty() {
        let index = r#"[{"name": "a"}, {"name": "b", "version": "1", "state": "ASLEEP"}]"#;
        let index: Vec<IndexEntry> = serde_json::from_str(index).unwrap();
        assert_eq!((&*index[0].version, index[0].state), ("", ModelState::Unknown));
        assert_eq!((&*index[1].version, index[1].state), ("1", ModelState::Unknown));
        let model: Model = serde_json::from_str(r#"{"name": "m"}"#).unwrap();
        assert!(model.inputs.is_empty() && model.platform.is_empty());
    }
}
