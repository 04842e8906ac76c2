//! `longshore tracking gc`.

use std::path::Path;

use anyhow::{Result, bail};
use longshore_tracking::gc::{self, Place, Proxied, Size, Summary, Told, Wish};
use serde_json::json;

use super::database::{must_be_there, written};
use crate::{cli::GcArgs, cmd::print};

/// Where a server keeps artifacts that is told nothing else.
const DESTINATION: &str = "./mlartifacts";

/// Collects what is deleted. It fails when something could not be collected.
pub(crate) fn run(args: &GcArgs) -> Result<()> {
    if args.all_workspaces
        && args.workspace.is_some()
        && std::env::var_os("MLFLOW_WORKSPACE").is_none()
    {
        bail!("`--workspace` and `--all-workspaces` contradict each other; leave one of them out");
    }
    let store = written(&args.database);
    must_be_there(&store, "`--backend-store-uri`")?;
    let enabled = args.enable_workspaces || args.all_workspaces || args.workspace.is_some();
    let workspace = match (args.all_workspaces, &args.workspace) {
        (true, _) => None,
        (false, Some(name)) => Some(name.clone()),
        (false, None) => enabled.then(|| "default".to_owned()),
    };
    let place = Place { store, proxied: proxied(args), workspaces: enabled };
    let wish = Wish {
        older_than: args.older_than.clone(),
        runs: args.run_ids.as_deref().map(names),
        experiments: args.experiment_ids.as_deref().map(names),
        models: args.logged_model_ids.as_deref().map(names),
        jobs: args.jobs,
        job_ids: args.job_ids.as_deref().map(names),
        workspace,
        lenient: args.all_workspaces,
        orphans: args.orphans,
        without_artifacts: args.without_artifacts,
        dry_run: args.dry_run,
    };
    let line = if args.json { as_json } else { as_text };
    let summary = gc::collect(&place, &wish, &mut |told| print(&line(told, args.dry_run)))?;
    print(&if args.json {
        summary_as_json(&summary, args.dry_run)
    } else {
        summary_as_text(&summary, args.dry_run)
    });
    if summary.failures > 0 {
        bail!("{} could not be collected and are there still, as said above", summary.failures);
    }
    Ok(())
}

fn names(given: &[String]) -> Vec<String> {
    let mut names: Vec<_> =
        given.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What is behind the artifact proxy of the server.
fn proxied(args: &GcArgs) -> Proxied {
    if let Some(destination) = &args.artifacts_destination {
        return Proxied::At(destination.clone());
    }
    if Path::new(DESTINATION).is_dir() {
        return Proxied::At(DESTINATION.to_owned());
    }
    Proxied::Unknown(format!(
        "its files are behind the artifact proxy of a server, and there is no folder `{DESTINATION}` here; name the server's own by `--artifacts-destination`, or leave files out by `--without-artifacts`"
    ))
}

fn as_text(told: &Told, is_dry: bool) -> String {
    let Told { kind, id, size, stays, failure } = told;
    if let Some(failure) = failure {
        return format!("{kind} {id} stays: {failure}");
    }
    let verb = if is_dry { "would be deleted" } else { "has been permanently deleted" };
    let size = if size.files > 0 { format!(": {}", files(*size)) } else { String::new() };
    let kept: Vec<_> = stays.iter().map(|place| format!("\n  kept {place}")).collect();
    format!("{kind} {id} {verb}{size}{}", kept.concat())
}

fn as_json(told: &Told, is_dry: bool) -> String {
    let Told { kind, id, size: Size { files, bytes }, stays, failure } = told;
    let state = match (failure, is_dry) {
        (Some(_), _) => "failed",
        (None, true) => "would_be_deleted",
        (None, false) => "deleted",
    };
    json!({
        "kind": kind.name(), "id": id, "state": state, "files": files, "bytes": bytes, "kept": stays, "error": failure,
    })
    .to_string()
}

fn files(Size { files, bytes }: Size) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{files} {noun} with {bytes} bytes")
}

fn summary_as_text(summary: &Summary, is_dry: bool) -> String {
    let Summary { runs, models, experiments, traces, jobs, orphans, size, .. } = *summary;
    let parts = [
        (runs, "runs"),
        (models, "logged models"),
        (experiments, "experiments"),
        (traces, "traces"),
        (jobs, "jobs"),
        (orphans, "folders without an owner"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let mut parts: Vec<_> = parts.map(|(count, noun)| format!("{count} {noun}")).collect();
    if parts.is_empty() {
        return "nothing to collect".to_owned();
    }
    parts.push(files(size));
    format!("{}: {}", if is_dry { "would be deleted" } else { "deleted" }, parts.join(", "))
}

fn summary_as_json(summary: &Summary, is_dry: bool) -> String {
    let Summary { runs, models, experiments, traces, jobs, orphans, size, failures } = *summary;
    let Size { files, bytes } = size;
    json!({ "summary": {
        "dry_run": is_dry, "run": runs, "logged_model": models, "experiment": experiments,
        "trace": traces, "job": jobs, "orphan": orphans, "files": files, "bytes": bytes, "failed": failures,
    } })
    .to_string()
}
