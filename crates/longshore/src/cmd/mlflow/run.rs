//! `longshore runs get`, `delete` and `restore`.

use anyhow::Result;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use longshore_mlflow::rest::{DeleteRun, Metric, RestoreRun, Run, RunTag};

use super::{
    Server, runs, show,
    text::{ago, clean, when},
};
use crate::{
    cli::RunArgs,
    cmd::{
        page::{facts, section},
        table::{age, or_dash},
    },
};

/// The keys of tags that MLflow's client sets by itself.
const OWN: &str = "mlflow.";

pub(super) fn get(server: &Server, args: &RunArgs) -> Result<String> {
    let run = server.run(&args.run, args.experiment.as_deref())?;
    if server.json {
        return show::json(&run);
    }
    let experiment = server.experiment(&format!("id:{}", run.info.experiment_id))?;
    let experiment = experiment.name.unwrap_or_default();
    Ok(page(&run, &experiment))
}

fn page(run: &Run, experiment: &str) -> String {
    let info = &run.info;
    let data = run.data.clone().unwrap_or_default();
    let tag = |key: &str| {
        let found = data.tags.iter().find(|tag| tag.key == key).map(|tag| clean(&tag.value));
        found.filter(|value| !value.is_empty())
    };
    let mut page = String::new();
    let all = [
        ("Run", Some(info.run_id.clone())),
        ("Name", info.run_name.as_deref().map(clean)),
        ("Experiment", Some(format!("{} ({})", clean(experiment), info.experiment_id))),
        ("Status", Some(runs::status(run))),
        ("Started", when(info.start_time)),
        ("Took", took(run)),
        ("User", tag("mlflow.user").or_else(|| info.user_id.as_deref().map(clean))),
        ("Source", tag("mlflow.source.name")),
        ("Commit", tag("mlflow.source.git.commit")),
        ("Parent", tag("mlflow.parentRunId")),
        ("Artifacts", info.artifact_uri.as_deref().map(clean)),
        ("Note", tag("mlflow.note.content")),
    ];
    facts(&mut page, all);
    let metric = |it: &Metric| {
        let step = it.step.unwrap_or_default().to_string();
        vec![clean(&it.key), it.value.to_string(), step, ago(Some(it.timestamp))]
    };
    let mut metrics: Vec<_> = data.metrics.iter().map(metric).collect();
    metrics.sort();
    section(&mut page, "Metrics", &["KEY", "LATEST", "STEP", "AGE"], &metrics);
    let mut params: Vec<_> =
        data.params.iter().map(|it| vec![clean(&it.key), clean(&it.value)]).collect();
    params.sort();
    section(&mut page, "Parameters", &["KEY", "VALUE"], &params);
    let of_user = |tag: &&RunTag| !tag.key.starts_with(OWN);
    let tags = data.tags.iter().filter(of_user);
    let mut tags: Vec<_> = tags.map(|it| vec![clean(&it.key), clean(&it.value)]).collect();
    tags.sort();
    section(&mut page, "Tags", &["KEY", "VALUE"], &tags);
    let inputs = run.inputs.clone().unwrap_or_default();
    let datasets = inputs.dataset_inputs.iter().map(|it| {
        let context = it.tags.iter().find(|tag| tag.key == "mlflow.data.context");
        let context = or_dash(context.map(|tag| clean(&tag.value)));
        vec![clean(&it.dataset.name), clean(&it.dataset.digest), context]
    });
    section(&mut page, "Datasets", &["NAME", "DIGEST", "FOR"], &datasets.collect::<Vec<_>>());
    let outputs = run.outputs.clone().unwrap_or_default();
    let models =
        outputs.model_outputs.iter().map(|it| vec![it.model_id.clone(), it.step.to_string()]);
    section(&mut page, "Models", &["ID", "STEP"], &models.collect::<Vec<_>>());
    page.trim_end().to_owned()
}

/// How long a run took, or takes so far.
pub(super) fn took(run: &Run) -> Option<String> {
    let start = run.info.start_time.filter(|start| *start > 0)?;
    let end = run.info.end_time.filter(|end| *end > 0);
    let end = end.unwrap_or_else(|| Timestamp::now().as_millisecond());
    if (0..10_000).contains(&(end - start)) {
        return Some(format!("{:.1}s", (end - start) as f64 / 1000.0));
    }
    let begin = Timestamp::UNIX_EPOCH;
    Some(age(Some(begin), begin + SignedDuration::from_millis(end - start)))
}

pub(super) fn delete(server: &Server, args: &RunArgs) -> Result<String> {
    let run = server.run(&args.run, args.experiment.as_deref())?;
    let call = DeleteRun { run_id: run.info.run_id.clone() };
    server.ask(&call, &format!("the deletion of {}", named(&run)))?;
    done(server, &run, "is deleted: `longshore runs restore` brings it back")
}

pub(super) fn restore(server: &Server, args: &RunArgs) -> Result<String> {
    let run = server.run(&args.run, args.experiment.as_deref())?;
    let call = RestoreRun { run_id: run.info.run_id.clone() };
    server.ask(&call, &format!("the return of {}", named(&run)))?;
    done(server, &run, "is back")
}

/// What was done, or the run as it is now as JSON.
fn done(server: &Server, before: &Run, done: &str) -> Result<String> {
    if server.json {
        return show::json(&server.run(&before.info.run_id, None)?);
    }
    Ok(format!("{} {done}", named(before)))
}

fn named(run: &Run) -> String {
    let name = run.info.run_name.as_deref().unwrap_or_default();
    format!("the run `{}` ({})", clean(name), run.info.run_id)
}
