use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, DrainArgs, LogArgs, TraceArgs, value};

/// `longshore gateway`.
#[derive(Args, Debug)]
pub(crate) struct GatewayArgs {
    /// Namespaces whose InferenceServices are routed; all of them without this
    #[arg(long, env = "LONGSHORE_NAMESPACE", value_name = "NAME", value_delimiter = ',')]
    pub(crate) namespace: Vec<String>,

    /// Route what this file describes, without Kubernetes; read again when it changes
    #[arg(long, env = "LONGSHORE_ROUTES", value_name = "FILE", conflicts_with = "namespace")]
    pub(crate) routes: Option<PathBuf>,

    /// Address to listen on; `0.0.0.0` is every address
    #[arg(
        long,
        env = "LONGSHORE_HOST",
        default_value = "127.0.0.1",
        value_parser = value::host,
        help_heading = "Where it listens"
    )]
    pub(crate) host: IpAddr,

    /// Port to listen on: HTTP/1, and HTTP/2 with prior knowledge, as gRPC speaks it without TLS
    #[arg(long, env = "LONGSHORE_PORT", default_value_t = 8080, help_heading = "Where it listens")]
    pub(crate) port: u16,

    /// Port for peers: the operator asks what is routed and counted, other gateways ask for slots of replicas
    /// with a limit
    #[arg(
        long,
        env = "LONGSHORE_PEER_PORT",
        default_value_t = 9091,
        value_name = "PORT",
        help_heading = "Where it listens"
    )]
    pub(crate) peer_port: u16,

    /// The headless Service that lists the gateways of this release: `containerConcurrency` is a limit of all
    /// of them together. Without this the gateway counts for itself
    #[arg(
        long,
        env = "LONGSHORE_PEERS",
        value_name = "NAMESPACE/NAME",
        requires = "pod_ip",
        conflicts_with = "routes"
    )]
    pub(crate) peers: Option<String>,

    /// The address by which that Service lists this gateway
    #[arg(long, env = "LONGSHORE_POD_IP", value_name = "ADDRESS")]
    pub(crate) pod_ip: Option<IpAddr>,

    /// Port at which replicas announce themselves; it is open to all, and believes nobody without a proof
    #[arg(
        long,
        env = "LONGSHORE_ANNOUNCE_PORT",
        default_value_t = 9092,
        value_name = "PORT",
        help_heading = "Where it listens"
    )]
    pub(crate) announce_port: u16,

    /// Port of `/metrics` and of the probes `/health/…`, which are not on `--port`: there all paths are
    /// those of InferenceServices
    #[arg(
        long,
        env = "LONGSHORE_METRICS_PORT",
        default_value_t = 9090,
        value_name = "PORT",
        help_heading = "Where it listens"
    )]
    pub(crate) metrics_port: u16,

    /// The domain of the cluster's own names
    #[arg(
        long,
        env = "LONGSHORE_CLUSTER_DOMAIN",
        default_value = "cluster.local",
        value_name = "DOMAIN"
    )]
    pub(crate) cluster_domain: String,

    /// Event loops, one thread each; 0 is one a core
    #[arg(long, env = "LONGSHORE_THREADS", default_value_t = 0, value_name = "COUNT", value_parser = value::threads)]
    pub(crate) threads: usize,

    /// Hand on `X-Forwarded-…` and `Forwarded` of requests as they are: something in front writes them.
    /// Otherwise they are written anew, since any client can send them
    #[arg(long, env = "LONGSHORE_TRUST_FORWARDED")]
    pub(crate) trust_forwarded: bool,

    /// Requests that wait for a replica.
    #[command(flatten)]
    pub(crate) waiting: WaitingArgs,

    /// Connections of clients.
    #[command(flatten)]
    pub(crate) connections: GatewayConnectionArgs,

    /// Who may connect, and who may ask.
    #[command(flatten)]
    pub(crate) security: GatewaySecurityArgs,

    /// Traces.
    #[command(flatten)]
    pub(crate) traces: TraceArgs,

    /// The way down.
    #[command(flatten)]
    pub(crate) drain: DrainArgs,

    /// Logging.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// Requests that wait for a replica.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Requests that wait for a replica")]
pub(crate) struct WaitingArgs {
    /// Most requests that wait for a replica, of all revisions together; one more is answered 503 with
    /// `Retry-After`. 0 lets none wait
    #[arg(long, env = "LONGSHORE_MAX_WAITING", default_value_t = 10_000, value_name = "REQUESTS")]
    pub(crate) max_waiting: usize,

