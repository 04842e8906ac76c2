use std::{io, path::PathBuf};

/// Everything that can go wrong between a model's location and its files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no location.
    #[error("`{uri}` is not a location: {reason}")]
    Location {
        /// The text as given, without credentials.
        uri: String,
        /// What is wrong, and how to write it.
        reason: String,
    },
    /// Nothing is there.
    #[error("{what} does not exist{hint}")]
    Missing {
        /// The bucket, object, file, version or alias.
        what: String,
        /// Where to look next, with its own punctuation; can be empty.
        hint: String,
    },
    /// The storage knows who asks, and says no.
    #[error("access to {what} was denied to {identity}: {permission}{said}")]
    Denied {
        /// The bucket, key, region and endpoint, or the URL.
        what: String,
        /// Who asked: the kind of credentials and, when known, the ARN or key id.
        identity: String,
        /// The permission that is missing and how to grant it.
        permission: String,
        /// The server's own words with its request id, in brackets; can be empty.
        said: String,
    },
    /// There are no credentials, or they are wrong, or they are too old.
    #[error("no valid credentials for {what}: {reason}")]
    Credentials {
        /// What was to be read.
        what: String,
        /// What is wrong with them, and how to mend it.
        reason: String,
    },
    /// The MLflow server says no, or says nothing of use.
    #[error("the MLflow server {server} {reason}")]
    MlflowServer {
        /// Its address, without credentials.
        server: String,
        /// What it said, and how to mend it.
        reason: String,
    },
    /// The MLflow server does not know such a request, as one of another release.
    #[error("the MLflow server {server} {reason}")]
    Unknown {
        /// Its address, without credentials.
        server: String,
        /// What it was asked for, and what it said.
        reason: String,
    },
    /// A server could not answer, even when it was asked again.
    #[error("{what} could not be reached: {reason}{tried}")]
    Unavailable {
        /// The URL without its query.
        what: String,
        /// What happened last.
        reason: String,
        /// How often it was tried; can be empty.
        tried: String,
    },
    /// A server gave an answer that is neither success nor one of the refusals above.
    #[error("{what}: {reason}")]
    Refused {
        /// The URL, or the bucket and key.
        what: String,
        /// Status and words.
        reason: String,
    },
    /// The files changed while they were being fetched.
    #[error("{what} changed while it was being fetched; the parts were thrown away")]
    Changed {
        /// The object or URL.
        what: String,
    },
    /// The bytes are not those that the storage promised.
    #[error("{what} arrived damaged: {reason}")]
    Corrupt {
        /// The object or file.
        what: String,
        /// Which check failed.
        reason: String,
    },
    /// A listing or archive names files that a model cannot have.
    #[error("{what} was refused: {reason}")]
    Hostile {
        /// The listing or archive.
        what: String,
        /// The offending name and why.
        reason: String,
    },
    /// More than the limits allow.
    #[error("{what} exceeds the limit of {limit}{flag}")]
    Limit {
        /// What is too large, with its size when known.
        what: String,
        /// The limit with its unit.
        limit: String,
        /// The flag that raises it, with its own punctuation; can be empty.
        flag: &'static str,
    },
    /// The local file system refused.
    #[error("{action} `{path}`: {source}")]
    Io {
        /// What was being done, such as `failed to write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody mending anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Changed { .. } | Self::Corrupt { .. })
    }

    /// A word for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Location { .. } => "location",
            Self::Missing { .. } => "missing",
            Self::Denied { .. } => "denied",
            Self::Credentials { .. } => "credentials",
            Self::MlflowServer { .. } | Self::Unknown { .. } => "mlflow_server",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Changed { .. } => "changed",
            Self::Corrupt { .. } => "corrupt",
            Self::Hostile { .. } => "hostile",
            Self::Limit { .. } => "limit",
            Self::Io { .. } => "io",
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
