//! `longshore tracking export`.

mod artifacts;
mod choice;
mod datasets;
mod models;
mod registry;
mod runs;
mod traces;

use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use longshore_mlflow::rest::{Experiment, print};
use longshore_storage::MlflowServer;

use self::choice::Choice;
use super::{
    folder::{About, FORMAT, Folder, Kind},
    known::Known,
    lines::parse,
    progress::{Progress, Summary},
    server,
};
use crate::cli::ExportArgs;

/// What an export works with.
struct Export<'a> {
    args: &'a ExportArgs,
    server: MlflowServer,
    folder: Folder,
    progress: Progress,
    /// Requests under way at once.
    at_once: usize,
    /// Whether an earlier export into the folder came to its end, so that what it has may have changed since.
    again: bool,
    /// Whether the server gives histories of metrics whole only.
    unpaged: AtomicBool,
}

/// Reads a server into a folder.
pub(super) fn run(args: &ExportArgs) -> Result<Summary> {
    let server = server::open(&args.from, "--from")?;
    let folder = Folder::new(&args.to);
    let before = folder.about()?;
    let source = server.address();
    if let Some(before) = &before
        && before.source != source
    {
        bail!(
            "`{}` holds an export of {}: give that of {source} another folder by `--to`",
            args.to.display(),
            before.source
        );
    }
    let again = before.is_some_and(|before| before.whole);
    let release = server.release();
    let artifacts = !args.selection.no_artifacts;
    let about = About { format: FORMAT, source, release, whole: false, artifacts };
    let export = Export {
        args,
        server,
        folder,
        progress: Progress::new(),
        at_once: args.work.concurrency.into(),
        again,
        unpaged: AtomicBool::new(false),
    };
    let choice = Choice::make(&export)?;
    if !args.work.dry_run {
        export.folder.describe(&about)?;
    }
    export.all(&choice)?;
    if !args.work.dry_run {
        export.folder.describe(&About { whole: true, ..about })?;
    }
    Ok(export.progress.end())
}

impl Export<'_> {
    fn all(&self, choice: &Choice) -> Result<()> {
        self.experiments(&choice.experiments())?;
        let mut owners = runs::export(self, choice)?;
        owners.extend(models::export(self, choice, &owners)?);
        let versions = registry::export(self, choice, &owners)?;
        owners.extend(versions);
        if !self.args.selection.no_traces {
            owners.extend(traces::export(self, choice)?);
        }
        datasets::export(self, choice)?;
        if !self.args.selection.no_artifacts {
            artifacts::export(self, &owners)?;
        }
        Ok(())
    }

    fn experiments(&self, experiments: &[&Experiment]) -> Result<()> {
        let id = |value: &str| Ok(parse::<Experiment>(value)?.experiment_id);
        let known = Known::of(&self.folder, Kind::Experiments, "experiment", &[], id)?;
        let mut writer = self.folder.writer(Kind::Experiments)?;
        for experiment in experiments {
            let line = print(*experiment);
            self.progress.add("experiments", 1);
            if !self.args.work.dry_run && !known.has(&experiment.experiment_id, &[&line]) {
                writer.item("experiment", &line)?;
            }
        }
        writer.cut()
    }
}
