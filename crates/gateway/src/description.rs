//! What a gateway is to route, in plain values: the file of `--routes` holds all of it as JSON, and
//! what watches Kubernetes gives it part by part.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use longshore_kserve::Component;
use longshore_platform::{Policy, Sticky, progressive::Shadow};
use serde::{Deserialize, Serialize};

use crate::Error;

/// All that a gateway routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Description {
    /// The InferenceServices.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Their revisions.
    #[serde(default)]
    pub revisions: Vec<Revision>,
}

/// An InferenceService, and where it answers. A route is a URL, or a host alone, or a host with a
/// path: `iris.ml.example.com`, `https://example.com/serving/ml/iris`. In the cluster the service
/// answers as `NAME.NAMESPACE`, `NAME.NAMESPACE.svc` and `NAME.NAMESPACE.svc.CLUSTER_DOMAIN` without
/// being told, and a component likewise as `NAME-COMPONENT`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Routes to the service itself.
    #[serde(default)]
    pub at: Vec<String>,
    /// Its components.
    #[serde(default)]
    pub components: BTreeMap<Component, Part>,
    /// What keeps a client at one revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Who may ask, how often, and from which web pages.
    #[serde(default)]
    pub policy: Policy,
    /// True when no warm pool answers for its revisions, whatever is known of these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_pool: bool,
}

/// A component of an InferenceService.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Routes to the component alone.
    #[serde(default)]
    pub at: Vec<String>,
    /// Who gets which share of its requests. Empty while there is no revision: requests wait.
    #[serde(default)]
    pub traffic: Vec<Share>,
}

/// A revision's share of the requests of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Share {
    /// The revision, in the namespace of the service.
    pub revision: String,
    /// The share in percent; the shares of a component make 100.
    #[serde(default)]
    pub percent: u32,
    /// Routes to this revision alone: the hosts of its tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<String>,
    /// Which requests it gets a copy of, of those that go to revisions where this is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<Shadow>,
}

/// A revision and its replicas that are ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revision {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub facts: longshore_platform::Revision,
    /// Its replicas.
    #[serde(default)]
    pub replicas: Vec<Endpoint>,
}

/// Where one replica is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// For HTTP, and for gRPC when `grpc` is absent.
    pub address: SocketAddr,
    /// For gRPC, when it is another port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<SocketAddr>,
}

impl Description {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Parse`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let named = || path.to_path_buf();
        let text = fs::read(path).map_err(|source| Error::Read { path: named(), source })?;
        serde_json::from_slice(&text).map_err(|source| Error::Parse { path: named(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::Description;

    #[test]
    fn a_misspelt_field_is_refused() {
        let text = r#"{"services":[{"namespace":"ml","name":"iris","att":[]}]}"#;
        let refused = serde_json::from_str::<Description>(text).unwrap_err().to_string();
        assert!(refused.contains("unknown field `att`"), "{refused}");
    }

    #[test]
    fn what_is_written_is_read() {
        let text = r#"{"services":[{"namespace":"ml","name":"iris","sticky":"header=x-user",
            "components":{"predictor":{"traffic":[{"revision":"iris-predictor-00001-abcde","percent":100}]}}}],
            "revisions":[{"namespace":"ml","name":"iris-predictor-00001-abcde",
            "facts":{"service":"iris","component":"predictor","port":8080,"timeoutSeconds":60},
            "replicas":[{"address":"10.0.0.1:8080"}]}]}"#;
        let read: Description = serde_json::from_str(text).unwrap();
        let again = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(read, again);
    }
}
