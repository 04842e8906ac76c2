//! The commands for people at a cluster: they work with any kubeconfig, on the objects that the operator
//! keeps and says the state of.

mod apply;
mod change;
mod cluster;
mod deployed;
mod describe;
#[cfg(test)]
mod fake;
mod get;
mod history;
mod logs;
mod manifest;
mod object;
mod output;
mod promote;
mod rollout;
mod service;
#[cfg(test)]
mod tests;
mod url;

use anyhow::Result;

use self::{cluster::Cluster, promote::Verdict};
use crate::{
    cli::{
        ApplyArgs, ClusterArgs, DeleteArgs, DescribeArgs, GetArgs, LogsArgs, RolloutArgs,
        RolloutCommand, UrlArgs,
    },
    cmd::print,
};

/// The field manager of what these commands write.
const MANAGER: &str = "longshore-cli";

/// `longshore get`.
pub(crate) fn get(args: &GetArgs) -> Result<()> {
    with(&args.cluster, async |cluster| {
        print(&get::run(&cluster, args).await?);
        Ok(())
    })
}

/// `longshore describe`.
pub(crate) fn describe(args: &DescribeArgs) -> Result<()> {
    with(&args.cluster, async |cluster| {
        print(&describe::run(&cluster, &args.name).await?);
        Ok(())
    })
}

/// `longshore url`.
pub(crate) fn url(args: &UrlArgs) -> Result<()> {
    with(&args.cluster, async |cluster| url::run(&cluster, args).await)
}

/// `longshore logs`.
pub(crate) fn logs(args: &LogsArgs) -> Result<()> {
    with(&args.cluster, async |cluster| logs::run(&cluster, args).await)
}

/// `longshore apply`.
pub(crate) fn apply(args: &ApplyArgs) -> Result<()> {
    with(&args.cluster, async |cluster| apply::apply(&cluster, args).await)
}

/// `longshore delete`.
pub(crate) fn delete(args: &DeleteArgs) -> Result<()> {
    with(&args.cluster, async |cluster| apply::delete(&cluster, args).await)
}

/// `longshore rollout`.
pub(crate) fn rollout(args: &RolloutArgs) -> Result<()> {
    match &args.command {
        RolloutCommand::Status(args) => {
            with(&args.cluster, async |cluster| rollout::status(&cluster, args).await)
        }
        RolloutCommand::Promote(args) => with(&args.cluster, async |cluster| {
            promote::run(&cluster, args, Verdict::Promote).await
        }),
        RolloutCommand::Abort(args) => {
            with(&args.cluster, async |cluster| promote::run(&cluster, args, Verdict::Abort).await)
        }
        RolloutCommand::History(args) => with(&args.cluster, async |cluster| {
            print(&history::run(&cluster, &args.name).await?);
            Ok(())
        }),
    }
}

/// Does something at a cluster.
fn with(args: &ClusterArgs, act: impl AsyncFnOnce(Cluster) -> Result<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async { act(Cluster::connect(args).await?).await });
    runtime.shutdown_background();
    outcome
}
