use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::{App, DatabaseArgs, GcArgs, MigrateArgs};
#[cfg(feature = "cli")]
use super::{ExportArgs, ImportArgs, PeopleArgs, RolesArgs, TokensArgs};

/// What can be done with what a tracking server keeps, while it runs or not.
#[derive(Debug, Subcommand)]
pub(crate) enum TrackingCommand {
    /// Write all of a server's experiments, runs, models and artifacts into a folder, while it goes on
    Backup(BackupArgs),
    /// Bring a backup into an empty database and an empty folder
    Restore(RestoreArgs),
    /// Read a server over its API into a folder: experiments, runs, models, traces and artifacts
    #[cfg(feature = "cli")]
    Export(Box<ExportArgs>),
    /// Bring what was exported into a server, over its API
    #[cfg(feature = "cli")]
    Import(Box<ImportArgs>),
    /// Remove for good what is deleted, with its artifacts, while the server goes on
    Gc(Box<GcArgs>),
    /// List, make, change and delete the users of a server, and grant them permissions
    #[cfg(feature = "cli")]
    Users(PeopleArgs),
    /// List, make and delete the roles of users, and say what they grant
    #[cfg(feature = "cli")]
    Roles(RolesArgs),
    /// Make, list and end the tokens of users
    #[cfg(feature = "cli")]
    Tokens(TokensArgs),
    /// Bring the database of an older release of MLflow forward to the schema of MLflow 3.17
    Migrate(MigrateArgs),
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

    /// The server has users, who are backed up and restored as well
    #[arg(long, env = "MLFLOW_APP_NAME", value_name = "NAME")]
    pub(crate) app_name: Option<App>,

    /// MLflow's configuration file of users, which says where they are
    #[arg(long, env = "MLFLOW_AUTH_CONFIG_PATH", value_name = "FILE")]
    pub(crate) auth_config: Option<PathBuf>,

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
    /// A new folder, or an empty one; with `--keep` the folder of all backups
    pub(crate) folder: PathBuf,

    /// Write into a folder in it that is named by the time, and delete the oldest but so many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: Option<u32>,

    /// What is backed up.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// `longshore tracking restore`.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup
    pub(crate) folder: PathBuf,

    /// Take the newest backup in the folder, as `backup --keep` has made them
    #[arg(long)]
    pub(crate) newest: bool,

    /// Only read the backup, and compare it with what it says of itself
    #[arg(long)]
    pub(crate) check: bool,

    /// Where it is brought to.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}
