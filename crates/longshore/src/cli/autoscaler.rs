use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `longshore autoscaler`.
#[derive(Args, Debug)]
pub(crate) struct AutoscalerArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: AutoscalerCommand,
}

/// The subcommands of `longshore autoscaler`.
#[derive(Debug, Subcommand)]
pub(crate) enum AutoscalerCommand {
    /// Print what it would have decided on recorded load, as a JSON array with an object for each tick:
    /// `{"t", "desired", "bounded", "panicking", "ebc"}`
    Replay(ReplayArgs),
}

/// `longshore autoscaler replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// A trace in JSON: `config` by Knative's names, `born_with`, the load of each of the `seconds`,
    /// and `ticks` with the `ready` replicas at each `t`
    #[arg(value_name = "FILE")]
    pub(crate) trace: PathBuf,
}
