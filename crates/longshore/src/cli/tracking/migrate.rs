use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::{App, DatabaseArgs};

/// `longshore tracking migrate`.
#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    /// Only say what would be done
    #[arg(long, visible_alias = "check")]
    pub(crate) dry_run: bool,

    /// Keep no copy of a file of SQLite; without this one is written beside it before anything changes
    #[arg(long)]
    pub(crate) without_copy: bool,

    /// Go on though others have the database open
    #[arg(long)]
    pub(crate) force: bool,

    /// The server's database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    /// Bring the database of users forward too
    #[arg(long, env = "MLFLOW_APP_NAME", value_name = "NAME")]
    pub(crate) app_name: Option<App>,

    /// MLflow's configuration file of users, which says where they are; without it, MLflow's defaults
    #[arg(long, env = "MLFLOW_AUTH_CONFIG_PATH", value_name = "FILE")]
    pub(crate) auth_config: Option<PathBuf>,

    /// Print help
    #[arg(long, short, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}
