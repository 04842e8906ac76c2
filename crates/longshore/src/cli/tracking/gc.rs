use clap::{ArgAction, Args, builder::BoolishValueParser};
use longshore_tracking::gc::Age;

use super::DatabaseArgs;

/// `longshore tracking gc`: the flags of `mlflow gc` by their own names, and some more.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct GcArgs {
    /// The server's database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    /// Only what was deleted longer ago than this: days, hours, minutes and seconds in this order, as `30d`,
    /// `1d2h3m4s` or `1.5d`
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<Age>,

    /// Where the server keeps the artifacts that it serves; `./mlartifacts` when nothing else is said
    #[arg(long, env = "MLFLOW_ARTIFACTS_DESTINATION", value_name = "URI")]
    pub(crate) artifacts_destination: Option<String>,

    /// These runs, by their ids and with commas between them, in place of all that are deleted
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) run_ids: Option<Vec<String>>,

    /// These experiments with all that is in them, in place of all that are deleted
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) experiment_ids: Option<Vec<String>>,

    /// These logged models, in place of all that are deleted
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) logged_model_ids: Option<Vec<String>>,

    /// Jobs that have ended too
    #[arg(long)]
    pub(crate) jobs: bool,

    /// These jobs, if they have ended
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) job_ids: Option<Vec<String>>,

    /// Taken as by `mlflow gc`, and changes nothing: artifacts are deleted where they are, not through a server
    #[arg(long, env = "MLFLOW_TRACKING_URI", value_name = "URI")]
    pub(crate) tracking_uri: Option<String>,

    /// What is in this workspace alone
    #[arg(long, env = "MLFLOW_WORKSPACE", value_name = "NAME")]
    pub(crate) workspace: Option<String>,

    /// What is in any workspace
    #[arg(long)]
    pub(crate) all_workspaces: bool,

    /// The server has workspaces; without `--workspace` it is `default` that counts
    #[arg(long, env = "MLFLOW_ENABLE_WORKSPACES", value_parser = BoolishValueParser::new())]
    pub(crate) enable_workspaces: bool,

    /// Files too that belong to nothing in this database, below `--artifacts-destination`, which must be no other
    /// server's. They are a day old at least, or as old as `--older-than` says
    #[arg(long)]
    pub(crate) orphans: bool,

    /// Leave all artifacts where they are
    #[arg(long, conflicts_with = "orphans")]
    pub(crate) without_artifacts: bool,

    /// Delete nothing, but list what would go, with files and bytes
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print JSON: an object a line for each thing, and one with `summary` at the end
    #[arg(long)]
    pub(crate) json: bool,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}
