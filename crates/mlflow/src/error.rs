/// Why an `MLmodel` file, a URI or a message of the REST API cannot be used.
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
    /// A body is not JSON.
    #[error("the body is not valid JSON: {reason}")]
    Json {
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A server's reply is not what MLflow answers.
    #[error("the reply is not MLflow's: {reason}")]
    Reply {
        /// The place and what is wrong there.
        reason: String,
    },
    /// A request lacks a parameter. The words are MLflow's, which clients look for.
    #[error(
        "Missing value for required parameter '{parameter}'. See the API docs for more information about request parameters."
    )]
    MissingParameter {
        /// Its place, such as `metrics[0].key`.
        parameter: String,
    },
    /// A parameter of a request is of another type. The words are MLflow's, which clients look for.
    #[error(
        "Invalid value {value} for parameter '{parameter}' supplied: {reason} See the API docs for more information about request parameters."
    )]
    InvalidParameter {
        /// Its place, such as `metrics[0].value`.
        parameter: String,
        /// The value, as JSON.
        value: String,
        /// What it should be.
        reason: String,
    },
    /// A query has a value for a boolean that is none. The words are MLflow's.
    #[error("Invalid boolean value: {value}, must be 'true' or 'false'.")]
    InvalidBoolean {
        /// The value.
        value: String,
    },
    /// A request has a field in both spellings. The words are MLflow's.
    #[error("Request specifies both '{name}' and '{camel}'; provide only one of them.")]
    TwoSpellings {
        /// The spelling of MLflow's documentation.
        name: String,
        /// The spelling in camel case.
        camel: String,
    },
    /// A request breaks a rule about names or sizes. The words are MLflow's, which clients look for.
    #[error("{words}")]
    Rule {
        /// All of them.
        words: String,
    },
}

impl Error {
    pub(crate) fn rule(words: impl Into<String>) -> Self {
        Self::Rule { words: words.into() }
    }
}
