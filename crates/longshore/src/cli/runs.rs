use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{AskArgs, SearchArgs, Which};

/// `longshore runs`.
#[derive(Args, Debug)]
pub(crate) struct RunsArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: RunsCommand,
}

/// The subcommands of `longshore runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs, the newest first, or those that a filter finds
    #[command(
        visible_alias = "search",
        after_help = "\
Examples:
  longshore runs list --experiment wine
  longshore runs search --experiment wine --filter 'metrics.rmse < 0.7' --order-by 'metrics.rmse ASC'
  longshore runs list --experiment wine --columns metrics.rmse,params.alpha --limit 10"
    )]
    List {
        /// The experiment, by its name or id; all of them unless said. Can be given several times
        #[arg(long, short, env = "MLFLOW_EXPERIMENT_NAME", value_name = "NAME|ID")]
        experiment: Vec<String>,
        /// Which of them.
        #[arg(long, value_enum, default_value_t)]
        which: Which,
        /// What is shown of each, with commas between: `metrics.KEY`, `params.KEY`, `tags.KEY`; without it the metrics
        /// and parameters for which there is room
        #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
        columns: Vec<String>,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Say all of a run: metrics, parameters, tags, datasets and models
    #[command(after_help = "\
Examples:
  longshore runs get 5a3c0b1d2e4f5a6b7c8d9e0f1a2b3c4d
  longshore runs get nimble-fox-7 --experiment wine --json")]
    Get(RunArgs),
    /// Put the metrics and parameters of runs beside each other
    #[command(after_help = "\
Examples:
  longshore runs compare nimble-fox-7 calm-owl-2 --experiment wine
  longshore runs compare RUN RUN RUN --differences")]
    Compare {
        /// The runs, by their ids or names
        #[arg(value_name = "RUN", required = true, num_args = 2..)]
        runs: Vec<String>,
        /// Leave out what is the same in all of them
        #[arg(long)]
        differences: bool,
        /// The experiment that runs given by their names are in; all are looked through unless said
        #[arg(long, short, env = "MLFLOW_EXPERIMENT_NAME", value_name = "NAME|ID")]
        experiment: Option<String>,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Delete a run; `restore` brings it back
    #[command(after_help = "\
Example:
  longshore runs delete nimble-fox-7 --experiment wine")]
    Delete(RunArgs),
    /// Bring a deleted run back
    #[command(after_help = "\
Example:
  longshore runs restore 5a3c0b1d2e4f5a6b7c8d9e0f1a2b3c4d")]
    Restore(RunArgs),
    /// The files of a run
    #[command(subcommand)]
    Artifacts(ArtifactsCommand),
}

/// The subcommands of `longshore runs artifacts`.
#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactsCommand {
    /// List the files of a run, in a folder or in all of them
    #[command(after_help = "\
Examples:
  longshore runs artifacts list nimble-fox-7 --experiment wine
  longshore runs artifacts list RUN plots --recursive")]
    List {
        #[command(flatten)]
        run: RunArgs,
        /// A folder of the run's artifacts
        #[arg(value_name = "PATH")]
        path: Option<String>,
        /// List what is in its folders too
        #[arg(long, short)]
        recursive: bool,
    },
    /// Bring files of a run onto this machine
    #[command(after_help = "\
Examples:
  longshore runs artifacts download nimble-fox-7 --experiment wine --output ./files
  longshore runs artifacts download RUN plots/roc.png")]
    Download {
        #[command(flatten)]
        run: RunArgs,
        /// A file or a folder of the run's artifacts; all of them unless said
        #[arg(value_name = "PATH")]
        path: Option<String>,
        /// The folder that they go into
        #[arg(long, short, default_value = ".", value_name = "FOLDER")]
        output: PathBuf,
    },
}

/// One run.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Its id or its name
    #[arg(value_name = "RUN")]
    pub(crate) run: String,

    /// The experiment that a run given by its name is in; all are looked through unless said
    #[arg(long, short, env = "MLFLOW_EXPERIMENT_NAME", value_name = "NAME|ID")]
    pub(crate) experiment: Option<String>,

    #[command(flatten)]
    pub(crate) ask: AskArgs,
}
