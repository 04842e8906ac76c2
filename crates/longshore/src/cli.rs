//! The command line: types only.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use longshore_engine::Method;

mod announce;
#[cfg(feature = "operator")]
mod autoscaler;
mod batch;
mod batches;
#[cfg(feature = "cli")]
mod experiments;
#[cfg(feature = "gateway")]
mod gateway;
pub(crate) mod help;
mod kserve;
mod marks;
#[cfg(feature = "cli")]
mod mlflow_server;
#[cfg(feature = "operator")]
mod operator;
#[cfg(feature = "cli")]
mod platform;
mod record;
#[cfg(feature = "cli")]
mod registry;
#[cfg(feature = "cli")]
mod runs;
#[cfg(feature = "operator")]
mod scaling;
mod security;
mod storage;
#[cfg(feature = "tracking")]
mod tracking;
mod value;

pub(crate) use announce::AnnounceArgs;
#[cfg(feature = "operator")]
pub(crate) use autoscaler::{AutoscalerArgs, AutoscalerCommand};
pub(crate) use batch::{BatchRunArgs, RowFormat};
pub(crate) use batches::BatchArgs;
#[cfg(feature = "cli")]
pub(crate) use experiments::{ExperimentArgs, ExperimentsArgs, ExperimentsCommand};
#[cfg(feature = "gateway")]
pub(crate) use gateway::{GatewayArgs, GatewayAuth, GatewaySecurityArgs, WaitingArgs};
pub(crate) use kserve::KserveArgs;
pub(crate) use marks::MarkArgs;
#[cfg(feature = "cli")]
pub(crate) use mlflow_server::{AskArgs, SearchArgs, Tag, Which};
#[cfg(feature = "operator")]
pub(crate) use operator::{GatewaysArgs, HostArgs, Mode, OperatorArgs, PoolArgs};
#[cfg(feature = "cli")]
pub(crate) use platform::{
    ApplyArgs, ClusterArgs, DeleteArgs, DescribeArgs, GetArgs, LogsArgs, OutputFormat, PromoteArgs,
    RolloutArgs, RolloutCommand, RolloutStatusArgs, UrlArgs,
};
pub(crate) use record::{RecordArgs, Recorded};
#[cfg(feature = "cli")]
pub(crate) use registry::{
    AliasCommand, ModelsArgs, ModelsCommand, RegisterArgs, ServedArgs, TagCommand,
};
#[cfg(feature = "cli")]
pub(crate) use runs::{ArtifactsCommand, RunArgs, RunsArgs, RunsCommand};
#[cfg(feature = "operator")]
pub(crate) use scaling::ScalingArgs;
pub(crate) use security::{AccessArgs, ApiKeyArgs, ClientAuth, SecurityArgs, TraceArgs};
pub(crate) use storage::{FetchArgs, RemoteArgs, StorageArgs};
#[cfg(feature = "tracking")]
pub(crate) use tracking::{
    App, BackupArgs, BrowserArgs, DatabaseArgs, GcArgs, JwtArgs, MigrateArgs, PlaceArgs,
    RestoreArgs, TrackingArgs, TrackingCommand, UiArgs, UserArgs, WebhookArgs,
};
#[cfg(all(feature = "cli", feature = "tracking"))]
pub(crate) use tracking::{
    ExportArgs, ImportArgs, ObjectArgs, OnConflict, PasswordArgs, PeopleArgs, PeopleCommand,
    RolesArgs, RolesCommand, SelectionArgs, TokenUserArgs, TokensArgs, TokensCommand, UsersAtArgs,
    WorkArgs,
};

