use std::path::PathBuf;

use clap::Args;

/// MLflow's web page.
#[derive(Args, Debug)]
#[command(next_help_heading = "MLflow's web page")]
pub(crate) struct UiArgs {
    /// Folder of MLflow's built web page, `mlflow/server/js/build` of an installed `mlflow`. Without this, that of
    /// an `mlflow` that is installed beside: in `VIRTUAL_ENV`, in `CONDA_PREFIX`, or beside `mlflow` or
    /// `python3` in `PATH`
    #[arg(long, env = "LONGSHORE_MLFLOW_UI", value_name = "DIR", conflicts_with = "no_mlflow_ui")]
    pub(crate) mlflow_ui: Option<PathBuf>,

    /// Look for no web page of MLflow, and serve none
    #[arg(long)]
    pub(crate) no_mlflow_ui: bool,
}
