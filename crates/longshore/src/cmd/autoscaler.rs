//! `longshore autoscaler`: what the autoscaler decides, without a cluster.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result};
use longshore_operator::autoscaler::Trace;

use crate::cli::{AutoscalerArgs, AutoscalerCommand};

/// Runs the subcommand.
pub(crate) fn run(args: &AutoscalerArgs) -> Result<()> {
    match &args.command {
        AutoscalerCommand::Replay(args) => replay(&args.trace),
    }
}

/// Prints the decisions, and on standard error what in the configuration was not understood.
fn replay(path: &Path) -> Result<()> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("failed to read `{name}`"))?;
    let trace = Trace::read(&text).with_context(|| format!("failed to read `{name}`"))?;
    for unread in trace.unread() {
        let mut out = std::io::stderr().lock();
        let _ = writeln!(out, "warning: `config.{unread}` is not known and says nothing");
    }
    let outcomes = trace.replay().with_context(|| format!("failed to replay `{name}`"))?;
    super::print(&serde_json::to_string(&outcomes)?);
    Ok(())
}
