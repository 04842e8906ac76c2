//! Experiments.

use anyhow::{Result, bail};
use longshore_mlflow::rest::{
    CreateExperiment, DeleteExperiment, Experiment, ExperimentTag, GetExperiment,
    GetExperimentByName, SearchLoggedModels, SearchRuns, SearchTracesV3, SetExperimentTag,
    TraceLocation, ViewType,
};

use super::{
    super::{folder::Kind, lines::parse},
    Import, MOVED,
    ids::Of,
    moved,
};
use crate::cli::OnConflict;

/// What becomes of an experiment.
pub(super) struct Plan {
    experiment: Experiment,
    becomes: Becomes,
}

enum Becomes {
    /// A new one.
    New,
    /// That with this id, which is there. Its own tags stay.
    There(String),
    /// Nothing.
    LeftOut,
}

/// Decides what becomes of each experiment. Nothing is changed.
pub(super) fn plan(on: &Import<'_>) -> Result<Vec<Plan>> {
    let mut all = Vec::new();
    on.folder.read(Kind::Experiments, |piece, name, value| {
        let experiment: Experiment = parse(value)?;
        if name == "experiment" && on.latest.is("experiments", &experiment.experiment_id, piece) {
            all.push(experiment);
        }
        Ok(())
    })?;
    let mut taken = Vec::new();
    let mut plans = Vec::new();
    for experiment in all {
        let name = experiment.name.clone().unwrap_or_default();
        let becomes = match becomes(on, &experiment, &name)? {
            Some(becomes) => becomes,
            None => match on.args.on_conflict {
                OnConflict::Fail => {
                    taken.push(format!("`{name}`"));
                    continue;
                }
                OnConflict::Skip => Becomes::LeftOut,
                OnConflict::Merge => there(on, &name)?
                    .map_or(Becomes::New, |found| Becomes::There(found.experiment_id)),
            },
        };
        if let Becomes::LeftOut = becomes {
            on.progress
                .note(format!("the experiment `{name}` is left out, because its name is taken"));
        }
        plans.push(Plan { experiment, becomes });
    }
    if !taken.is_empty() {
        bail!(
            "{} has experiments with content of its own and the same names: {}. `--on-conflict merge` adds to them, `--on-conflict skip` leaves these out; nothing was imported",
            on.server.address(),
            taken.join(", ")
        );
    }
    Ok(plans)
}

/// What becomes of an experiment; `None` when its name is taken by one with other content.
fn becomes(on: &Import<'_>, experiment: &Experiment, name: &str) -> Result<Option<Becomes>> {
    let id = &experiment.experiment_id;
    if let Some(to) = on.experiment(id) {
        let call = GetExperiment { experiment_id: to.clone() };
        let what = format!("the experiment `{name}`");
        if on.find(&call, &what)?.is_none() {
            bail!(
                "an earlier import made the experiment `{name}` with the id {to}, and {} has none with it: to import anew, name another file by `--mapping`",
                on.server.address()
            );
        }
        return Ok(Some(Becomes::There(to)));
    }
    let Some(found) = there(on, name)? else { return Ok(Some(Becomes::New)) };
    if is_deleted(&found) && !is_deleted(experiment) {
        bail!(
            "{} has a deleted experiment with the name `{name}`: restore it (`longshore experiments restore`) or remove it for good (`longshore tracking gc`)",
            on.server.address()
        );
    }
    let is_ours =
        found.tags.iter().any(|tag| tag.key == moved("experiment_id") && tag.value == *id);
    let is_same = is_ours || is_empty(on, &found.experiment_id)?;
    Ok(is_same.then_some(Becomes::There(found.experiment_id)))
}

fn is_deleted(experiment: &Experiment) -> bool {
    experiment.lifecycle_stage.as_deref() == Some("deleted")
}

fn there(on: &Import<'_>, name: &str) -> Result<Option<Experiment>> {
    let call = GetExperimentByName { experiment_name: name.to_owned() };
    Ok(on.find(&call, &format!("the experiment `{name}`"))?.map(|reply| reply.experiment))
}

