/// Why the operator does not start, or a reconciliation does not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No cluster can be reached by what is configured.
    #[error(
        "no cluster is configured: {source}; run in a pod with a ServiceAccount, or set `KUBECONFIG`"
    )]
    NoCluster {
        /// Why.
        source: Box<kube::Error>,
    },
    /// The API server refused something, or did not answer.
    #[error("failed to {doing}: {}", api_words(.source))]
    Api {
        /// What was to be done.
        doing: String,
        /// What it said.
        source: Box<kube::Error>,
    },
    /// Another controller keeps the InferenceServices of this cluster.
    #[error(
        "KServe's own controller is on this cluster ({found}), and two controllers would undo each other's work; \
         remove it, or give this operator a class of its own by `--class NAME` and annotate the \
         InferenceServices that it is to keep with `{annotation}: NAME`"
    )]
    OtherController {
        /// What it was recognised by.
        found: String,
        /// The annotation of the class.
        annotation: &'static str,
    },
    /// A trace for the autoscaler cannot be replayed.
    #[error("not a trace of load: {0}")]
    Trace(String),
    /// The definitions in the program are damaged.
    #[error("the definitions in the program cannot be read: {0}; install the program anew")]
    Definitions(#[from] serde_json::Error),
    /// A setting cannot be read.
    #[error("{0}")]
    Setting(String),
}

impl Error {
    /// What `doing` failed for.
    pub(crate) fn api(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Api { doing, source: Box::new(source) }
    }

    /// The status by which the API server refused, when it answered.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Api { source, .. } => match &**source {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What the API server said, without the fields that repeat it.
fn api_words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}
