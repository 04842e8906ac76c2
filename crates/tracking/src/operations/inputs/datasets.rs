//! Datasets: each is kept once in its experiment, and joined to the runs that read it.

use std::collections::{BTreeMap, HashMap, HashSet};

use longshore_mlflow::rest::{DatasetInput, RunInfo, names};

use crate::{
    Error, random,
    sql::{ROWS, marks, tuples},
    store::{Connection, Value},
};

/// Keeps datasets, whose names or digests differ, as inputs of a run. One that the run has already stays
/// as it is, with its tags.
///
/// # Errors
/// Those of the store.
pub(super) fn log(
    on: &mut dyn Connection,
    run: &RunInfo,
    inputs: &[&DatasetInput],
) -> Result<(), Error> {
    let experiment = names::experiment_id(&run.experiment_id)?;
    for inputs in inputs.chunks(ROWS) {
        let ids = keep(on, experiment, inputs)?;
        let of = |input: &DatasetInput| (input.dataset.name.clone(), input.dataset.digest.clone());
        let inputs = inputs.iter().filter_map(|input| Some((*input, ids.get(&of(input))?)));
        join(on, &run.run_id, &inputs.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Keeps datasets in an experiment; the id of each, by its name and digest.
fn keep(
    on: &mut dyn Connection,
    experiment: i64,
    inputs: &[&DatasetInput],
) -> Result<HashMap<(String, String), String>, Error> {
    let sql = format!(
        "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile) VALUES {} ON CONFLICT (experiment_id, name, digest) DO NOTHING",
        tuples(8, inputs.len())
    );
    let mut values: Vec<Value> = Vec::new();
    for input in inputs {
        let dataset = &input.dataset;
        values.extend([
            random::id()?.into(),
            experiment.into(),
            (&dataset.name).into(),
            (&dataset.digest).into(),
            (&dataset.source_type).into(),
            (&dataset.source).into(),
            dataset.schema.clone().into(),
            dataset.profile.clone().into(),
        ]);
    }
    on.execute(&sql, &values)?;
    let sql = format!(
        "SELECT name, digest, dataset_uuid FROM datasets WHERE experiment_id = ? AND name IN ({0}) AND digest IN ({0})",
        marks(inputs.len())
    );
    let mut values = vec![experiment.into()];
    values.extend(inputs.iter().map(|input| Value::from(&input.dataset.name)));
    values.extend(inputs.iter().map(|input| Value::from(&input.dataset.digest)));
    let rows = on.query(&sql, &values)?.into_iter();
    rows.map(|mut row| Ok(((row.take(0)?, row.take(1)?), row.take(2)?))).collect()
}

/// Joins a run and datasets, with the tags of their use.
fn join(
    on: &mut dyn Connection,
    run_id: &str,
    inputs: &[(&DatasetInput, &String)],
) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id) VALUES {} ON CONFLICT (source_type, source_id, destination_type, destination_id) DO NOTHING RETURNING input_uuid",
        tuples(5, inputs.len())
    );
    let mut ids = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for (_, dataset) in inputs {
        let id = random::id()?;
        values.extend([
            (&id).into(),
            "DATASET".into(),
            (*dataset).into(),
            "RUN".into(),
            run_id.into(),
        ]);
        ids.push(id);
    }
    let new = on.query(&sql, &values)?.into_iter().map(|mut row| row.take::<String>(0));
    let new = new.collect::<Result<HashSet<_>, _>>()?;
    let mut tags = BTreeMap::new();
    for (id, (input, _)) in ids.iter().zip(inputs).filter(|(id, _)| new.contains(*id)) {
        tags.extend(input.tags.iter().map(|tag| ((id, &tag.key), &tag.value)));
    }
    let tags: Vec<_> = tags.into_iter().collect();
    for tags in tags.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO input_tags (input_uuid, name, value) VALUES {}",
            tuples(3, tags.len())
        );
        let rows = tags.iter().flat_map(|((id, key), value)| {
            [Value::from(*id), Value::from(*key), Value::from(*value)]
        });
        on.execute(&sql, &rows.collect::<Vec<_>>())?;
    }
    Ok(())
}