/// Whether an experiment has neither runs nor logged models nor traces.
fn is_empty(on: &Import<'_>, id: &str) -> Result<bool> {
    let what = format!("the experiment `{id}`");
    let ids = vec![id.to_owned()];
    let runs = SearchRuns {
        experiment_ids: ids.clone(),
        run_view_type: Some(ViewType::All),
        max_results: Some(1),
        ..SearchRuns::default()
    };
    let models = SearchLoggedModels {
        experiment_ids: ids,
        max_results: Some(1),
        ..SearchLoggedModels::default()
    };
    let traces = SearchTracesV3 {
        locations: Some(vec![TraceLocation::experiment(id)]),
        max_results: Some(1),
        ..SearchTracesV3::default()
    };
    Ok(on.server.ask_again(&runs, &what)?.runs.is_empty()
        && on.server.ask_if_known(&models, &what)?.is_none_or(|it| it.models.is_empty())
        && on.server.ask_if_known(&traces, &what)?.is_none_or(|it| it.traces.is_empty()))
}

/// Makes the experiments that are not there, and gives them their tags.
pub(super) fn make(on: &Import<'_>, plans: &[Plan]) -> Result<()> {
    for Plan { experiment, becomes } in plans {
        let id = &experiment.experiment_id;
        let name = experiment.name.clone().unwrap_or_default();
        let what = format!("the experiment `{name}`");
        let tags = tags(experiment);
        match becomes {
            Becomes::LeftOut => continue,
            Becomes::There(to) if on.experiment(id).as_ref() == Some(to) => {}
            Becomes::There(to) => {
                let call = GetExperiment { experiment_id: to.clone() };
                let there = on.ask(&call, &what)?.experiment;
                on.ids.note(Of::Experiment, id, to, None)?;
                if is_deleted(&there) {
                    on.ids.done(Of::Experiment, id)?;
                    continue;
                }
                let own = there.tags;
                let is_own = |tag: &&ExperimentTag| {
                    !tag.key.starts_with(MOVED) && own.iter().any(|it| it.key == tag.key)
                };
                for tag in tags.iter().filter(|tag| !is_own(tag)).cloned() {
                    let (key, value) = (tag.key, tag.value);
                    let call = SetExperimentTag { experiment_id: to.clone(), key, value };
                    on.ask(&call, &what)?;
                }
            }
            Becomes::New => {
                let call = CreateExperiment { name, artifact_location: None, tags };
                let to = on.ask_once(&call, &what)?.experiment_id;
                on.ids.note(Of::Experiment, id, &to, None)?;
            }
        }
        on.progress.add("experiments", 1);
    }
    Ok(())
}

/// The tags of an experiment, with what the API does not keep.
fn tags(experiment: &Experiment) -> Vec<ExperimentTag> {
    let mut tags: Vec<_> =
        experiment.tags.iter().filter(|tag| !tag.key.starts_with(MOVED)).cloned().collect();
    let time = |time: Option<i64>| time.map(|time| time.to_string());
    let facts = [
        ("experiment_id", Some(experiment.experiment_id.clone())),
        ("creation_time", time(experiment.creation_time)),
        ("artifact_location", experiment.artifact_location.clone()),
    ];
    for (what, value) in facts {
        tags.extend(value.map(|value| ExperimentTag { key: moved(what), value }));
    }
    tags
}

/// Deletes those that were deleted.
pub(super) fn delete(on: &Import<'_>, plans: &[Plan]) -> Result<()> {
    for Plan { experiment, .. } in plans {
        let to = on.experiment(&experiment.experiment_id).filter(|_| is_deleted(experiment));
        let Some(to) = to else { continue };
        if !on.ids.is_done(Of::Experiment, &experiment.experiment_id) {
            let what = format!("the deletion of the experiment `{to}`");
            on.ask(&DeleteExperiment { experiment_id: to }, &what)?;
            on.ids.done(Of::Experiment, &experiment.experiment_id)?;
        }
    }
    Ok(())
}