    /// Most requests that wait for a replica of one revision; 0 lets none wait
    #[arg(
        long,
        env = "LONGSHORE_MAX_WAITING_PER_REVISION",
        default_value_t = 5000,
        value_name = "REQUESTS"
    )]
    pub(crate) max_waiting_per_revision: usize,

    /// Most memory for the bodies of requests that wait
    #[arg(
        long,
        env = "LONGSHORE_MAX_WAITING_BYTES",
        default_value = "256MiB",
        value_name = "SIZE",
        value_parser = value::some_size::<usize>
    )]
    pub(crate) max_waiting_bytes: usize,

    /// How long a request waits for a replica to be ready when there is none; 0 does not wait
    #[arg(long, env = "LONGSHORE_HOLD_TIMEOUT", default_value = "2m", value_name = "TIME", value_parser = value::time)]
    pub(crate) hold_timeout: Duration,

    /// How long a request waits while all replicas work on as many as they may; 0 does not wait
    #[arg(long, env = "LONGSHORE_QUEUE_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = value::time)]
    pub(crate) queue_timeout: Duration,

    /// How long a connection to a replica may take to be made
    #[arg(long, env = "LONGSHORE_CONNECT_TIMEOUT", default_value = "2s", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) connect_timeout: Duration,
}

/// Connections of clients.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Connections of clients")]
pub(crate) struct GatewayConnectionArgs {
    #[command(flatten)]
    pub(crate) common: ConnectionArgs,

    /// How long a client may pause while it sends a body
    #[arg(long, env = "LONGSHORE_BODY_TIMEOUT", default_value = "5m", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) body_timeout: Duration,
}

/// Who may connect to a gateway, and who may ask.
#[derive(Args, Debug)]
#[command(next_help_heading = "TLS and clients")]
pub(crate) struct GatewaySecurityArgs {
    /// The gateway's certificate in PEM form, followed by those of its authorities; read again when it
    /// changes
    #[arg(long, env = "LONGSHORE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of `--tls-cert`, in PEM form
    #[arg(long, env = "LONGSHORE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// The port that speaks TLS, when there is a `--tls-cert`; `--port` does not, since names within the
    /// cluster lead to it
    #[arg(long, env = "LONGSHORE_TLS_PORT", default_value_t = 8443, value_name = "PORT")]
    pub(crate) tls_port: u16,

    /// What clients are asked for where the annotation `longshore.dev/auth` of an InferenceService does
    /// not say it
    #[arg(long, env = "LONGSHORE_AUTH", value_name = "WHAT", default_value = "none")]
    pub(crate) auth: GatewayAuth,

    /// The API keys of clients, one line `NAME:SHA256` each, as `longshore api-key` makes them; read again
    /// when it changes
    #[arg(long, env = "LONGSHORE_API_KEYS", value_name = "FILE")]
    pub(crate) api_keys: Option<PathBuf>,

    /// The keys by which JSON Web Tokens are signed (JWKS), a file or an `https` URL; read again and again
    #[arg(
        long,
        env = "LONGSHORE_JWKS",
        value_name = "FILE|URL",
        requires_all = ["jwt_issuer", "jwt_audience"]
    )]
    pub(crate) jwks: Option<String>,

    /// The authorities to believe for the URL of `--jwks`, in PEM form, instead of the usual ones
    #[arg(long, env = "LONGSHORE_JWKS_CA", value_name = "FILE", requires = "jwks")]
    pub(crate) jwks_ca: Option<PathBuf>,

    /// What tokens have to name as their issuer (`iss`)
    #[arg(long, env = "LONGSHORE_JWT_ISSUER", value_name = "ISSUER", requires = "jwks")]
    pub(crate) jwt_issuer: Option<String>,

    /// What tokens have to name as their audience (`aud`), where the annotation `longshore.dev/jwt-audience`
    /// of an InferenceService does not say it
    #[arg(long, env = "LONGSHORE_JWT_AUDIENCE", value_name = "AUDIENCE", requires = "jwks")]
    pub(crate) jwt_audience: Option<String>,
}

/// What clients are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatewayAuth {
    /// Nothing.
    None,
    /// An API key.
    ApiKey,
    /// A JSON Web Token.
    Jwt,
}
