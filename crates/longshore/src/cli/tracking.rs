mod backup;
mod database;
mod gc;
mod jwt;
mod migrate;
#[cfg(feature = "cli")]
mod people;
#[cfg(feature = "cli")]
mod transfer;
mod ui;
mod users;
mod webhooks;
mod workspaces;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{ArgAction, Args, builder::BoolishValueParser};

pub(crate) use self::{
    backup::{BackupArgs, PlaceArgs, RestoreArgs, TrackingCommand},
    database::DatabaseArgs,
    gc::GcArgs,
    jwt::JwtArgs,
    migrate::MigrateArgs,
    ui::UiArgs,
    users::{App, UserArgs},
    webhooks::WebhookArgs,
    workspaces::WorkspaceArgs,
};
#[cfg(feature = "cli")]
pub(crate) use self::{
    people::{
        ObjectArgs, PasswordArgs, PeopleArgs, PeopleCommand, RolesArgs, RolesCommand,
        TokenUserArgs, TokensArgs, TokensCommand, UsersAtArgs,
    },
    transfer::{ExportArgs, ImportArgs, OnConflict, SelectionArgs, WorkArgs},
};
use super::{ConnectionArgs, DrainArgs, LogArgs, SecurityArgs, value};

/// `longshore tracking`: the flags and variables of `mlflow server` by their own names.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct TrackingArgs {
    /// Something else than to serve.
    #[command(subcommand)]
    pub(crate) command: Option<TrackingCommand>,

    /// The database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    /// Where experiments that name no location of their own keep artifacts, as clients reach it;
    /// `mlflow-artifacts:/` when artifacts are served, else `./mlruns`
    #[arg(
        long,
        env = "MLFLOW_DEFAULT_ARTIFACT_ROOT",
        value_name = "URI",
        help_heading = "Artifacts"
    )]
    pub(crate) default_artifact_root: Option<String>,

    /// Serve artifacts, so that clients need no access to where they are kept
    #[arg(
        long,
        env = "MLFLOW_SERVE_ARTIFACTS",
        default_value = "true",
        default_missing_value = "true",
        num_args = 0,
        value_parser = BoolishValueParser::new(),
        overrides_with = "no_serve_artifacts",
        help_heading = "Artifacts"
    )]
    pub(crate) serve_artifacts: bool,

    /// Do not serve artifacts
    #[arg(long, overrides_with = "serve_artifacts", help_heading = "Artifacts")]
    pub(crate) no_serve_artifacts: bool,

    /// Where artifacts that are served are kept
    #[arg(
        long,
        env = "MLFLOW_ARTIFACTS_DESTINATION",
        default_value = "./mlartifacts",
        value_name = "URI",
        help_heading = "Artifacts"
    )]
    pub(crate) artifacts_destination: String,

    /// Address to listen on; `0.0.0.0` is every address
    #[arg(long, short = 'h', env = "MLFLOW_HOST", default_value = "127.0.0.1", value_parser = value::host, help_heading = "Where it listens")]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(
        long,
        short,
        env = "MLFLOW_PORT",
        default_value_t = 5000,
        help_heading = "Where it listens"
    )]
    pub(crate) port: u16,

    /// What comes before every path, such as `/mlflow`, for a server behind a proxy
    #[arg(long, env = "MLFLOW_STATIC_PREFIX", value_name = "PATH", value_parser = prefix, help_heading = "Where it listens")]
    pub(crate) static_prefix: Option<String>,

    /// Serve artifacts only: no experiments, runs and models
    #[arg(long, env = "MLFLOW_ARTIFACTS_ONLY", value_parser = BoolishValueParser::new(), help_heading = "Artifacts")]
    pub(crate) artifacts_only: bool,

    /// What people see who open the server in a browser.
    #[command(flatten)]
    pub(crate) ui: UiArgs,

    /// Workspaces.
    #[command(flatten)]
    pub(crate) workspaces: WorkspaceArgs,

    /// Who may connect, and who may ask.
    #[command(flatten)]
    pub(crate) security: SecurityArgs,

    /// The users of the server.
    #[command(flatten)]
    pub(crate) users: UserArgs,

    /// Whose browsers may use the server.
    #[command(flatten)]
    pub(crate) browsers: BrowserArgs,

    /// Whom the server tells what happens in the registry.
    #[command(flatten)]
    pub(crate) webhooks: WebhookArgs,

    /// Print help
    #[arg(long, action = ArgAction::HelpLong)]
    pub(crate) help: Option<bool>,

    /// What the whole source of a new model version must match, as a regular expression
    #[arg(
        long,
        env = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX",
        value_name = "PATTERN",
        help_heading = "What it takes from clients"
    )]
    pub(crate) source_pattern: Option<String>,

    /// Schemes whose places experiments and versions may name though the server would ask their hosts for the
    /// files, with commas between them
    #[arg(
        long,
        env = "MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES",
        value_name = "SCHEMES",
        value_delimiter = ',',
        help_heading = "What it takes from clients"
    )]
    pub(crate) host_schemes: Vec<String>,

    /// How long an address holds with which a client downloads a file from the bucket itself
    #[arg(
        long,
        env = "MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS",
        default_value = "5m",
        value_parser = value::whole_seconds::<1, 604_800>,
        value_name = "TIME",
        help_heading = "Artifacts"
    )]
    pub(crate) presigned_download_seconds: u32,

    /// Most fields of one query to `/graphql`
    #[arg(
        long,
        env = "MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS",
        default_value_t = 10,
        value_name = "COUNT",
        value_parser = value::count::<usize>,
        help_heading = "What it takes from clients"
    )]
    pub(crate) graphql_max_root_fields: usize,

    /// Most aliases in one place of a query to `/graphql`
    #[arg(
        long,
        env = "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES",
        default_value_t = 10,
        value_name = "COUNT",
        value_parser = value::count::<usize>,
        help_heading = "What it takes from clients"
    )]
    pub(crate) graphql_max_aliases: usize,

    /// Cut parameters and tags of runs that are too long; `false` refuses them
    #[arg(
        long,
        env = "MLFLOW_TRUNCATE_LONG_VALUES",
        default_value_t = true,
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        value_name = "WHETHER",
        help_heading = "What it takes from clients"
    )]
    pub(crate) truncate_long_values: bool,

    /// A file of MLflow's server that says where it archived spans of traces: they are read there, and none are added
    #[arg(
        long,
        env = "MLFLOW_TRACE_ARCHIVAL_CONFIG",
        value_name = "FILE",
        help_heading = "Traces"
    )]
    pub(crate) trace_archival_config: Option<PathBuf>,

    /// Event loops, one thread each; 0 is one a core
    #[arg(
        long,
        env = "LONGSHORE_THREADS",
        default_value_t = 0,
        value_name = "COUNT",
        value_parser = value::threads,
        help_heading = "Where it listens"
    )]
    pub(crate) threads: usize,

    /// Largest message of a request; artifacts have no limit
    #[arg(long, env = "LONGSHORE_MAX_BODY_BYTES", default_value = "64MiB", value_name = "SIZE", value_parser = value::some_size::<usize>, help_heading = "What it takes from clients")]
    pub(crate) max_body_bytes: usize,

    /// Connections of clients.
    #[command(flatten)]
    pub(crate) connections: ConnectionArgs,

    /// How long a client may pause while it sends a body
    #[arg(long, env = "LONGSHORE_BODY_TIMEOUT", default_value = "5m", value_name = "TIME", value_parser = value::some_time, help_heading = "What it takes from clients")]
    pub(crate) body_timeout: Duration,

    /// The way down.
    #[command(flatten)]
    pub(crate) drain: DrainArgs,

    /// Logging.
    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// What of MLflow's own flags has no meaning here.
    #[command(flatten)]
    pub(crate) ignored: IgnoredArgs,
}

