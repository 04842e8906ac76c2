use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where requests and answers are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Logger {
    /// The address they are sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<LoggerMode>,
    /// Headers that go with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata_headers: Vec<String>,
    /// Annotations that go with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata_annotations: Vec<String>,
    /// The bucket they are written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<LoggerStorage>,
    /// The address of what turns records into files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marshaller_url: Option<String>,
    /// Records of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<i32>,
    /// Longest time until a file is written, as `5s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_interval: Option<String>,
}

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LoggerMode {
    /// Requests and answers.
    All,
    /// Requests.
    Request,
    /// Answers.
    Response,
}

/// A bucket for records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LoggerStorage {
    /// The path in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What takes the place of entries of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, String>>,
    /// The key in the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The ServiceAccount that may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
}

/// How requests are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Batcher {
    /// Most instances; 32 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_batch_size: Option<i32>,
    /// Longest wait in milliseconds; 5000 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_latency: Option<i32>,
    /// Seconds that a batch may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i32>,
}
