use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// `longshore tracking export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The server that is read: MLflow's own of any release, one of Longshore, or a managed one. Its user, password,
    /// token and workspace come from MLflow's own variables (`MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD`,
    /// `MLFLOW_TRACKING_TOKEN`, `MLFLOW_WORKSPACE`)
    #[arg(long, env = "MLFLOW_TRACKING_URI", hide_env_values = true, value_name = "URL")]
    pub(crate) from: String,

    /// The folder that is written. One that an earlier call wrote is brought up to date: what is there and has not
    /// changed is not asked for again
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    /// What is read.
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// How it is done.
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// What of a server is read.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "What is exported; everything when none of the first three is given")]
pub(crate) struct SelectionArgs {
    /// An experiment, by its name or id, with all that is in it. Can be given several times
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) experiment: Vec<String>,

    /// A registered model or a prompt with its versions, and the runs and logged models that these came from. Can be
    /// given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Vec<String>,

    /// Runs by their ids, with the logged models that they made
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) runs: Vec<String>,

    /// What is deleted too, as long as it can be restored
    #[arg(long)]
    pub(crate) deleted: bool,

    /// Leave artifacts out
    #[arg(long)]
    pub(crate) no_artifacts: bool,

    /// Leave traces out
    #[arg(long)]
    pub(crate) no_traces: bool,
}

/// How something is moved.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkArgs {
    /// Requests under way at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64), value_name = "COUNT")]
    pub(crate) concurrency: u16,

    /// Say what would be moved, and move nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// `longshore tracking import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// A folder that `longshore tracking export` wrote, or the address of a server, all of which is exported first
    /// then. Its user, password and token come from `LONGSHORE_FROM_TRACKING_USERNAME`,
    /// `LONGSHORE_FROM_TRACKING_PASSWORD` and `LONGSHORE_FROM_TRACKING_TOKEN` where these are set
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) from: String,

    /// The folder for what is on the way from a server to the other; `./longshore-from-HOST` when it is not said
    #[arg(long, value_name = "DIR")]
    pub(crate) through: Option<PathBuf>,

    /// The server that it goes to: one of Longshore or MLflow's own. Its user, password, token and workspace come from
    /// MLflow's own variables, as with `export`
    #[arg(long, env = "MLFLOW_TRACKING_URI", hide_env_values = true, value_name = "URL")]
    pub(crate) to: String,

    /// What is done with an experiment or a registered model whose name is there already, with content that did not
    /// come from this export
    #[arg(long, default_value = "fail", value_name = "WHAT")]
    pub(crate) on_conflict: OnConflict,

    /// Leave artifacts out
    #[arg(long)]
    pub(crate) no_artifacts: bool,

    /// The file that notes which id became which, and what is done; `imports/HOST.jsonl` in the folder when it is not
    /// said
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,

    /// How it is done.
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// What is done with a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnConflict {
    /// Nothing is imported.
    Fail,
    /// What has the name stays as it is, and its namesake is left out.
    Skip,
    /// What is imported is added to it.
    Merge,
}
