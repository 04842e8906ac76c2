//! What is named must be there, be deleted, and be old enough, before anything goes. The sentences hold the words
//! of MLflow by which its users know them.

use super::{Age, Wish, claim, sweep::Scope};
use crate::{
    Error,
    store::{Connection, Row},
};

/// What is known of something that is named.
struct Found {
    stage: Option<String>,
    claimed: bool,
    /// When it was deleted, as far as that is known.
    at: Option<i64>,
}

/// Checks all that is named.
///
/// # Errors
/// A refusal that names what cannot be collected; those of the database.
pub(super) fn named(on: &mut dyn Connection, wish: &Wish, scope: &Scope) -> Result<(), Error> {
    for id in wish.experiments.iter().flatten() {
        let sql = format!(
            "SELECT lifecycle_stage, {}, last_update_time FROM experiments WHERE CAST(experiment_id AS TEXT) = ? AND {}",
            truth(claim::EXPERIMENT),
            scope.experiments()
        );
        let kept = || {
            Error::invalid(format!(
                "Experiments ['{id}'] are not in the deleted lifecycle stage. Only experiments that are deleted can be collected; delete it first"
            ))
        };
        let missing = || Error::missing(format!("No Experiment with id={id} exists"));
        let young = |age: &Age| {
            Error::invalid(format!(
                "Experiments ['{id}'] are not older than the required age. Only experiments older than {age} can be deleted."
            ))
        };
        if let Some(found) = find(on, wish, &sql, scope, id, missing)? {
            judge(&found, wish, scope.before.saturating_sub(1), kept, young)?;
        }
    }
    for id in wish.runs.iter().flatten() {
        let sql = format!(
            "SELECT lifecycle_stage, {}, deleted_time FROM runs WHERE run_uuid = ? AND {}",
            truth(claim::RUN),
            scope.inside("runs")
        );
        let kept = || {
            Error::invalid(format!(
                "Run {id} is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can be collected; delete it first"
            ))
        };
        let missing = || Error::missing(format!("Run with id={id} not found"));
        let young = |age: &Age| {
            Error::invalid(format!(
                "Run {id} is not older than the required age. Only runs older than {age} can be deleted."
            ))
        };
        if let Some(found) = find(on, wish, &sql, scope, id, missing)? {
            judge(&found, wish, scope.before, kept, young)?;
        }
    }
    for id in wish.models.iter().flatten() {
        let sql = format!(
            "SELECT lifecycle_stage, 0, last_updated_timestamp_ms FROM logged_models WHERE model_id = ? AND {}",
            scope.inside("logged_models")
        );
        let kept = || {
            Error::invalid(format!(
                "Logged model {id} is not in `deleted` lifecycle stage. Only logged models in `deleted` lifecycle stage can be collected; delete it first"
            ))
        };
        let missing = || Error::missing(format!("Logged model with ID '{id}' not found."));
        let young = |age: &Age| {
            Error::invalid(format!(
                "Logged model {id} is not older than the required age. Only logged models older than {age} can be deleted."
            ))
        };
        if let Some(found) = find(on, wish, &sql, scope, id, missing)? {
            judge(&found, wish, scope.before, kept, young)?;
        }
    }
    Ok(())
}

/// A condition as an integer, which both databases have.
fn truth(condition: &str) -> String {
    format!("CASE WHEN {condition} THEN 1 ELSE 0 END")
}

fn find(
    on: &mut dyn Connection,
    wish: &Wish,
    sql: &str,
    scope: &Scope,
    id: &str,
    missing: impl Fn() -> Error,
) -> Result<Option<Found>, Error> {
    let row = on.first(sql, &[vec![id.into()], scope.values()].concat())?;
    let found = |mut row: Row| {
        let (stage, claimed) = (row.take(0)?, row.take::<i64>(1)? != 0);
        Ok(Found { stage, claimed, at: row.take(2)? })
    };
    match row {
        Some(row) => found(row).map(Some),
        None if wish.lenient => Ok(None),
        None => Err(missing()),
    }
}

fn judge(
    found: &Found,
    wish: &Wish,
    before: i64,
    kept: impl Fn() -> Error,
    young: impl Fn(&Age) -> Error,
) -> Result<(), Error> {
    if found.claimed {
        return Ok(());
    }
    if found.stage.as_deref() != Some("deleted") {
        return Err(kept());
    }
    match &wish.older_than {
        Some(age) if found.at.is_none_or(|at| at > before) => Err(young(age)),
        _ => Ok(()),
    }
}
