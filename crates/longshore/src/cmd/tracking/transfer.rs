//! `longshore tracking export` and `import`: what a server has, over its API, by a folder.

mod digest;
mod export;
mod files;
mod folder;
mod import;
mod known;
mod lines;
mod progress;
mod server;
mod workers;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::progress::{Summary, words};
use crate::{
    cli::{ExportArgs, ImportArgs, SelectionArgs, WorkArgs},
    cmd::print,
};

/// Reads a server into a folder.
pub(crate) fn export(args: &ExportArgs) -> Result<()> {
    let again = "what is in the folder stays, and the same command goes on from there";
    let summary = export::run(args)
        .with_context(|| format!("the export did not come to its end ({again})"))?;
    told("exported", &args.to.display().to_string(), &summary, &args.work)
}

/// Brings a folder, or all of another server, into a server.
pub(crate) fn import(args: &ImportArgs) -> Result<()> {
    let is_server = args.from.starts_with("http://") || args.from.starts_with("https://");
    if !is_server {
        return import_from(args, Path::new(&args.from));
    }
    let through = args.through.clone().unwrap_or_else(|| through(&args.from));
    let selection = SelectionArgs {
        no_artifacts: args.no_artifacts,
        deleted: true,
        ..SelectionArgs::default()
    };
    let (from, work) = (args.from.clone(), args.work.clone());
    export(&ExportArgs { from, to: through.clone(), selection, work })?;
    // what would be exported cannot be imported yet
    if args.work.dry_run { Ok(()) } else { import_from(args, &through) }
}

fn import_from(args: &ImportArgs, folder: &Path) -> Result<()> {
    let again = "what was imported stays, and the same command goes on from there";
    let summary = import::run(args, folder)
        .with_context(|| format!("the import did not come to its end ({again})"))?;
    told("imported", &folder.display().to_string(), &summary, &args.work)
}

/// The folder for what is on the way from a server.
fn through(url: &str) -> PathBuf {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    PathBuf::from(format!("longshore-from-{}", host.replace(':', "-")))
}

fn told(done: &str, folder: &str, summary: &Summary, work: &WorkArgs) -> Result<()> {
    if work.json {
        print(&serde_json::to_string(summary)?);
        return Ok(());
    }
    let verb = if work.dry_run { format!("would be {done}") } else { done.to_owned() };
    print(&format!(
        "{verb}, with `{folder}`: {} ({:.1} s)",
        words(&summary.counts),
        summary.seconds
    ));
    Ok(())
}
