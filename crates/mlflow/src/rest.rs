//! Messages of MLflow's REST API that finding a model needs, and the paths they travel on.
//!
//! Fields that no caller reads are left out. Numbers that Protocol Buffers write as text
//! (`int64`) are taken in both forms.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The prefix of the API's paths.
pub const PREFIX: &str = "/api/2.0/mlflow";

/// The prefix of the artifact proxy's paths.
pub const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// A version of a registered model.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ModelVersion {
    /// The registered model.
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "text")]
    pub version: String,
    /// Where the model was when it was registered: a location or a `models:/m-ID`.
    pub source: String,
    /// The run that made it.
    pub run_id: String,
    /// `READY`, `PENDING_REGISTRATION` or `FAILED_REGISTRATION`.
    pub status: String,
    /// Why it is not ready.
    pub status_message: String,
    /// The logged model it is (3.x).
    pub model_id: String,
}

/// The reply of `model-versions/get` and `registered-models/alias`.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelVersionReply {
    /// The version.
    pub model_version: ModelVersion,
}

/// The reply of `registered-models/get-latest-versions` and `model-versions/search`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelVersionsReply {
    /// Versions in the order asked for.
    pub model_versions: Vec<ModelVersion>,
}

/// The reply of `model-versions/get-download-uri`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DownloadUriReply {
    /// Where its files are.
    pub artifact_uri: String,
}

/// The reply of `registered-models/get`.
#[derive(Clone, Debug, Deserialize)]
pub struct RegisteredModelReply {
    /// The model.
    pub registered_model: RegisteredModel,
}

/// A registered model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RegisteredModel {
    /// Names that point at versions.
    pub aliases: Vec<Alias>,
}

/// A name that points at a version.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Alias {
    /// The name.
    pub alias: String,
    /// The version.
    #[serde(deserialize_with = "text")]
    pub version: String,
}

/// The reply of `runs/get`.
#[derive(Clone, Debug, Deserialize)]
pub struct RunReply {
    /// The run.
    pub run: Run,
}

/// A run.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// What identifies it.
    pub info: RunInfo,
}

/// What identifies a run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RunInfo {
    /// The experiment it belongs to.
    #[serde(deserialize_with = "text")]
    pub experiment_id: String,
    /// Where its artifacts are.
    pub artifact_uri: String,
}

/// The reply of `logged-models/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct LoggedModelReply {
    /// The model.
    pub model: LoggedModel,
}

/// The reply of `logged-models/search`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoggedModelsReply {
    /// A page of models.
    pub models: Vec<LoggedModel>,
    /// What to ask the next page with; empty on the last.
    pub next_page_token: Option<String>,
}

/// A logged model.
#[derive(Clone, Debug, Deserialize)]
pub struct LoggedModel {
    /// What identifies it.
    pub info: LoggedModelInfo,
}

/// What identifies a logged model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoggedModelInfo {
    /// `m-` and 32 hexadecimal digits.
    pub model_id: String,
    /// Where its files are.
    pub artifact_uri: String,
    /// The run that made it.
    pub source_run_id: Option<String>,
    /// `LOGGED_MODEL_READY` and others.
    pub status: String,
}

/// The reply of the artifact proxy's listing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FilesReply {
    /// Files and folders directly below the path asked for, named relative to it.
    pub files: Vec<FileInfo>,
}

/// A file or folder of the artifact proxy.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct FileInfo {
    /// Its path.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Its bytes; none for a folder.
    #[serde(deserialize_with = "size")]
    pub file_size: Option<u64>,
}

/// The body of a refusal.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Refusal {
    /// Such as `RESOURCE_DOES_NOT_EXIST`.
    #[serde(deserialize_with = "text")]
    pub error_code: String,
    /// For people.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.error_code, &*self.message) {
            ("", message) => f.write_str(message),
            (code, "") => f.write_str(code),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(u64),
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Option::<TextOrNumber>::deserialize(deserializer)? {
        Some(TextOrNumber::Text(text)) => text,
        Some(TextOrNumber::Number(number)) => number.to_string(),
        None => String::new(),
    })
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Option::<TextOrNumber>::deserialize(deserializer)? {
        Some(TextOrNumber::Text(text)) => text.parse().ok(),
        Some(TextOrNumber::Number(number)) => Some(number),
        None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{FilesReply, ModelVersionReply, Refusal};

    #[test]
    fn numbers_come_as_text_or_as_numbers() {
        for version in ["\"3\"", "3"] {
            let text = format!(
                r#"{{"model_version":{{"name":"wine","version":{version},"source":"models:/m-1","new":[]}}}}"#
            );
            let reply: ModelVersionReply = serde_json::from_str(&text).unwrap();
            assert_eq!(reply.model_version.version, "3");
        }
        let text = r#"{"files":[{"path":"a","is_dir":false,"file_size":"12"},{"path":"b","is_dir":true},{"path":"c","file_size":7}]}"#;
        let reply: FilesReply = serde_json::from_str(text).unwrap();
        let sizes: Vec<_> = reply.files.iter().map(|file| file.file_size).collect();
        assert_eq!(sizes, [Some(12), None, Some(7)]);
    }

    #[test]
    fn a_refusal_reads_as_one_sentence() {
        let text = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such alias"}"#;
        let refusal: Refusal = serde_json::from_str(text).unwrap();
        assert_eq!(refusal.to_string(), "RESOURCE_DOES_NOT_EXIST: no such alias");
    }
}
