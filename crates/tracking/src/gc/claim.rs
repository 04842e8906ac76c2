//! Claims: what has one is neither active nor deleted, so that nobody restores it.
//!
//! A run that is claimed has no stage of life but a time at which it was deleted; an experiment has a tag beside.
//! MLflow makes neither.

use crate::{
    Error,
    sql::marks,
    store::{Connection, Value},
};

/// The tag of an experiment that is claimed.
const TAG: &str = "longshore.gc.claimed";

/// What says of a row of `runs` that it is claimed.
pub(super) const RUN: &str = "(runs.lifecycle_stage IS NULL AND runs.deleted_time IS NOT NULL)";

/// What says of a row of `experiments` that it is claimed.
pub(super) const EXPERIMENT: &str = "(experiments.lifecycle_stage IS NULL AND EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment_id = experiments.experiment_id AND t.key = 'longshore.gc.claimed'))";

/// Claims runs that are deleted still: those of them that are claimed now.
///
/// # Errors
/// Those of the database.
pub(super) fn runs(on: &mut dyn Connection, ids: &[Value], now: i64) -> Result<Vec<String>, Error> {
    let marks = marks(ids.len());
    let sql = format!(
        "UPDATE runs SET lifecycle_stage = NULL, deleted_time = coalesce(deleted_time, ?) WHERE run_uuid IN ({marks}) AND lifecycle_stage = 'deleted'"
    );
    on.execute(&sql, &[&[now.into()], ids].concat())?;
    let sql = format!("SELECT run_uuid FROM runs WHERE run_uuid IN ({marks}) AND {RUN}");
    on.query(&sql, ids)?.into_iter().map(|mut row| row.take(0)).collect()
}

/// Gives up the claim of runs that could not be collected.
///
/// # Errors
/// Those of the database.
pub(super) fn release_runs(on: &mut dyn Connection, ids: &[Value]) -> Result<(), Error> {
    let marks = marks(ids.len());
    let sql = format!(
        "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN ({marks}) AND {RUN}"
    );
    on.execute(&sql, ids).map(drop)
}

/// Claims an experiment that is deleted still: whether it is claimed now.
///
/// # Errors
/// Those of the database.
pub(super) fn experiment(on: &mut dyn Connection, id: i64) -> Result<bool, Error> {
    let sql = "UPDATE experiments SET lifecycle_stage = NULL WHERE experiment_id = ? AND lifecycle_stage = 'deleted'";
    if on.execute(sql, &[id.into()])? > 0 {
        let sql = "INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, 'true') ON CONFLICT DO NOTHING";
        on.execute(sql, &[id.into(), TAG.into()])?;
    }
    let sql = format!("SELECT 1 FROM experiments WHERE experiment_id = ? AND {EXPERIMENT}");
    Ok(on.first(&sql, &[id.into()])?.is_some())
}

/// Gives up the claim of an experiment that could not be collected.
///
/// # Errors
/// Those of the database.
pub(super) fn release_experiment(on: &mut dyn Connection, id: i64) -> Result<(), Error> {
    let sql = format!(
        "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE experiment_id = ? AND {EXPERIMENT}"
    );
    on.execute(&sql, &[id.into()])?;
    let sql = "DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?";
    on.execute(sql, &[id.into(), TAG.into()]).map(drop)
}
