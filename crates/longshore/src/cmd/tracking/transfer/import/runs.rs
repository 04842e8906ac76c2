//! Runs.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use longshore_mlflow::rest::{
    CreateRun, DeleteRun, GetRun, LogBatch, LogInputs, LogOutputs, Metric, ModelInput, ModelOutput,
    Param, Run, RunInputs, RunStatus, RunTag, SearchRuns, UpdateRun, ViewType,
    limits::{BATCH_METRICS, BATCH_PARAMS, BATCH_TAGS},
};

use super::{
    super::{
        folder::{Kind, Line},
        lines::parse,
        server::pages,
        workers::each,
    },
    Import, MOVED,
    ids::Of,
    moved,
    rewrite::has_ids,
};

/// Lines that are read at once.
const LINES: usize = 256;

/// The tag that holds the name of a run.
const NAME: &str = "mlflow.runName";

/// Measurements of logged models by the run that made them.
pub(super) type Measured = HashMap<String, Vec<Metric>>;

/// Makes the runs that are not there, with their parameters and those tags that name nothing.
pub(super) fn make(on: &Import<'_>) -> Result<()> {
    let mut searched = HashSet::new();
    on.folder.read_some(Kind::Runs, LINES, |lines| {
        let runs = runs(on, &lines)?;
        for run in &runs {
            let experiment = &run.info.experiment_id;
            if on.ids.of(Of::Run, &run.info.run_id).is_none() && searched.insert(experiment.clone())
            {
                recognise(on, experiment)?;
            }
        }
        each(on.at_once, &runs, |run| one(on, run))
    })
}

/// The runs of lines that count, in experiments that are imported.
fn runs(on: &Import<'_>, lines: &[Line]) -> Result<Vec<Run>> {
    on.counted(lines, "run", "runs", |run: &Run| (&run.info.run_id, &run.info.experiment_id))
}

/// Notes the runs that an earlier import made and could not note.
fn recognise(on: &Import<'_>, experiment: &str) -> Result<()> {
    let Some(to) = on.experiment(experiment) else { return Ok(()) };
    let key = moved("run_id");
    let ask = |token| {
        let call = SearchRuns {
            experiment_ids: vec![to.clone()],
            run_view_type: Some(ViewType::All),
            max_results: Some(1000),
            page_token: token,
            ..SearchRuns::default()
        };
        let reply = on.server.ask_again(&call, "runs of an earlier import")?;
        Ok((reply.runs, reply.next_page_token))
    };
    pages(ask, |page: Vec<Run>| {
        for run in page {
            let tags = run.data.iter().flat_map(|data| &data.tags);
            let from = tags.into_iter().find(|tag| tag.key == key).map(|tag| tag.value.clone());
            if let Some(from) = from.filter(|from| on.ids.of(Of::Run, from).is_none()) {
                note(on, &from, "", &run)?;
                // a run is deleted when all is done
                if run.info.lifecycle_stage.as_deref() == Some("deleted") {
                    on.ids.done(Of::Run, &from)?;
                    on.ids.done(Of::Deletion, &from)?;
                }
            }
        }
        Ok(())
    })
}

fn note(on: &Import<'_>, from: &str, was: &str, run: &Run) -> Result<()> {
    let now = run.info.artifact_uri.clone().unwrap_or_default();
    on.ids.note(Of::Run, from, &run.info.run_id, Some((was.to_owned(), now)))
}

fn one(on: &Import<'_>, run: &Run) -> Result<()> {
    let info = &run.info;
    let id = &info.run_id;
    if let Some(to) = on.ids.of(Of::Run, id) {
        // one that was recognised does not know where its artifacts were
        if let Some(now) = on.ids.artifacts(id) {
            let was = info.artifact_uri.clone().unwrap_or_default();
            on.ids.remember(Of::Run, id, &to, (was, now));
        }
    } else {
        let what = format!("the run `{id}`");
        let mut tags: Vec<RunTag> = tags(run).filter(|tag| !has_ids(&tag.value)).cloned().collect();
        tags.push(RunTag { key: moved("run_id"), value: id.clone() });
        let call = CreateRun {
            experiment_id: on.experiment(&info.experiment_id),
            user_id: info.user_id.clone(),
            run_name: info.run_name.clone(),
            start_time: info.start_time,
            tags,
        };
        let made = on.ask_once(&call, &what)?.run;
        note(on, id, info.artifact_uri.as_deref().unwrap_or_default(), &made)?;
    }
    on.progress.add("runs", 1);
    Ok(())
}