/// Hosts and origins: what keeps pages of others from using the server by a visitor's browser.
#[derive(Args, Debug)]
#[command(next_help_heading = "Browsers")]
pub(crate) struct BrowserArgs {
    /// Hosts that requests may name, with commas between them: `*` stands for any letters, and a port counts.
    /// Without this, this machine and addresses of private networks
    #[arg(long, env = "MLFLOW_SERVER_ALLOWED_HOSTS", value_name = "HOSTS")]
    pub(crate) allowed_hosts: Option<String>,

    /// Origins whose pages may change something, with commas between them, beside those of this machine and the
    /// server's own; `*` alone is every origin, without credentials
    #[arg(long, env = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", value_name = "ORIGINS")]
    pub(crate) cors_allowed_origins: Option<String>,

    /// Check neither hosts nor origins: any page that somebody here opens may use the server
    #[arg(
        long,
        env = "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) disable_security_middleware: bool,

    /// Who may show a page of the server in a frame: `SAMEORIGIN`, `DENY` or, for everybody, `NONE`
    #[arg(
        long,
        env = "MLFLOW_SERVER_X_FRAME_OPTIONS",
        default_value = "SAMEORIGIN",
        value_name = "WHO"
    )]
    pub(crate) x_frame_options: String,
}

/// Flags of `mlflow server` that are accepted, so that a command line of its works, and change nothing.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flags of `mlflow server` that change nothing here")]
pub(crate) struct IgnoredArgs {
    /// The registry is in the database of `--backend-store-uri`: another one is refused
    #[arg(long, env = "MLFLOW_REGISTRY_STORE_URI", value_name = "URI", hide_env_values = true)]
    pub(crate) registry_store_uri: Option<String>,

