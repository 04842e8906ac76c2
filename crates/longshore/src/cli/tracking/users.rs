use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::BoolishValueParser};

use super::JwtArgs;

/// Users: who is let in, by a name and a password.
#[derive(Args, Debug)]
#[command(next_help_heading = "Users")]
pub(crate) struct UserArgs {
    /// Let users in by their names and passwords, and let each do what was granted to it
    #[arg(long, env = "MLFLOW_APP_NAME", value_name = "NAME")]
    pub(crate) app_name: Option<App>,

    /// MLflow's configuration file of users; without it, MLflow's defaults
    #[arg(long, env = "MLFLOW_AUTH_CONFIG_PATH", value_name = "FILE")]
    pub(crate) auth_config: Option<PathBuf>,

    /// Let everybody who reaches the server do everything. A server that listens on other addresses than those
    /// of this machine does not start without users or keys unless this says so
    #[arg(long, env = "LONGSHORE_ALLOW_ANONYMOUS", value_parser = BoolishValueParser::new())]
    pub(crate) allow_anonymous: bool,

    /// Tokens of an issuer.
    #[command(flatten)]
    pub(crate) jwt: JwtArgs,
}

/// The apps of MLflow that this server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum App {
    /// Users with passwords, roles and grants
    BasicAuth,
}
