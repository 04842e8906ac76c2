//! `longshore tracking import`.

mod check;
mod datasets;
mod experiments;
mod files;
mod ids;
mod models;
mod registry;
mod rewrite;
mod runs;
mod traces;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use longshore_storage::{Error, MlflowServer};

use self::{check::Latest, ids::Ids};
use super::{
    folder::{Folder, Line},
    lines::parse,
    progress::{Progress, Summary},
    server,
};
use crate::cli::ImportArgs;

/// The beginning of the keys of tags that say what the API cannot keep.
const MOVED: &str = "longshore.moved.";

/// What an import works with.
struct Import<'a> {
    args: &'a ImportArgs,
    server: MlflowServer,
    folder: Folder,
    progress: Progress,
    ids: Ids,
    latest: Latest,
    /// Requests under way at once.
    at_once: usize,
}

/// Brings a folder into a server.
pub(super) fn run(args: &ImportArgs, from: &Path) -> Result<Summary> {
    let folder = Folder::new(from);
    let shown = from.display();
    let Some(about) = folder.about()? else {
        bail!(
            "`{shown}` holds no export: make one by `longshore tracking export --from URL --to {shown}`"
        );
    };
    if !about.whole {
        bail!(
            "the export in `{shown}` did not come to its end: let `longshore tracking export --from {} --to {shown}` go on first",
            about.source
        );
    }
    let server = server::open(&args.to, "--to")?;
    let destination = server.address();
    let mapping = args.mapping.clone().unwrap_or_else(|| mapping(&folder, &destination));
    let ids = Ids::read(&mapping, &about.source, &destination)?;
    let latest = Latest::of(&folder)?;
    let import = Import {
        args,
        server,
        folder,
        progress: Progress::new(),
        ids,
        latest,
        at_once: args.work.concurrency.into(),
    };
    let with_files = about.artifacts && !args.no_artifacts;
    let experiments = experiments::plan(&import)?;
    let registry = registry::plan(&import)?;
    if args.work.dry_run {
        if with_files {
            files::check(&import)?;
        }
        import.latest.count(&import.progress);
        return Ok(import.progress.end());
    }
    import.ids.begin(&mapping, &about.source, &destination)?;
    experiments::make(&import, &experiments)?;
    runs::make(&import)?;
    let measured = models::make(&import)?;
    runs::fill(&import, &measured)?;
    traces::make(&import)?;
    if with_files {
        files::bring(&import)?;
    }
    models::finish(&import)?;
    registry::make(&import, &registry)?;
    datasets::make(&import)?;
    runs::delete(&import)?;
    experiments::delete(&import, &experiments)?;
    Ok(import.progress.end())
}

/// The file of ids for a server when no other is named.
fn mapping(folder: &Folder, destination: &str) -> PathBuf {
    let (_, host) = destination.split_once("://").unwrap_or(("", destination));
    let name: String =
        host.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    folder.path().join("imports").join(format!("{name}.jsonl"))
}

/// The key of a tag that says what something was before it was moved.
fn moved(what: &str) -> String {
    format!("{MOVED}{what}")
}

impl Import<'_> {
    /// The new id of an experiment of the export that is imported; `None` when it is left out.
    fn experiment(&self, from: &str) -> Option<String> {
        self.ids.of(ids::Of::Experiment, from)
    }

    /// The things of lines that count, in experiments that are imported: `name` is that of their lines and `kind` that
    /// of [`Latest::is`]; `of` gives the id of one and that of its experiment.
    fn counted<T: longshore_mlflow::rest::Message>(
        &self,
        lines: &[Line],
        name: &str,
        kind: &'static str,
        of: impl Fn(&T) -> (&str, &str),
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        for line in lines.iter().filter(|line| line.name == name) {
            let one: T = parse(&line.value)?;
            let (id, experiment) = of(&one);
            if self.latest.is(kind, id, line.piece) && self.experiment(experiment).is_some() {
                found.push(one);
            }
        }
        Ok(found)
    }

    /// As [`MlflowServer::ask_again`], of what need not be there.
    fn find<C: longshore_mlflow::rest::Call>(
        &self,
        call: &C,
        what: &str,
    ) -> Result<Option<C::Reply>> {
        match self.server.ask_again(call, what) {
            Ok(reply) => Ok(Some(reply)),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// As [`MlflowServer::ask_again`].
    fn ask<C: longshore_mlflow::rest::Call>(&self, call: &C, what: &str) -> Result<C::Reply> {
        self.server.ask_again(call, what).with_context(|| format!("{what} could not be imported"))
    }

    /// As [`MlflowServer::ask`], for what would be there twice when it is asked twice.
    fn ask_once<C: longshore_mlflow::rest::Call>(&self, call: &C, what: &str) -> Result<C::Reply> {
        self.server.ask(call, what).with_context(|| format!("{what} could not be imported"))
    }
}
