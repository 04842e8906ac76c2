//! Whole runs, many at a time: a query for each kind of data, whatever the number of runs.

use std::{collections::HashMap, sync::Arc};

use longshore_mlflow::rest::{
    Dataset, DatasetInput, InputTag, Metric, ModelInput, ModelOutput, Param, Run, RunData, RunInfo,
    RunInputs, RunOutputs, RunTag, print,
};

use super::NAME_TAG;
use crate::{
    Error,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

/// The runs with `ids`, in their order, with all that was logged. Ids of none are left out.
///
/// # Errors
/// Those of the store.
pub(in crate::operations) fn load(
    on: &mut dyn Connection,
    ids: &[String],
) -> Result<Vec<Run>, Error> {
    let mut infos = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(ROWS) {
        let sql =
            format!("SELECT {} FROM runs WHERE run_uuid IN ({})", super::COLUMNS, marks(ids.len()));
        for row in on.query(&sql, &ids.iter().map(Into::into).collect::<Vec<_>>())? {
            let info = super::of(row)?;
            infos.insert(info.run_id.clone(), info);
        }
    }
    complete(on, ids.iter().filter_map(|id| infos.remove(id)).collect())
}

/// As [`load`], of each run its JSON. It is kept for who asks next.
///
/// # Errors
/// Those of the store.
pub(in crate::operations) fn texts(
    on: &mut dyn Connection,
    ids: &[String],
) -> Result<Vec<Arc<str>>, Error> {
    let mut texts: HashMap<_, _> =
        ids.iter().filter_map(|id| Some((id.clone(), on.kept(id)?))).collect();
    let others: Vec<_> = ids.iter().filter(|id| !texts.contains_key(*id)).cloned().collect();
    for run in load(on, &others)? {
        let text = Arc::from(print(&run));
        on.keep(&run.info.run_id, &text);
        texts.insert(run.info.run_id, text);
    }
    Ok(ids.iter().filter_map(|id| texts.remove(id)).collect())
}

/// The whole runs of `infos`, in their order.
///
/// # Errors
/// Those of the store.
pub(super) fn complete(on: &mut dyn Connection, infos: Vec<RunInfo>) -> Result<Vec<Run>, Error> {
    let mut runs: Vec<_> = infos.into_iter().map(whole).collect();
    for runs in runs.chunks_mut(ROWS) {
        fill(on, runs)?;
    }
    for run in &mut runs {
        name(run);
    }
    Ok(runs)
}

/// A run to which nothing is logged. MLflow prints its empty parts too.
fn whole(info: RunInfo) -> Run {
    Run {
        info,
        data: Some(RunData::default()),
        inputs: Some(RunInputs::default()),
        outputs: Some(RunOutputs::default()),
    }
}

/// A run of an old database has its name in the tag alone.
fn name(run: &mut Run) {
    if run.info.run_name.as_ref().is_none_or(String::is_empty) {
        let tags = run.data.iter().flat_map(|data| &data.tags);
        let named = tags.into_iter().find(|tag| tag.key == NAME_TAG);
        let named = named.map(|tag| tag.value.clone());
        run.info.run_name = named.or(run.info.run_name.take());
    }
}

/// Adds what was logged to runs, which are at most [`ROWS`].
fn fill(on: &mut dyn Connection, runs: &mut [Run]) -> Result<(), Error> {
    let keys: Vec<Value> = runs.iter().map(|run| (&run.info.run_id).into()).collect();
    let places: HashMap<String, usize> =
        runs.iter().enumerate().map(|(at, run)| (run.info.run_id.clone(), at)).collect();
    let marks = marks(keys.len());
    let mut each = |sql: &str, add: &mut dyn FnMut(&mut Run, Row) -> Result<(), Error>| {
        for mut row in on.query(&sql.replace("RUNS", &marks), &keys)? {
            let id: String = row.take(0)?;
            if let Some(run) = places.get(&id).and_then(|at| runs.get_mut(*at)) {
                add(run, row)?;
            }
        }
        Ok::<_, Error>(())
    };
    let sql = "SELECT run_uuid, key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid IN (RUNS)";
    each(sql, &mut |run, row| {
        let metric = metric(row)?;
        run.data.get_or_insert_default().metrics.push(metric);
        Ok(())
    })?;
    each(
        "SELECT run_uuid, key, value FROM params WHERE run_uuid IN (RUNS)",
        &mut |run, mut row| {
            let param = Param { key: row.take(1)?, value: row.take(2)? };
            run.data.get_or_insert_default().params.push(param);
            Ok(())
        },
    )?;
    each("SELECT run_uuid, key, value FROM tags WHERE run_uuid IN (RUNS)", &mut |run, mut row| {
        let value = row.take::<Option<String>>(2)?.unwrap_or_default();
        let tag = RunTag { key: row.take(1)?, value };
        run.data.get_or_insert_default().tags.push(tag);
        Ok(())
    })?;
    let sql = "SELECT source_id, destination_type, destination_id, step FROM inputs WHERE source_id IN (RUNS) AND ((source_type = 'RUN_INPUT' AND destination_type = 'MODEL_INPUT') OR (source_type = 'RUN_OUTPUT' AND destination_type = 'MODEL_OUTPUT'))";
    each(sql, &mut |run, mut row| {
        let (kind, model_id): (String, _) = (row.take(1)?, row.take(2)?);
        if kind == "MODEL_INPUT" {
            run.inputs.get_or_insert_default().model_inputs.push(ModelInput { model_id });
        } else {
            let output = ModelOutput { model_id, step: row.take(3)? };
            run.outputs.get_or_insert_default().model_outputs.push(output);
        }
        Ok(())
    })?;
    // where each input is, for its tags
    let mut inputs: HashMap<String, usize> = HashMap::new();
    let sql = "SELECT inputs.destination_id, inputs.input_uuid, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile FROM inputs JOIN datasets ON datasets.dataset_uuid = inputs.source_id WHERE destination_type = 'RUN' AND source_type = 'DATASET' AND destination_id IN (RUNS)";
    each(sql, &mut |run, mut row| {
        let datasets = &mut run.inputs.get_or_insert_default().dataset_inputs;
        inputs.insert(row.take(1)?, datasets.len());
        datasets.push(dataset(row)?);
        Ok(())
    })?;
    if inputs.is_empty() {
        return Ok(());
    }
    let sql = "SELECT inputs.destination_id, input_tags.input_uuid, input_tags.name, input_tags.value FROM inputs JOIN input_tags ON input_tags.input_uuid = inputs.input_uuid WHERE destination_type = 'RUN' AND source_type = 'DATASET' AND destination_id IN (RUNS)";
    each(sql, &mut |run, mut row| {
        let input: String = row.take(1)?;
        let tag = InputTag { key: row.take(2)?, value: row.take(3)? };
        let at = inputs.get(&input).copied().unwrap_or(usize::MAX);
        let datasets = &mut run.inputs.get_or_insert_default().dataset_inputs;
        if let Some(input) = datasets.get_mut(at) {
            input.tags.push(tag);
        }
        Ok(())
    })
}

/// A measurement from `run_uuid, key, value, timestamp, step, is_nan`.
pub(in crate::operations) fn metric(mut row: Row) -> Result<Metric, Error> {
    let value: f64 = row.take(2)?;
    Ok(Metric {
        key: row.take(1)?,
        value: if row.take(5)? { f64::NAN } else { value },
        timestamp: row.take::<Option<i64>>(3)?.unwrap_or_default(),
        step: Some(row.take(4)?),
        ..Metric::default()
    })
}

/// A dataset from the third column on.
fn dataset(mut row: Row) -> Result<DatasetInput, Error> {
    let dataset = Dataset {
        name: row.take(2)?,
        digest: row.take(3)?,
        source_type: row.take(4)?,
        source: row.take(5)?,
        schema: row.take(6)?,
        profile: row.take(7)?,
    };
    Ok(DatasetInput { tags: Vec::new(), dataset })
}