    /// All requests go to `--backend-store-uri`
    #[arg(
        long,
        env = "MLFLOW_READ_REPLICA_BACKEND_STORE_URI",
        value_name = "URI",
        hide_env_values = true
    )]
    pub(crate) read_replica_backend_store_uri: Option<String>,

    /// One process serves with `--threads` event loops
    #[arg(long, short, env = "MLFLOW_WORKERS", value_name = "COUNT")]
    pub(crate) workers: Option<String>,

    /// `/metrics` is always there, and needs no folder
    #[arg(long, env = "MLFLOW_EXPOSE_PROMETHEUS", value_name = "DIR")]
    pub(crate) expose_prometheus: Option<PathBuf>,

    /// There is no gunicorn
    #[arg(long, env = "MLFLOW_GUNICORN_OPTS", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) gunicorn_opts: Option<String>,

    /// There is no waitress
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) waitress_opts: Option<String>,

    /// There is no uvicorn
    #[arg(long, env = "MLFLOW_UVICORN_OPTS", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) uvicorn_opts: Option<String>,

    /// There is nothing to reload; `--log debug` logs more
    #[arg(long)]
    pub(crate) dev: bool,

    /// The server keeps no secrets of gateways
    #[arg(long, value_name = "SECONDS")]
    pub(crate) secrets_cache_ttl: Option<u32>,

    /// The server keeps no secrets of gateways
    #[arg(long, value_name = "COUNT")]
    pub(crate) secrets_cache_max_size: Option<u32>,
}

impl IgnoredArgs {
    /// The flags that were given though they change nothing, each with the reason.
    pub(crate) fn given(&self) -> Vec<(&'static str, &'static str)> {
        let Self { gunicorn_opts, waitress_opts, uvicorn_opts, .. } = self;
        let options = gunicorn_opts.is_some() || waitress_opts.is_some() || uvicorn_opts.is_some();
        let secrets = self.secrets_cache_ttl.is_some() || self.secrets_cache_max_size.is_some();
        let replica = self.read_replica_backend_store_uri.is_some();
        let all = [
            (replica, "--read-replica-backend-store-uri", "all requests go to one database"),
            (self.workers.is_some(), "--workers", "one process serves, with an event loop a core"),
            (self.expose_prometheus.is_some(), "--expose-prometheus", "`/metrics` is always there"),
            (options, "--…-opts", "there is no Python server below"),
            (self.dev, "--dev", "there is nothing to reload; `--log debug` logs more"),
            (secrets, "--secrets-cache-…", "the server keeps no secrets of gateways"),
        ];
        let given = all.into_iter().filter(|(given, ..)| *given);
        given.map(|(_, flag, reason)| (flag, reason)).collect()
    }
}

/// A prefix of paths, as MLflow takes it.
fn prefix(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.ends_with('/') {
        return Ok(text.to_owned());
    }
    Err("a prefix begins with `/` and does not end with it, as in `/mlflow`".to_owned())
}
