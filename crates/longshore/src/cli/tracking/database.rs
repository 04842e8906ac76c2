use std::path::PathBuf;

use clap::Args;

/// Where the location of the database is written.
#[derive(Args, Debug)]
pub(crate) struct DatabaseArgs {
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
