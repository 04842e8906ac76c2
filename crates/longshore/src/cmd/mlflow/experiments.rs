//! `longshore experiments`.

use anyhow::Result;
use longshore_mlflow::rest::{
    CreateExperiment, DeleteExperiment, Experiment, ExperimentTag, RestoreExperiment,
    SearchExperiments, SearchRuns, UpdateExperiment,
};

use super::{
    Server,
    pages::pages,
    runs,
    server::view,
    show,
    text::{ago, clean, when},
};
use crate::{
    cli::{ExperimentArgs, SearchArgs, Tag, Which},
    cmd::{
        fitted::{Column, Room, fitted, terminal_width},
        page::{facts, section},
        table::or_dash,
    },
};

/// Runs that `get` shows.
const LATEST: i32 = 5;

pub(super) fn list(server: &Server, which: Which, search: &SearchArgs) -> Result<String> {
    let found = pages(search.limit, |token, count| {
        let call = SearchExperiments {
            max_results: Some(count),
            page_token: token,
            filter: search.filter.clone(),
            order_by: search.order_by.clone(),
            view_type: Some(view(which)),
        };
        let reply = server.ask(&call, "the experiments")?;
        Ok((reply.experiments, reply.next_page_token))
    })?;
    show::list(server, &found, search, "experiments", |found| {
        let mut columns = vec![
            Column::new("ID", Room::Whole),
            Column::new("NAME", Room::Cut),
            Column::new("AGE", Room::Whole),
            Column::new("CHANGED", Room::Whole),
        ];
        if which != Which::Active {
            columns.push(Column::new("STAGE", Room::Whole));
        }
        columns.push(Column::new("ARTIFACTS", Room::Cut));
        let row = |it: &Experiment| {
            let mut cells = vec![
                it.experiment_id.clone(),
                clean(name(it)),
                ago(it.creation_time),
                ago(it.last_update_time),
            ];
            if which != Which::Active {
                cells.push(or_dash(it.lifecycle_stage.clone()));
            }
            cells.push(clean(it.artifact_location.as_deref().unwrap_or("-")));
            cells
        };
        (columns, found.iter().map(row).collect())
    })
}

pub(super) fn get(server: &Server, args: &ExperimentArgs) -> Result<String> {
    let found = server.experiment(&args.experiment)?;
    if server.json {
        return show::json(&found);
    }
    let mut page = String::new();
    let all = [
        ("Experiment", Some(clean(name(&found)))),
        ("Id", Some(found.experiment_id.clone())),
        ("Stage", found.lifecycle_stage.clone()),
        ("Created", when(found.creation_time)),
        ("Changed", when(found.last_update_time)),
        ("Artifacts", found.artifact_location.as_deref().map(clean)),
        ("Workspace", found.workspace.clone()),
    ];
    facts(&mut page, all);
    let tags: Vec<_> = found.tags.iter().map(|it| vec![clean(&it.key), clean(&it.value)]).collect();
    section(&mut page, "Tags", &["KEY", "VALUE"], &tags);
    let latest = SearchRuns {
        experiment_ids: vec![found.experiment_id.clone()],
        max_results: Some(LATEST),
        ..SearchRuns::default()
    };
    let latest = server.ask(&latest, "the runs of the experiment")?.runs;
    if !latest.is_empty() {
        let (columns, rows) = runs::table(&latest, &runs::Shown::all(&latest), None);
        page.push_str("\nLatest runs:\n");
        page.push_str(&fitted(&columns, &rows, Some(terminal_width())).0);
    }
    Ok(page.trim_end().to_owned())
}

pub(super) fn create(
    server: &Server,
    name: &str,
    artifact_location: Option<&str>,
    tags: &[Tag],
) -> Result<String> {
    let tag = |tag: &Tag| ExperimentTag { key: tag.key.clone(), value: tag.value.clone() };
    let call = CreateExperiment {
        name: name.to_owned(),
        artifact_location: artifact_location.map(str::to_owned),
        tags: tags.iter().map(tag).collect(),
    };
    let made = server.ask(&call, &format!("a new experiment `{name}`"))?;
    if server.json { show::json(&made) } else { Ok(made.experiment_id) }
}

pub(super) fn delete(server: &Server, args: &ExperimentArgs) -> Result<String> {
    let found = server.experiment(&args.experiment)?;
    let call = DeleteExperiment { experiment_id: found.experiment_id.clone() };
    server.ask(&call, &format!("the deletion of {}", named(&found)))?;
    done(server, &found, "is deleted: `longshore experiments restore` brings it back")
}

pub(super) fn restore(server: &Server, args: &ExperimentArgs) -> Result<String> {
    let found = server.experiment(&args.experiment)?;
    let call = RestoreExperiment { experiment_id: found.experiment_id.clone() };
    server.ask(&call, &format!("the return of {}", named(&found)))?;
    done(server, &found, "is back")
}

pub(super) fn rename(server: &Server, args: &ExperimentArgs, new_name: &str) -> Result<String> {
    let found = server.experiment(&args.experiment)?;
    let (experiment_id, new_name) = (found.experiment_id.clone(), new_name.to_owned());
    let call = UpdateExperiment { experiment_id, new_name: new_name.clone() };
    server.ask(&call, &format!("another name of {}", named(&found)))?;
    done(server, &found, &format!("is `{new_name}` now"))
}

/// What was done, or the experiment as it is now as JSON.
fn done(server: &Server, before: &Experiment, done: &str) -> Result<String> {
    if server.json {
        return show::json(&server.experiment(&format!("id:{}", before.experiment_id))?);
    }
    Ok(format!("{} {done}", named(before)))
}

fn named(experiment: &Experiment) -> String {
    format!("the experiment `{}` ({})", clean(name(experiment)), experiment.experiment_id)
}

fn name(experiment: &Experiment) -> &str {
    experiment.name.as_deref().unwrap_or_default()
}
