//! Adding records to an evaluation dataset, where those with the same inputs are one.

use std::collections::HashMap;

use longshore_mlflow::rest::EvaluationDataset;
use serde_json::{Map, Value as Json, json};

use super::{
    digest_at,
    record::{Incoming, Record},
};
use crate::{
    Error,
    sql::{ROWS, marks, tuples},
    store::{Connection, Value},
};

/// How many records are new, and how many were merged with others.
pub(super) struct Counts {
    pub(super) inserted: usize,
    pub(super) updated: usize,
}

/// Adds records; those that are new are kept in their order.
///
/// # Errors
/// Those of the store.
pub(super) fn upsert(
    on: &mut dyn Connection,
    dataset: &EvaluationDataset,
    records: Vec<Incoming>,
    now: i64,
) -> Result<Counts, Error> {
    let id = &dataset.dataset_id;
    let user = records.iter().rev().find_map(Incoming::user).map(ToOwned::to_owned);
    let schema = schema(dataset.schema.as_deref(), &records)?;
    let mut stored = stored(on, id, &records)?;
    let mut places: HashMap<String, usize> =
        stored.iter().enumerate().map(|(place, it)| (it.hash.clone(), place)).collect();
    let (old, all) = (stored.len(), records.len());
    for record in records {
        if let Some(found) = places.get(&record.hash).and_then(|place| stored.get_mut(*place)) {
            found.merge(record);
        } else {
            places.insert(record.hash.clone(), stored.len());
            stored.push(record.into_new()?);
        }
    }
    let inserted = stored.len() - old;
    // pages are in the order of ids where records are of the same time
    let mut ids: Vec<_> = stored.iter().skip(old).map(|it| it.id.clone()).collect();
    ids.sort_unstable();
    for (record, id) in stored.iter_mut().skip(old).zip(ids) {
        record.id = id;
    }
    keep(on, id, stored, now)?;
    let profile = profile(on, id)?;
    let sql = "UPDATE evaluation_datasets SET last_update_time = ?, last_updated_by = ?, digest = ?, schema = COALESCE(?, schema), profile = COALESCE(?, profile) WHERE dataset_id = ?";
    let values = [
        now.into(),
        user.into(),
        digest_at(&dataset.name, now).into(),
        schema.into(),
        profile.into(),
        id.into(),
    ];
    on.execute(sql, &values)?;
    Ok(Counts { inserted, updated: all - inserted })
}

/// The stored records that have the inputs of some others.
fn stored(
    on: &mut dyn Connection,
    dataset_id: &str,
    records: &[Incoming],
) -> Result<Vec<Record>, Error> {
    let mut found = Vec::new();
    let inputs: HashMap<_, _> = records.iter().map(|it| (&it.hash, &it.inputs)).collect();
    let hashes: Vec<_> = inputs.keys().copied().collect();
    for hashes in hashes.chunks(ROWS) {
        let sql = format!(
            "SELECT {} FROM evaluation_dataset_records WHERE dataset_id = ? AND input_hash IN ({})",
            Record::MERGED,
            marks(hashes.len())
        );
        let mut values = vec![Value::from(dataset_id)];
        values.extend(hashes.iter().map(|it| Value::from(*it)));
        for row in on.query(&sql, &values)? {
            let mut record = Record::of(row, Map::new())?;
            if let Some(inputs) = inputs.get(&record.hash) {
                record.inputs.clone_from(inputs);
            }
            found.push(record);
        }
    }
    Ok(found)
}

/// Writes records that are new or were merged.
fn keep(
    on: &mut dyn Connection,
    dataset_id: &str,
    records: Vec<Record>,
    now: i64,
) -> Result<(), Error> {
    let mut rows: Vec<_> = records.into_iter().map(|it| it.values(dataset_id, now)).collect();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(ROWS));
        let columns = Record::COLUMNS.join(", ");
        let sql = format!(
            "INSERT INTO evaluation_dataset_records ({columns}) VALUES {} ON CONFLICT (dataset_id, input_hash) DO UPDATE SET outputs = excluded.outputs, expectations = excluded.expectations, tags = excluded.tags, last_update_time = excluded.last_update_time, last_updated_by = excluded.last_updated_by",
            tuples(Record::COLUMNS.len(), rows.len())
        );
        on.execute(&sql, &rows.into_iter().flatten().collect::<Vec<_>>())?;
        rows = rest;
    }
    Ok(())
}

/// The profile of a dataset; none when it has no records.
fn profile(on: &mut dyn Connection, dataset_id: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT COUNT(*) FROM evaluation_dataset_records WHERE dataset_id = ?";
    let row = on.first(sql, &[dataset_id.into()])?;
    let count = row.map(|mut row| row.take::<i64>(0)).transpose()?.unwrap_or_default();
    Ok((count > 0).then(|| format!("{{\"num_records\": {count}}}")))
}

/// The profile of a dataset some records of which were removed; MLflow writes `null` when none is left.
///
/// # Errors
/// Those of the store.
pub(super) fn shrink(on: &mut dyn Connection, dataset_id: &str) -> Result<(), Error> {
    let profile = profile(on, dataset_id)?.unwrap_or_else(|| "null".to_owned());
    let sql = "UPDATE evaluation_datasets SET profile = ? WHERE dataset_id = ?";
    on.execute(sql, &[profile.into(), dataset_id.into()])?;
    Ok(())
}

/// The schema of a dataset with the fields that records add. The type of a field is that of its first value.
fn schema(stored: Option<&str>, records: &[Incoming]) -> Result<Option<String>, Error> {
    if records.is_empty() {
        return Ok(None);
    }
    let stored = stored.filter(|it| !it.is_empty()).map(serde_json::from_str).transpose();
    let mut schema: Map<String, Json> = stored
        .map_err(|error| Error::Schema(format!("the schema of a dataset is no JSON: {error}")))?
        .unwrap_or_default();
    schema.entry("version").or_insert_with(|| json!("1.0"));
    for part in ["inputs", "outputs", "expectations"] {
        let known = schema.entry(part).or_insert_with(|| json!({}));
        for record in records {
            let fields = match part {
                "inputs" => Some(&record.inputs),
                "expectations" => record.expectations.as_ref(),
                _ => match &record.outputs {
                    Some(Json::Object(fields)) => Some(fields),
                    Some(value) if !value.is_null() => {
                        if known.as_object().is_some_and(Map::is_empty) {
                            *known = kind(value).into();
                        }
                        None
                    }
                    _ => None,
                },
            };
            // outputs that once were no object keep their one type
            let (Some(fields), Json::Object(known)) = (fields, &mut *known) else { continue };
            for (name, value) in fields {
                known.entry(name).or_insert_with(|| kind(value).into());
            }
        }
    }
    Ok(Some(longshore_mlflow::json::python(&Json::Object(schema))))
}

/// The type of a value, as MLflow names it.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
