use std::path::PathBuf;

use clap::Args;

use super::{LogArgs, value};

/// Where models that are elsewhere come from, and where they are kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Model storage")]
pub(crate) struct StorageArgs {
    /// Folder that fetched models are kept in; without one `longshore/models` in the user's cache
    #[arg(long, env = "LONGSHORE_CACHE_DIR", value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Most space for fetched models; what was not used for longest goes first
    #[arg(long, env = "LONGSHORE_CACHE_BYTES", default_value = "10GiB", value_name = "SIZE", value_parser = value::some_size::<u64>)]
    pub(crate) cache_bytes: u64,

    /// How storages are asked.
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

/// How storages are asked.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Model storage")]
pub(crate) struct RemoteArgs {
    /// The MLflow server behind `models:/` and `runs:/`; its user, password or token come from
    /// MLflow's own variables
    #[arg(long, env = "MLFLOW_TRACKING_URI", hide_env_values = true, value_name = "URL")]
    pub(crate) tracking_uri: Option<String>,

    /// Whether S3 buckets are named in the path of a URL instead of its host; without it, they are
    /// at endpoints that are not AWS's
    #[arg(
        long,
        env = "LONGSHORE_S3_PATH_STYLE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    pub(crate) s3_path_style: Option<bool>,

    /// Ask S3 without credentials, for public buckets
    #[arg(long, env = "LONGSHORE_S3_ANONYMOUS")]
    pub(crate) s3_anonymous: bool,
}

/// `longshore fetch`.
#[derive(Args, Debug)]
pub(crate) struct FetchArgs {
    /// Locations, each followed by the folder that its files go into
    #[arg(value_names = ["URI", "FOLDER"], required = true, num_args = 2..)]
    pub(crate) pairs: Vec<String>,

    /// A cache that other processes use as well, such as a volume of the node: what is in it is copied
    /// instead of fetched, and what is fetched stays in it
    #[arg(
        long,
        env = "LONGSHORE_FETCH_CACHE_DIR",
        value_name = "DIR",
        help_heading = "Model storage"
    )]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Most space for that cache; without a cache there is no limit
    #[arg(
        long,
        env = "LONGSHORE_CACHE_BYTES",
        default_value = "10GiB",
        value_name = "SIZE",
        value_parser = value::some_size::<u64>,
        help_heading = "Model storage"
    )]
    pub(crate) cache_bytes: u64,

    /// How storages are asked.
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,

    /// Logging.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}
