use std::path::PathBuf;

use clap::Args;

/// The database of a tracking server, or where its location is written.
#[derive(Args, Debug)]
pub(crate) struct DatabaseArgs {
    /// Database of experiments, runs and registered models: `sqlite:///FILE`, with four slashes for an absolute
    /// path, or `postgresql://USER:PASSWORD@HOST/NAME`
    #[arg(
        long,
        env = "MLFLOW_BACKEND_STORE_URI",
        default_value = "sqlite:///mlflow.db",
        value_name = "URI",
        hide_env_values = true
    )]
    pub(crate) backend_store_uri: String,

    /// File that holds the location of the database. It is read again for every new connection to PostgreSQL, so
    /// that a password may change meanwhile
    #[arg(
        long,
        env = "LONGSHORE_BACKEND_STORE_URI_FILE",
        value_name = "FILE",
        conflicts_with = "backend_store_uri"
    )]
    pub(crate) backend_store_uri_file: Option<PathBuf>,
}