/// The tags that were set, without the name that the run has anyway.
fn tags(run: &Run) -> impl Iterator<Item = &RunTag> {
    let name = run.info.run_name.as_deref();
    let all = run.data.iter().flat_map(|data| &data.tags);
    all.filter(move |tag| {
        let is_name = tag.key == NAME && Some(&*tag.value) == name;
        !is_name && !tag.key.starts_with(MOVED)
    })
}

/// Gives runs what was measured, what they read and made, the tags that name other things, and their end.
pub(super) fn fill(on: &Import<'_>, measured: &Measured) -> Result<()> {
    on.folder.read_some(Kind::Runs, LINES, |lines| {
        // measurements of several metrics go together
        let mut batches: BTreeMap<String, Vec<Metric>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.name == "batch") {
            let batch: LogBatch = parse(&line.value)?;
            let id = &batch.run_id;
            if on.latest.is("runs", id, line.piece)
                && on.ids.of(Of::Run, id).is_some()
                && !on.ids.is_done(Of::Run, id)
            {
                batches.entry(batch.run_id).or_default().extend(batch.metrics);
            }
        }
        let batches: Vec<_> = batches.into_iter().collect();
        each(on.at_once, &batches, |(run, metrics)| measure(on, run, metrics, measured.get(run)))?;
        // the batches of a run are before it
        let runs = runs(on, &lines)?;
        each(on.at_once, &runs, |run| finish(on, run))
    })
}

fn measure(
    on: &Import<'_>,
    run: &str,
    metrics: &[Metric],
    measured: Option<&Vec<Metric>>,
) -> Result<()> {
    let Some(to) = on.ids.of(Of::Run, run) else { return Ok(()) };
    let mut all = Vec::new();
    for metric in metrics {
        let same = |other: &&Metric| {
            other.key == metric.key
                && other.step.unwrap_or_default() == metric.step.unwrap_or_default()
                && other.timestamp == metric.timestamp
                // MLflow keeps 0 of what is no number
                && (other.value == metric.value || metric.value.is_nan())
        };
        let plain = Metric { run_id: None, model_id: None, ..metric.clone() };
        let mut of_models = measured.into_iter().flatten().filter(same).peekable();
        if of_models.peek().is_none() {
            all.push(plain.clone());
        }
        all.extend(of_models.map(|other| Metric {
            model_id: other.model_id.clone(),
            dataset_name: other.dataset_name.clone(),
            dataset_digest: other.dataset_digest.clone(),
            ..plain.clone()
        }));
    }
    for some in all.chunks(BATCH_METRICS) {
        let call = LogBatch { run_id: to.clone(), metrics: some.to_vec(), ..LogBatch::default() };
        on.ask(&call, &format!("measurements of the run `{run}`"))?;
    }
    on.progress.add("measurements", metrics.len() as u64);
    Ok(())
}

