use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::DatabaseArgs;

/// What can be done with what a tracking server keeps, while it runs or not.
#[derive(Debug, Subcommand)]
pub(crate) enum TrackingCommand {
    /// Write all of a server's experiments, runs, models and artifacts into a folder, while it goes on
    Backup(BackupArgs),
    /// Bring a backup into an empty database and an empty folder
    Restore(RestoreArgs),
}

/// Where a server keeps what it has.
#[derive(Args, Debug)]
pub(crate) struct PlaceArgs {
    /// The server's database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    /// Where the server keeps artifacts
    #[arg(
        long,
        env = "MLFLOW_ARTIFACTS_DESTINATION",
        default_value = "./mlartifacts",
        value_name = "URI"
    )]
    pub(crate) artifacts_destination: String,

    /// Leave artifacts out
    #[arg(long)]
    pub(crate) without_artifacts: bool,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// `longshore tracking backup`.
#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    /// A new folder, or an empty one
    pub(crate) folder: PathBuf,

    /// What is backed up.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// `longshore tracking restore`.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup
    pub(crate) folder: PathBuf,

    /// Only read the backup, and compare it with what it says of itself
    #[arg(long)]
    pub(crate) check: bool,

    /// Where it is brought to.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}