/// Takes a trained model to production: no Python, the original library's answers.
#[derive(Debug, Parser)]
#[command(name = "longshore", version, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a model on this machine and open its page in the browser
    Try(Box<TryArgs>),
    /// Serve models over HTTP and gRPC
    ///
    /// KServe V1 and V2, MLflow's `/invocations`, tables as CSV, Arrow and Parquet, Prometheus' `/metrics`
    // a runtime's arguments come first, those of a manifest after them: the last one counts
    #[command(args_override_self = true)]
    Serve(Box<ServeArgs>),
    /// Bring models into folders, for servers that do not fetch
    Fetch(FetchArgs),
    /// Ask a model for predictions, without a server
    Predict(PredictArgs),
    /// Answer all rows of files of any size, into a file
    Batch(Box<BatchRunArgs>),
    /// Say what a model is, what it takes, and what of it runs natively
    Inspect(InspectArgs),
    /// Compare a model's answers with those that its own library gave
    Verify(VerifyArgs),
    /// Serve the bundled example models, ask each, print the answers
    Demo(DemoArgs),
    /// Put load on a server and report how it bore it
    Bench(BenchArgs),
    /// Ask a running server what a deployment relies on
    SmokeTest(SmokeTestArgs),
    /// Make an API key, and the line that lets it in
    ApiKey(ApiKeyArgs),
    /// Keep the InferenceServices of a cluster: revisions, traffic
    #[cfg(feature = "operator")]
    Operator(Box<OperatorArgs>),
    /// Route requests to InferenceServices, wake those that sleep
    #[cfg(feature = "gateway")]
    Gateway(Box<GatewayArgs>),
    /// Keep experiments, runs and models, as MLflow's server does
    #[cfg(feature = "tracking")]
    // `-h` is the host, as it is of `mlflow server`
    #[command(disable_help_flag = true)]
    Tracking(Box<TrackingArgs>),
    /// List, make and change the experiments of a tracking server
    #[cfg(feature = "cli")]
    Experiments(ExperimentsArgs),
    /// List and compare runs of a tracking server, get their files
    #[cfg(feature = "cli")]
    Runs(RunsArgs),
    /// List what a running server serves, or change a registry's models
    ///
    /// Without a subcommand it asks a server of models, as `ps` does. The subcommands list, register and tag the models
    /// of a registry, move their aliases, and tell where each version is served
    #[cfg(feature = "cli")]
    Models(ModelsArgs),
    /// List what a running server serves
    #[cfg(feature = "cli")]
    Ps(ServedArgs),
    /// What the autoscaler of the platform decides
    #[cfg(feature = "operator")]
    Autoscaler(AutoscalerArgs),
    /// List InferenceServices of a cluster, or the revisions of one
    #[cfg(feature = "cli")]
    Get(GetArgs),
    /// Say how an InferenceService is, and what to do about it
    #[cfg(feature = "cli")]
    Describe(DescribeArgs),
    /// Print where an InferenceService is asked, and how
    #[cfg(feature = "cli")]
    Url(UrlArgs),
    /// Print what the pods of an InferenceService log
    #[cfg(feature = "cli")]
    Logs(LogsArgs),
    /// Follow, promote, abort or list the rollouts of a revision
    #[cfg(feature = "cli")]
    Rollout(RolloutArgs),
    /// Make or change objects of a cluster by their manifests
    #[cfg(feature = "cli")]
    Apply(ApplyArgs),
    /// Delete InferenceServices, or the objects of manifests
    #[cfg(feature = "cli")]
    Delete(DeleteArgs),
    /// Say which program this is: version, commit, features, target
    Version(VersionArgs),
    /// Print a script by which a shell completes commands and options
    #[cfg(feature = "cli")]
    Completions(CompletionsArgs),
    /// Write the manual pages, one for each command
    #[cfg(feature = "cli")]
    Man(ManArgs),
}

/// `longshore version`.
#[derive(Args, Debug)]
pub(crate) struct VersionArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `longshore completions`.
#[cfg(feature = "cli")]
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// `longshore man`.
#[cfg(feature = "cli")]
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The folder that they go into; it is made
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// `longshore try`.
#[derive(Args, Debug)]
pub(crate) struct TryArgs {
    /// The model: a folder, a file, `example://NAME`, `s3://…`, `gs://…`, `hf://…`, `https://…`, `models:/…` or `runs:/…`
    #[arg(value_name = "[NAME=]PATH|URI")]
    pub(crate) model: String,

    /// Do not open the page, only print its address
    #[arg(long)]
    pub(crate) no_open: bool,

    /// Port to listen on, on this machine only; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// The MLflow server behind `models:/` and `runs:/`
    #[arg(long, env = "MLFLOW_TRACKING_URI", hide_env_values = true, value_name = "URL")]
    pub(crate) tracking_uri: Option<String>,
}

