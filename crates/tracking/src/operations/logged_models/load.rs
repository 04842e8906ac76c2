//! Whole logged models, many at a time: a query for each kind of data, whatever the number of models.

use std::collections::HashMap;

use longshore_mlflow::rest::{
    LoggedModel, LoggedModelData, LoggedModelInfo, LoggedModelParameter, LoggedModelStatus,
    LoggedModelTag, Metric,
};

use crate::{
    Error,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

/// The columns that [`info`] reads.
pub(super) const COLUMNS: &str = "logged_models.model_id, logged_models.experiment_id, logged_models.name, logged_models.creation_timestamp_ms, logged_models.last_updated_timestamp_ms, logged_models.artifact_location, logged_models.status, logged_models.model_type, logged_models.source_run_id, logged_models.status_message";

/// The logged models with `ids`, in their order, with all that was logged about them, deleted ones too.
/// Ids of none are left out.
///
/// # Errors
/// Those of the store.
pub(in crate::operations) fn load(
    on: &mut dyn Connection,
    ids: &[String],
) -> Result<Vec<LoggedModel>, Error> {
    let mut found = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(ROWS) {
        let keys: Vec<Value> = ids.iter().map(Into::into).collect();
        let marks = marks(ids.len());
        let sql = format!("SELECT {COLUMNS} FROM logged_models WHERE model_id IN ({marks})");
        for row in on.query(&sql, &keys)? {
            let info = info(row)?;
            let data = Some(LoggedModelData::default());
            found.insert(info.model_id.clone(), LoggedModel { info, data });
        }
        fill(on, &marks, &keys, &mut found)?;
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Adds what was logged to the models with `keys`.
fn fill(
    on: &mut dyn Connection,
    marks: &str,
    keys: &[Value],
    found: &mut HashMap<String, LoggedModel>,
) -> Result<(), Error> {
    let mut each = |sql: &str, add: &dyn Fn(&mut LoggedModel, Row) -> Result<(), Error>| {
        for mut row in on.query(&sql.replace("MODELS", marks), keys)? {
            let id: String = row.take(0)?;
            if let Some(model) = found.get_mut(&id) {
                add(model, row)?;
            }
        }
        Ok::<_, Error>(())
    };
    let sql =
        "SELECT model_id, tag_key, tag_value FROM logged_model_tags WHERE model_id IN (MODELS)";
    each(sql, &|model, mut row| {
        model.info.tags.push(LoggedModelTag { key: row.take(1)?, value: row.take(2)? });
        Ok(())
    })?;
    let sql = "SELECT model_id, param_key, param_value FROM logged_model_params WHERE model_id IN (MODELS)";
    each(sql, &|model, mut row| {
        let param = LoggedModelParameter { key: row.take(1)?, value: row.take(2)? };
        model.data.get_or_insert_default().params.push(param);
        Ok(())
    })?;
    let sql = "SELECT model_id, metric_name, metric_value, metric_timestamp_ms, metric_step, dataset_name, dataset_digest, run_id FROM logged_model_metrics WHERE model_id IN (MODELS)";
    each(sql, &|model, mut row| {
        let metric = Metric {
            key: row.take(1)?,
            value: row.take::<Option<f64>>(2)?.unwrap_or(f64::NAN),
            timestamp: row.take(3)?,
            step: Some(row.take(4)?),
            dataset_name: row.take(5)?,
            dataset_digest: row.take(6)?,
            run_id: row.take(7)?,
            model_id: Some(model.info.model_id.clone()),
        };
        model.data.get_or_insert_default().metrics.push(metric);
        Ok(())
    })
}

/// From [`COLUMNS`].
pub(super) fn info(mut row: Row) -> Result<LoggedModelInfo, Error> {
    let number: i64 = row.take(6)?;
    let status = LoggedModelStatus::ALL.iter().find(|it| i64::from(it.number()) == number);
    Ok(LoggedModelInfo {
        model_id: row.take(0)?,
        experiment_id: Some(row.take::<i64>(1)?.to_string()),
        name: row.take(2)?,
        creation_timestamp_ms: row.take(3)?,
        last_updated_timestamp_ms: row.take(4)?,
        artifact_uri: row.take(5)?,
        status: status.copied(),
        model_type: row.take(7)?,
        source_run_id: row.take(8)?,
        status_message: row.take(9)?,
        ..LoggedModelInfo::default()
    })
}
