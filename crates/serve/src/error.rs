use std::io;

/// Why a server does not start or stops by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to serve.
    #[error("no model was given")]
    NoModels,
    /// A model's name cannot be part of a path.
    #[error(
        "`{name}` cannot name a model: a name is not empty and has no `/`, space or control character"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Two models share name and version.
    #[error(
        "the model `{name}` has the version `{version}` twice; give each its own name or version"
    )]
    Twice {
        /// The name.
        name: String,
        /// The version.
        version: String,
    },
    /// A model does not load.
    #[error("the model `{name}` does not load: {source}")]
    Load {
        /// The model's name.
        name: String,
        /// Why.
        source: Box<longshore_engine::Error>,
    },
    /// Reading a model failed in a way it should not.
    #[error(
        "the model `{name}` does not load: its reader broke; that is a fault of this program, please report it"
    )]
    Panic {
        /// The model's name.
        name: String,
    },
    /// A model has no such method.
    #[error("the model `{name}` has no method `{method}`; it has {known}")]
    Method {
        /// The model's name.
        name: String,
        /// The method asked for.
        method: longshore_engine::Method,
        /// The methods that it has.
        known: String,
    },
    /// The server cannot listen or run.
    #[error(transparent)]
    Server(#[from] longshore_daemon::Error),
    /// The threads that compute cannot start.
    #[error("a thread that computes cannot start: {source}")]
    Pool {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// What is wrong with a model, for a sentence that has named it already.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Load { source, .. } => source.to_string(),
            Self::Panic { .. } => "its reader broke; that is a fault of this program".into(),
            Self::Method { method, known, .. } => {
                format!("it has no method `{method}`; it has {known}")
            }
            other => other.to_string(),
        }
    }
}