/// `longshore serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Models to serve: an MLflow folder, a KServe model directory, a model file, transformers and a
    /// model in files of their own (`scaler.pkl+model.pkl`), `example://NAME`, `s3://BUCKET/KEY`,
    /// `gs://BUCKET/NAME`, `hf://OWNER/NAME`, `https://…`, `models:/NAME/VERSION`, `models:/NAME@ALIAS`
    /// or `runs:/ID/PATH`; without any, those that `LONGSHORE_MODELS` names, with spaces between them
    #[arg(value_name = "[NAME=]PATH|URI", required_unless_present_any = ["model_dir", "models_text", "pool"])]
    pub(crate) models: Vec<String>,

    /// What `LONGSHORE_MODELS` says
    #[arg(long, env = "LONGSHORE_MODELS", hide = true)]
    pub(crate) models_text: Option<String>,

    /// Address to listen on; `0.0.0.0` is every address
    #[arg(
        long,
        env = "LONGSHORE_HOST",
        default_value = "127.0.0.1",
        value_parser = value::host,
        help_heading = "Where it listens"
    )]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 takes a free one, which the log names
    #[arg(
        long,
        alias = "http_port",
        env = "LONGSHORE_PORT",
        default_value_t = 8080,
        help_heading = "Where it listens"
    )]
    pub(crate) port: u16,

    /// One more port to listen on, for manifests with a port for gRPC; every protocol is on both
    #[arg(
        long,
        alias = "grpc_port",
        env = "LONGSHORE_GRPC_PORT",
        value_name = "PORT",
        help_heading = "Where it listens"
    )]
    pub(crate) grpc_port: Option<u16>,

    /// Port of `/metrics`, which then is not on `--port`; `/health/…` is on both
    #[arg(
        long,
        env = "LONGSHORE_METRICS_PORT",
        value_name = "PORT",
        help_heading = "Where it listens"
    )]
    pub(crate) metrics_port: Option<u16>,

    /// Answer browsers like programs: without the page at `/`, `/docs` and `/openapi.json`
    #[arg(long, env = "LONGSHORE_NO_UI")]
    pub(crate) no_ui: bool,

    /// The method a request means when it names none, for every model
    #[arg(long, env = "LONGSHORE_METHOD", value_name = "METHOD", value_parser = methods())]
    pub(crate) method: Option<String>,

    /// Event loops, one thread each; 0 is one a core
    #[arg(long, env = "LONGSHORE_THREADS", default_value_t = 0, value_name = "COUNT", value_parser = value::threads)]
    pub(crate) threads: usize,

    /// Models in folders.
    #[command(flatten)]
    pub(crate) many: ManyArgs,

    /// End when a model does not load at start; without it the others are served, and the index, its
    /// readiness and the log say why it is not
    #[arg(long, env = "LONGSHORE_STRICT")]
    pub(crate) strict: bool,

    /// Where models that are elsewhere come from.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,

    /// Time between looks whether a model has changed, here or elsewhere; 0 never looks. 30s unless said, with
    /// `--watch` a moment
    #[arg(
        long,
        env = "LONGSHORE_POLL",
        value_name = "TIME",
        value_parser = value::time,
        help_heading = "Model storage"
    )]
    pub(crate) poll: Option<Duration>,

    /// Who may connect, and who may ask.
    #[command(flatten)]
    pub(crate) security: SecurityArgs,

    /// Limits on requests.
    #[command(flatten)]
    pub(crate) requests: RequestArgs,

    /// Requests that are computed together.
    #[command(flatten)]
    pub(crate) batches: BatchArgs,

    /// Keep what models compute in this much memory, for all of them together, for requests that ask the
    /// same again; 0 keeps nothing. It pays for models that take much longer than 20 microseconds and
    /// are asked the same often
    #[arg(
        long,
        env = "LONGSHORE_OUTPUT_CACHE_BYTES",
        default_value = "0",
        value_name = "SIZE",
        value_parser = value::size::<usize>,
        help_heading = "Cache of outputs"
    )]
    pub(crate) output_cache_bytes: usize,

    /// Limits on model files.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// The way down.
    #[command(flatten)]
    pub(crate) drain: DrainArgs,

    /// How gateways learn of the server.
    #[command(flatten)]
    pub(crate) announce: AnnounceArgs,

    /// How registries learn of it.
    #[command(flatten)]
    pub(crate) marks: MarkArgs,

    /// Records of requests and answers.
    #[command(flatten)]
    pub(crate) record: RecordArgs,

    /// Traces.
    #[command(flatten)]
    pub(crate) traces: TraceArgs,

    /// Logging.
    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// Flags of KServe's own servers.
    #[command(flatten)]
    pub(crate) kserve: KserveArgs,
}

