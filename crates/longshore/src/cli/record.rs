use clap::{Args, ValueEnum};

/// Requests and answers for those who look at them later.
#[derive(Args, Debug)]
#[command(next_help_heading = "Recording")]
pub(crate) struct RecordArgs {
    /// Post each HTTP request for a prediction and its answer to this address as events (`CloudEvents`), as
    /// KServe's logger does
    #[arg(long, env = "LONGSHORE_RECORD_TO", value_name = "URL")]
    pub(crate) record_to: Option<String>,

    /// What of it
    #[arg(long, env = "LONGSHORE_RECORD", default_value = "all", value_name = "WHICH")]
    pub(crate) record: Recorded,

    /// Headers of requests that go along in the attribute `metadata`, with commas between them
    #[arg(long, env = "LONGSHORE_RECORD_HEADERS", value_delimiter = ',', value_name = "NAME")]
    pub(crate) record_headers: Vec<String>,

    /// Further attributes of events, such as `inferenceservicename=iris`, with commas between them
    #[arg(
        long,
        env = "LONGSHORE_RECORD_ATTRIBUTES",
        value_delimiter = ',',
        value_name = "NAME=VALUE"
    )]
    pub(crate) record_attributes: Vec<String>,

    /// The attribute `annotations`: an object of JSON
    #[arg(long, env = "LONGSHORE_RECORD_ANNOTATIONS", value_name = "JSON")]
    pub(crate) record_annotations: Option<String>,

    /// The attribute `source`
    #[arg(long, env = "LONGSHORE_RECORD_SOURCE", default_value = "longshore", value_name = "TEXT")]
    pub(crate) record_source: String,
}

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Recorded {
    /// Requests and answers
    All,
    /// Requests
    Request,
    /// Answers
    Response,
}
