/// Why an `MLmodel` file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not YAML, or not the shape of an `MLmodel` file.
    #[error("`MLmodel` is not valid: {reason}")]
    Yaml {
        /// The parser's words, with line and column.
        reason: String,
    },
    /// The signature is not what MLflow writes.
    #[error("`MLmodel` has a signature whose `{part}` is not valid: {reason}")]
    Signature {
        /// `inputs`, `outputs` or `params`.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A path in the file leaves the model folder.
    #[error("`MLmodel` names the file `{path}`, which is outside the model folder")]
    Outside {
        /// The path as written.
        path: String,
    },
    /// Not a `models:/…` or `runs:/…` that MLflow's client would read.
    #[error("`{uri}` is not valid: {reason}")]
    Uri {
        /// The text as given.
        uri: String,
        /// What is wrong, and how to write it.
        reason: String,
    },
}