/// Many models, in folders of their own.
#[derive(Args, Debug)]
#[command(next_help_heading = "Many models")]
pub(crate) struct ManyArgs {
    /// A folder with a folder for each model, as KServe, Triton and MLflow lay them out: each is known
    /// by its name and loaded by the first request for it. A folder that is a model itself is one
    /// model, which `--model_name` names, and so is a location elsewhere, such as `s3://…`. Can be given several
    /// times; `--model_dir` is the same
    #[arg(
        long = "model-dir",
        alias = "model_dir",
        env = "LONGSHORE_MODEL_DIR",
        value_delimiter = ',',
        value_name = "DIR|URI"
    )]
    pub(crate) model_dir: Vec<String>,

    /// Look twice a second, or every `--poll`, whether a model's files have changed: a changed model is loaded beside
    /// the old one and takes its place between two requests; one that does not load leaves the old one. With
    /// `--model-dir` also which models are new or gone
    #[arg(long, env = "LONGSHORE_WATCH")]
    pub(crate) watch: bool,

    /// Most memory of the models of `--model-dir` or `--pool` that are loaded: what is read of their files and 8
    /// KiB each. Those that were not used for longest make room, and are loaded again when they are
    /// asked for; 4 GiB, or half of the container's memory limit when that is less
    #[arg(long, env = "LONGSHORE_MAX_LOADED_BYTES", value_name = "SIZE", value_parser = value::some_size::<u64>)]
    pub(crate) max_loaded_bytes: Option<u64>,

    /// Serve as the warm pool of a namespace: requests name their model, and where it comes from, in
    /// the header `longshore-pool`, which the gateway sets. Whoever reaches this server can have it
    /// fetch any model that its credentials reach: let only gateways in
    #[arg(long, env = "LONGSHORE_POOL", conflicts_with_all = ["models", "model_dir", "models_text"])]
    pub(crate) pool: bool,

    /// Let clients load and unload models (`/v2/repository/models/NAME/load`); without it they may when
    /// the server listens on a loopback address
    #[arg(long, env = "LONGSHORE_MODEL_CONTROL")]
    pub(crate) model_control: bool,
}

/// Limits on requests.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits on requests")]
pub(crate) struct RequestArgs {
    /// Largest request body
    #[arg(long, env = "LONGSHORE_MAX_BODY_BYTES", default_value = "64MiB", value_name = "SIZE", value_parser = value::some_size::<usize>)]
    pub(crate) max_body_bytes: usize,

    /// Most rows in a request
    #[arg(long, env = "LONGSHORE_MAX_ROWS", default_value_t = 1_000_000, value_name = "ROWS", value_parser = value::count::<usize>)]
    pub(crate) max_rows: usize,

    /// Deepest nesting of a JSON body
    #[arg(long, env = "LONGSHORE_MAX_JSON_DEPTH", default_value_t = 64, value_name = "LEVELS", value_parser = value::depth)]
    pub(crate) max_json_depth: usize,

    /// Most requests computed or waiting at once; one more is answered 503 with `Retry-After`
    #[arg(
        long,
        env = "LONGSHORE_MAX_CONCURRENCY",
        default_value_t = 1024,
        value_name = "REQUESTS",
        value_parser = value::count::<usize>
    )]
    pub(crate) max_concurrency: usize,

    /// Most memory for large requests at once: their bodies, decoded, and their replies; 512 MiB, or a
    /// quarter of the container's memory limit when that is less
    #[arg(long, env = "LONGSHORE_MAX_BUFFERED_BYTES", value_name = "SIZE", value_parser = value::some_size::<usize>)]
    pub(crate) max_buffered_bytes: Option<usize>,

    #[command(flatten)]
    pub(crate) connections: ConnectionArgs,

    /// How long the body of a request may take to arrive; of a stream of lines, each part of it
    #[arg(long, env = "LONGSHORE_BODY_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) body_timeout: Duration,

    /// How long a request may wait for its answer
    #[arg(long, env = "LONGSHORE_REQUEST_TIMEOUT", default_value = "60s", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) request_timeout: Duration,
}