fn finish(on: &Import<'_>, run: &Run) -> Result<()> {
    let id = &run.info.run_id;
    let Some(to) = on.ids.of(Of::Run, id).filter(|_| !on.ids.is_done(Of::Run, id)) else {
        return Ok(());
    };
    let what = format!("the run `{id}`");
    let params: Vec<Param> = run.data.iter().flat_map(|data| data.params.clone()).collect();
    for some in params.chunks(BATCH_PARAMS) {
        let call = LogBatch { run_id: to.clone(), params: some.to_vec(), ..LogBatch::default() };
        on.ask(&call, &what)?;
    }
    let named: Vec<_> = tags(run)
        .filter(|tag| has_ids(&tag.value))
        .map(|tag| RunTag {
            value: on.ids.rewritten(&tag.value).unwrap_or_else(|| tag.value.clone()),
            key: tag.key.clone(),
        })
        .collect();
    for some in named.chunks(BATCH_TAGS) {
        let call = LogBatch { run_id: to.clone(), tags: some.to_vec(), ..LogBatch::default() };
        on.ask(&call, &what)?;
    }
    let call = GetRun { run_id: to.clone(), ..GetRun::default() };
    let there = on.ask(&call, &what)?.run;
    inputs(on, run, &there, &to, &what)?;
    outputs(on, run, &there, &to, &what)?;
    let status = run.info.status.filter(|status| *status != RunStatus::Running);
    let end_time = run.info.end_time.filter(|end| *end > 0);
    if status.is_some() || end_time.is_some() {
        let call =
            UpdateRun { status: run.info.status, end_time, run_id: to, ..UpdateRun::default() };
        on.ask(&call, &what)?;
    }
    on.ids.done(Of::Run, id)
}

fn inputs(on: &Import<'_>, run: &Run, there: &Run, to: &str, what: &str) -> Result<()> {
    let RunInputs { dataset_inputs, model_inputs } = run.inputs.clone().unwrap_or_default();
    let own = there.inputs.clone().unwrap_or_default();
    let is_new = |id: &String| !own.model_inputs.iter().any(|it| it.model_id == *id);
    let models = model_inputs.iter().filter_map(|input| renamed(on, &input.model_id, what));
    let models: Vec<_> = models.filter(is_new).map(|model_id| ModelInput { model_id }).collect();
    let datasets: Vec<_> = dataset_inputs
        .into_iter()
        .filter(|it| {
            let same = |own: &&longshore_mlflow::rest::DatasetInput| {
                own.dataset.name == it.dataset.name && own.dataset.digest == it.dataset.digest
            };
            own.dataset_inputs.iter().find(same).is_none()
        })
        .collect();
    if !models.is_empty() || !datasets.is_empty() {
        on.ask(&LogInputs { run_id: to.to_owned(), datasets, models }, what)?;
    }
    Ok(())
}

fn outputs(on: &Import<'_>, run: &Run, there: &Run, to: &str, what: &str) -> Result<()> {
    let wanted = run.outputs.iter().flat_map(|outputs| &outputs.model_outputs);
    let own: HashSet<(&str, i64)> = there
        .outputs
        .iter()
        .flat_map(|outputs| &outputs.model_outputs)
        .map(|output| (output.model_id.as_str(), output.step))
        .collect();
    let models: Vec<_> = wanted
        .filter_map(|output| {
            let model_id = renamed(on, &output.model_id, what)?;
            Some(ModelOutput { model_id, step: output.step })
        })
        .filter(|output| !own.contains(&(output.model_id.as_str(), output.step)))
        .collect();
    if !models.is_empty() {
        on.ask(&LogOutputs { run_id: to.to_owned(), models }, what)?;
    }
    Ok(())
}

fn renamed(on: &Import<'_>, model: &str, what: &str) -> Option<String> {
    let to = on.ids.of(Of::LoggedModel, model);
    if to.is_none() {
        on.progress
            .note(format!("{what} names the logged model `{model}`, which is not in the export"));
    }
    to
}

/// Deletes the runs that were deleted.
pub(super) fn delete(on: &Import<'_>) -> Result<()> {
    on.folder.read_some(Kind::Runs, LINES, |lines| {
        let mut runs = runs(on, &lines)?;
        runs.retain(|run| {
            run.info.lifecycle_stage.as_deref() == Some("deleted")
                && !on.ids.is_done(Of::Deletion, &run.info.run_id)
        });
        each(on.at_once, &runs, |run| {
            let id = &run.info.run_id;
            let Some(run_id) = on.ids.of(Of::Run, id) else { return Ok(()) };
            on.ask(&DeleteRun { run_id }, &format!("the deletion of the run `{id}`"))?;
            on.ids.done(Of::Deletion, id)
        })
    })
}
