use serde::{Deserialize, Serialize};

/// What a gateway has to know of a revision beside the addresses of its replicas. It stands in the
/// annotation [`REVISION_FACTS`](crate::names::REVISION_FACTS) of the revision's Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revision {
    /// The InferenceService.
    pub service: String,
    /// Its component: `predictor`, `transformer` or `explainer`.
    pub component: String,
    /// The port for HTTP, and for gRPC when `grpc_port` is absent.
    pub port: u16,
    /// How the port is spoken to.
    #[serde(default)]
    pub scheme: Scheme,
    /// The port for gRPC, when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_port: Option<u16>,
    /// Most requests that a replica works on at a time; 0 is no limit.
    #[serde(default)]
    pub container_concurrency: u32,
    /// Seconds that a request may take.
    pub timeout_seconds: u32,
    /// The path at which a replica says that it is ready, such as `/v2/health/ready`; asked before the
    /// first request to a replica that Kubernetes does not list yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_path: Option<String>,
    /// What its namespace's warm pool has to know to answer for it while it has no replica; `None` when
    /// the pool may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
}

/// The model of a revision, as a warm pool loads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pool {
    /// Where its files are, such as `s3://models/iris`.
    pub uri: String,
    /// Its name in paths and messages.
    pub model: String,
}

/// How a port is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP/1.1, and HTTP/2 with prior knowledge where the client speaks it.
    #[default]
    Http,
    /// HTTP/2 with prior knowledge only.
    H2c,
}

#[cfg(test)]
mod tests {
    use super::{Revision, Scheme};

    #[test]
    fn what_is_absent_has_a_meaning() {
        let text = r#"{"service":"iris","component":"predictor","port":8080,"timeoutSeconds":300}"#;
        let revision: Revision = serde_json::from_str(text).unwrap();
        assert_eq!((revision.scheme, revision.container_concurrency), (Scheme::Http, 0));
        let unknown = text.replace("port", "prot");
        assert!(serde_json::from_str::<Revision>(&unknown).is_err());
    }
}