/// Connections of clients, to a server and to a gateway.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Connections of clients")]
pub(crate) struct ConnectionArgs {
    /// Most open connections; 16384, or one for each 128 KiB of the container's memory limit when that
    /// is less
    #[arg(long, env = "LONGSHORE_MAX_CONNECTIONS", value_name = "COUNT", value_parser = value::count::<usize>)]
    pub(crate) max_connections: Option<usize>,

    /// How long the head of a request may take to arrive
    #[arg(long, env = "LONGSHORE_HEADER_TIMEOUT", default_value = "10s", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) header_timeout: Duration,

    /// How long a connection may stay open without a request
    #[arg(long, env = "LONGSHORE_IDLE_TIMEOUT", default_value = "90s", value_name = "TIME", value_parser = value::some_time)]
    pub(crate) idle_timeout: Duration,
}

/// Limits on model files.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits on model files")]
pub(crate) struct ReadingArgs {
    /// Largest model file, after decompression
    #[arg(long, env = "LONGSHORE_MAX_MODEL_BYTES", default_value = "4GiB", value_name = "SIZE", value_parser = value::some_size::<u64>)]
    pub(crate) max_model_bytes: u64,

    /// Most bytes that one compressed byte of a model file may become
    #[arg(
        long,
        env = "LONGSHORE_MAX_COMPRESSION_RATIO",
        default_value_t = 200,
        value_name = "RATIO",
        value_parser = value::count::<u64>
    )]
    pub(crate) max_compression_ratio: u64,
}

/// How a server ends.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "The way down")]
pub(crate) struct DrainArgs {
    /// How long after TERM new connections are still answered, while `/health/ready` says 503
    #[arg(long, env = "LONGSHORE_DRAIN_DELAY", default_value = "0s", value_name = "TIME", value_parser = value::time)]
    pub(crate) drain_delay: Duration,

    /// How long requests under way may take after that
    #[arg(long, env = "LONGSHORE_GRACE_SECONDS", default_value = "30s", value_name = "TIME", value_parser = value::time)]
    pub(crate) grace_seconds: Duration,
}

/// Logging.
#[derive(Args, Debug)]
#[command(next_help_heading = "Logging")]
pub(crate) struct LogArgs {
    /// Form of the log on standard error; `auto` is text in a terminal and JSON elsewhere
    #[arg(long, env = "LONGSHORE_LOG_FORMAT", default_value = "auto", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// What to log: a level, or directives such as `info,longshore_serve=debug`
    #[arg(long, env = "LONGSHORE_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
}

/// Forms of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text in a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

/// `longshore predict`.
#[derive(Args, Debug)]
pub(crate) struct PredictArgs {
    /// The model: a folder, a file, files with `+` between them, `example://NAME`, `s3://…`, `gs://…`,
    /// `hf://…`, `https://…`, `models:/…` or `runs:/…`
    #[arg(value_name = "PATH|URI")]
    pub(crate) model: String,

    /// Rows as CSV with a header, as JSON with one row a line (an object or a list), or as a JSON
    /// document (any body of `/invocations`); `-` is standard input
    #[arg(long, short, value_name = "FILE")]
    pub(crate) input: PathBuf,

    /// Largest JSON document, which is read whole; it is the limit of a single row of CSV and of JSON
    /// lines, of which there may be any number
    #[arg(long, default_value = "1GiB", value_name = "SIZE", value_parser = value::some_size::<usize>)]
    pub(crate) max_body_bytes: usize,

    /// The method to ask
    #[arg(long, short, value_name = "METHOD", value_parser = methods())]
    pub(crate) method: Option<String>,

    /// Limits on model files.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// Where models that are elsewhere come from.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// `longshore inspect`.
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// The model: a folder, a file, files with `+` between them, `example://NAME`, `s3://…`, `gs://…`,
    /// `hf://…`, `https://…`, `models:/…` or `runs:/…`
    #[arg(value_name = "PATH|URI")]
    pub(crate) model: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Limits on model files.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// Where models that are elsewhere come from.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// `longshore verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The model, as for `inspect`
    #[arg(value_name = "PATH|URI")]
    pub(crate) model: String,

    /// The rows: a `.npy` array, CSV with a header, or JSON: a list of rows or of records, a data frame as
    /// `to_dict("split")` gives it, or a golden case
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,

    /// The library's answers: a `.npy` array, or JSON: a list, an object of methods and their answers, or a
    /// golden case
    #[arg(value_name = "EXPECTED")]
    pub(crate) expected: PathBuf,

