//! What a query asks, looked up by the operations of the REST API.

use std::collections::{BTreeMap, BTreeSet};

use longshore_mlflow::rest::{
    GetExperiment, GetMetricHistoryBulkInterval, GetRun, Message, SearchDatasets,
    SearchModelVersions, SearchRuns, parse_request, print,
};
use serde_json::{Map, Value};

use super::{
    plan::{Asked, Wanted},
    schema::Asks,
};
use crate::{
    Error,
    allow::allow,
    operation::{Context, Operation},
    store::Connection,
};

/// Most runs whose model versions are looked up at a time.
const RUNS: usize = 100;

/// Most model versions of one page.
const VERSIONS: usize = 10_000;

/// The message that answers a field, or the words of its refusal; `None` for one that no transaction answers.
pub(super) type Answer = Option<Result<Value, String>>;

/// Looks a field up.
///
/// # Errors
/// Those of the store. A refusal belongs to its field, and others are answered nevertheless.
pub(super) fn answer(
    asked: &Asked,
    on: &mut dyn Connection,
    context: &Context<'_>,
) -> Result<Answer, Error> {
    let found = match asked.asks {
        Asks::Artifacts => return Ok(None),
        Asks::Echo => Ok(Value::Object(asked.input.clone())),
        _ => look_up(asked, on, context),
    };
    match found {
        Ok(value) => Ok(Some(Ok(value))),
        Err(error) => refusal(error).map(|words| Some(Err(words))),
    }
}

/// The words of a refusal.
///
/// # Errors
/// An error that is none.
pub(super) fn refusal(error: Error) -> Result<String, Error> {
    match error {
        Error::Refused { .. } | Error::Message(_) | Error::NotServed => Ok(error.told().1),
        other => Err(other),
    }
}

fn look_up(asked: &Asked, on: &mut dyn Connection, context: &Context<'_>) -> Result<Value, Error> {
    let input = &asked.input;
    match asked.asks {
        Asks::Experiment => ask::<GetExperiment>(input, on, context),
        Asks::Interval => ask::<GetMetricHistoryBulkInterval>(input, on, context),
        Asks::Versions => ask::<SearchModelVersions>(input, on, context),
        Asks::Datasets => ask::<SearchDatasets>(input, on, context),
        Asks::Run => {
            let mut message = ask::<GetRun>(input, on, context)?;
            let run = message.get_mut("run").into_iter().collect();
            complete(run, &wanted(asked, "run"), on, context)?;
            Ok(message)
        }
        Asks::Runs => {
            let mut message = ask::<SearchRuns>(input, on, context)?;
            let runs = message.get_mut("runs").and_then(Value::as_array_mut);
            let runs = runs.into_iter().flatten().collect();
            complete(runs, &wanted(asked, "runs"), on, context)?;
            Ok(message)
        }
        Asks::Artifacts | Asks::Echo => Ok(Value::Null),
    }
}

/// The answer to a message, as JSON.
fn ask<O: Operation>(
    input: &Map<String, Value>,
    on: &mut dyn Connection,
    context: &Context<'_>,
) -> Result<Value, Error> {
    let body = Value::Object(input.clone()).to_string();
    let operation: O = parse_request(body.as_bytes(), &[])?;
    allow(on, context.caller, &[&[operation.needs()], &operation.also_needs()[..]].concat())?;
    json(&operation.answer(on, context)?)
}

/// A message as JSON.
///
/// # Errors
/// None for a message that can be printed.
pub(super) fn json(message: &impl Message) -> Result<Value, Error> {
    serde_json::from_str(&print(message))
        .map_err(|error| Error::Schema(format!("an answer is no JSON: {error}")))
}

/// Every selection of a field of the answer: an alias gives it several.
fn wanted<'a>(asked: &'a Asked, name: &str) -> Vec<&'a Wanted> {
    let fields = asked.fields.iter().filter(|it| it.name == name);
    fields.flat_map(|it| &it.fields).collect()
}

/// Adds to runs what their messages do not hold, where it is wanted: the experiment and the model versions.
fn complete(
    mut runs: Vec<&mut Value>,
    wanted: &[&Wanted],
    on: &mut dyn Connection,
    context: &Context<'_>,
) -> Result<(), Error> {
    let is_wanted = |name| wanted.iter().any(|it| it.name == name);
    if is_wanted("experiment") {
        let ids: BTreeSet<String> = runs.iter().map(|run| info(run, "experiment_id")).collect();
        let mut experiments = BTreeMap::new();
        for id in ids {
            let input = Map::from_iter([("experiment_id".to_owned(), id.as_str().into())]);
            let mut message = ask::<GetExperiment>(&input, on, context)?;
            experiments.insert(id, message["experiment"].take());
        }
        for run in &mut runs {
            let experiment = experiments.get(&info(run, "experiment_id")).cloned();
            run["experiment"] = experiment.unwrap_or_default();
        }
    }
    if is_wanted("modelVersions") {
        for runs in runs.chunks_mut(RUNS) {
            let ids: Vec<String> = runs.iter().map(|run| info(run, "run_id")).collect();
            let mut versions = versions_of(&ids, on, context)?;
            for (run, id) in runs.iter_mut().zip(ids) {
                run["model_versions"] = versions.remove(&id).unwrap_or_default().into();
            }
        }
    }
    Ok(())
}

/// The model versions of runs, by the ids of the runs.
fn versions_of(
    runs: &[String],
    on: &mut dyn Connection,
    context: &Context<'_>,
) -> Result<BTreeMap<String, Vec<Value>>, Error> {
    let ids: Vec<String> = runs.iter().map(|id| format!("'{id}'")).collect();
    let filter = format!("run_id IN ({})", ids.join(", "));
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut token = String::new();
    loop {
        let mut input = Map::new();
        input.insert("filter".to_owned(), filter.as_str().into());
        input.insert("max_results".to_owned(), VERSIONS.into());
        if !token.is_empty() {
            input.insert("page_token".to_owned(), token.as_str().into());
        }
        let mut message = ask::<SearchModelVersions>(&input, on, context)?;
        for version in message["model_versions"].as_array_mut().into_iter().flatten() {
            let run = version["run_id"].as_str().unwrap_or_default().to_owned();
            found.entry(run).or_default().push(version.take());
        }
        match message["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok(found),
        }
    }
}

fn info(run: &Value, name: &str) -> String {
    run["info"][name].as_str().unwrap_or_default().to_owned()
}
