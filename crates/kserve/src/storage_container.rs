//! `ClusterStorageContainer`, version `v1alpha1`.

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::{Container, Fields};

/// What fetches models from some places.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageContainerSpec {
    /// The container.
    pub container: Container,
    /// The places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supported_uri_formats: Vec<UriFormat>,
    /// When it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_type: Option<WorkloadType>,
    /// True when one of it fetches from several places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports_multi_model_download: Option<bool>,
    /// Fields that no release known here has.
    #[serde(flatten)]
    pub unknown: Fields,
}

impl StorageContainerSpec {
    /// True when it fetches from this place.
    ///
    /// # Errors
    /// When one of its regular expressions is none.
    pub fn fetches(&self, uri: &str) -> Result<bool, String> {
        for format in &self.supported_uri_formats {
            let prefix = format.prefix.as_deref().filter(|prefix| !prefix.is_empty());
            let is_for = match (prefix, &format.regex) {
                (Some(prefix), _) => uri.starts_with(prefix),
                (None, Some(regex)) => Regex::new(regex)
                    .map_err(|error| format!("`{regex}` is no regular expression: {error}"))?
                    .is_match(uri),
                (None, None) => false,
            };
            if is_for {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How places begin, or what they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UriFormat {
    /// How they begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// A regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}

/// When a ClusterStorageContainer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum WorkloadType {
    /// In each pod, before the model's container.
    InitContainer,
    /// Once a node.
    LocalModelDownloadJob,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::StorageContainerSpec;

    #[test]
    fn places_are_known_by_how_they_begin_or_look() {
        let spec = json!({
            "container": {},
            "supportedUriFormats": [
                {"prefix": "gs://"}, {"prefix": "", "regex": "https://(.+?).blob.core.windows.net/(.+)"},
            ],
        });
        let spec: StorageContainerSpec = serde_json::from_value(spec).unwrap();
        assert_eq!(spec.fetches("gs://a/b"), Ok(true));
        assert_eq!(spec.fetches("https://acct.blob.core.windows.net/b"), Ok(true));
        assert_eq!(spec.fetches("s3://a/b"), Ok(false));
        let wrong = json!({"container": {}, "supportedUriFormats": [{"regex": "("}]});
        let wrong: StorageContainerSpec = serde_json::from_value(wrong).unwrap();
        assert!(wrong.fetches("s3://a").unwrap_err().starts_with("`(` is no regular expression"));
    }
}