    /// Compare only this method; which one the answers are of, where they do not tell [default: the model's
    /// default method]
    #[arg(long, value_name = "METHOD", value_parser = methods())]
    pub(crate) method: Option<String>,

    /// How close the answers must be: A (equal bits), B (1 unit in the last place), B4 (4), C (1e-9; floats 1e-5)
    /// [default: what the case says, else C]
    #[arg(long, value_name = "CLASS")]
    pub(crate) exact: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Limits on model files.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    /// Where models that are elsewhere come from.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// `longshore demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// End after the answers, in a terminal too
    #[arg(long)]
    pub(crate) once: bool,

    /// Address to listen on; `0.0.0.0` is every address
    #[arg(long, env = "LONGSHORE_HOST", default_value = "127.0.0.1", value_parser = value::host)]
    pub(crate) host: IpAddr,

    /// Port to listen on; a free one is taken when it is in use
    #[arg(long, env = "LONGSHORE_PORT", default_value_t = 8080)]
    pub(crate) port: u16,
}

/// `longshore bench`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct BenchArgs {
    /// Servers, asked in turn: `http://HOST:PORT` asks a model for predictions, with a path the path is asked
    #[arg(value_name = "URL", required = true)]
    pub(crate) urls: Vec<String>,

    /// What to send.
    #[command(flatten)]
    pub(crate) question: QuestionArgs,

    /// Connections, each with one request under way
    #[arg(long, short, default_value_t = 10, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) connections: u16,

    /// Requests a second by the clock, however slow the answers are; times then count from the planned moment
    #[arg(long, short, value_name = "COUNT", value_parser = positive)]
    pub(crate) rate: Option<f64>,

    /// How long to send, 10s if nothing ends it before; 0 sends until TERM or Ctrl-C
    #[arg(long, short, value_name = "TIME", value_parser = value::seconds)]
    pub(crate) duration: Option<f64>,

    /// Requests to send
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) requests: Option<u64>,

    /// How long a request may take, connecting included
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = value::some_seconds)]
    pub(crate) timeout: f64,

    /// Open a connection for each request
    #[arg(long)]
    pub(crate) new_connections: bool,

    /// Connect again, within the timeout, where no connection comes about; no request is ever sent twice
    #[arg(long)]
    pub(crate) retry_connect: bool,

    /// End with an error when more requests fail
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_failures: Option<u64>,

    /// Write a line of JSON on standard error each second: `{"second", "time", "ok", "failed", "slowest_ms"}`
    #[arg(long)]
    pub(crate) progress: bool,

    /// Print the report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a client asks a server.
#[derive(Args, Debug)]
#[command(next_help_heading = "What to ask")]
pub(crate) struct QuestionArgs {
    /// The model to ask; a server that tells its models and has one needs none
    #[arg(long, short, value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// A request body in JSON, instead of a row made up from what the model says it takes
    #[arg(long, value_name = "FILE", conflicts_with = "example")]
    pub(crate) body: Option<PathBuf>,

    /// The request of a bundled example, instead of a made-up row
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Option<String>,

    /// A header for every request, such as `Host: models.example.com`
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,

    /// How to get in.
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// `longshore smoke-test`.
#[derive(Args, Debug)]
pub(crate) struct SmokeTestArgs {
    /// The server, `http://HOST:PORT` or `https://HOST:PORT`
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// What to ask.
    #[command(flatten)]
    pub(crate) question: QuestionArgs,

    /// Where the metrics are, when they have a port of their own
    #[arg(long, value_name = "URL")]
    pub(crate) metrics_url: Option<String>,

    /// How long an answer may take
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = value::some_seconds)]
    pub(crate) timeout: f64,

    /// How long to wait until the server is ready
    #[arg(long, default_value = "0s", value_name = "TIME", value_parser = value::seconds)]
    pub(crate) wait: f64,

    /// Also write the results as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Print the results as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The names of methods.
fn methods() -> PossibleValuesParser {
    PossibleValuesParser::new(Method::ALL.iter().map(|method| method.name()))
}

/// Highest rate that is understood.
const LARGEST: f64 = 1e9;

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= LARGEST => Ok(number),
        _ => Err(format!("a number above 0 and up to {LARGEST} is needed")),
    }
}
