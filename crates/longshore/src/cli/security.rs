use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Who may connect to a server, and who may ask.
#[derive(Args, Debug)]
#[command(next_help_heading = "TLS and API keys")]
pub(crate) struct SecurityArgs {
    /// The server's certificate in PEM form, followed by those of its authorities: `--port` then speaks TLS only.
    /// Read again when it changes
    #[arg(long, env = "LONGSHORE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of `--tls-cert`, in PEM form
    #[arg(long, env = "LONGSHORE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// The authorities whose clients are let in (mutual TLS), in PEM form; read again when it changes
    #[arg(long, env = "LONGSHORE_TLS_CLIENT_CA", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Whether a client has to show a certificate when there is a `--tls-client-ca`
    #[arg(
        long,
        env = "LONGSHORE_TLS_CLIENT_AUTH",
        value_name = "WHETHER",
        default_value = "required"
    )]
    pub(crate) tls_client_auth: ClientAuth,

    /// The keys that may ask, one line `NAME:SHA256` each, as `longshore api-key` makes them; read again when it
    /// changes. Health probes need no key
    #[arg(long, env = "LONGSHORE_API_KEYS", value_name = "FILE")]
    pub(crate) api_keys: Option<PathBuf>,

    /// Answer `/metrics` on `--port` without a key; on `--metrics-port` it never needs one
    #[arg(long, env = "LONGSHORE_METRICS_WITHOUT_KEY")]
    pub(crate) metrics_without_key: bool,
}

/// Whether clients have to show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientAuth {
    /// A client without one is refused.
    Required,
    /// A client may have none; one that is shown has to be right.
    Optional,
}

/// Traces.
#[derive(Args, Debug)]
#[command(next_help_heading = "Traces")]
pub(crate) struct TraceArgs {
    /// An OpenTelemetry collector's address for OTLP over HTTP, such as `http://collector:4318`: requests that are
    /// sampled become spans there
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,

    /// The share of requests that are traced, from 0 to 1, when their callers do not say so by `traceparent`
    #[arg(long, env = "LONGSHORE_TRACE_SAMPLE", value_name = "SHARE", default_value_t = 1.0)]
    pub(crate) trace_sample: f64,
}

/// `longshore api-key`.
#[derive(Args, Debug)]
pub(crate) struct ApiKeyArgs {
    /// Whose key it is: the name is in the log of the server
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// Append the line to this file, and print the key alone
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// How a client gets into a server.
#[derive(Args, Debug)]
#[command(next_help_heading = "Getting in")]
pub(crate) struct AccessArgs {
    /// The authorities to believe for `https://`, in PEM form, instead of the system's
    #[arg(long, env = "LONGSHORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// A certificate to show, in PEM form, where the server asks for one
    #[arg(long, env = "LONGSHORE_CLIENT_CERT", value_name = "FILE", requires = "client_key")]
    pub(crate) client_cert: Option<PathBuf>,

    /// The private key of `--client-cert`, in PEM form
    #[arg(long, env = "LONGSHORE_CLIENT_KEY", value_name = "FILE", requires = "client_cert")]
    pub(crate) client_key: Option<PathBuf>,

    /// An API key; in the environment no other user of the machine sees it
    #[arg(long, env = "LONGSHORE_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
}
