//! What is named must be there, be deleted, and be old enough, before anything goes. The sentences hold the words
//! of MLflow by which its users know them.

use super::{Age, Wish, claim, sweep::Scope};
use crate::{Error, store::Connection};

/// How a kind of things is looked up, and what is said of one that cannot be collected.
struct Named<'a> {
    ids: &'a Option<Vec<String>>,
    /// A query of the stage, whether it is claimed, and when it was deleted, with a mark for the id.
    sql: String,
    /// When it may have been deleted at the latest.
    before: i64,
    missing: fn(&str) -> String,
    kept: fn(&str) -> String,
    young: fn(&str, &Age) -> String,
}

/// Checks all that is named.
///
/// # Errors
/// A refusal that names what cannot be collected; those of the database.
pub(super) fn named(on: &mut dyn Connection, wish: &Wish, scope: &Scope) -> Result<(), Error> {
    let experiments = Named {
        ids: &wish.experiments,
        sql: format!(
            "SELECT lifecycle_stage, {}, last_update_time FROM experiments WHERE CAST(experiment_id AS TEXT) = ? AND {}",
            truth(claim::EXPERIMENT),
            scope.experiments()
        ),
        before: scope.before.saturating_sub(1),
        missing: |id| format!("No Experiment with id={id} exists"),
        kept: |id| {
            format!(
                "Experiments ['{id}'] are not in the deleted lifecycle stage. Only experiments that are deleted can be collected; delete it first"
            )
        },
        young: |id, age| {
            format!(
                "Experiments ['{id}'] are not older than the required age. Only experiments older than {age} can be deleted."
            )
        },
    };
    let runs = Named {
        ids: &wish.runs,
        sql: format!(
            "SELECT lifecycle_stage, {}, deleted_time FROM runs WHERE run_uuid = ? AND {}",
            truth(claim::RUN),
            scope.inside("runs")
        ),
        before: scope.before,
        missing: |id| format!("Run with id={id} not found"),
        kept: |id| {
            format!(
                "Run {id} is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can be collected; delete it first"
            )
        },
        young: |id, age| {
            format!(
                "Run {id} is not older than the required age. Only runs older than {age} can be deleted."
            )
        },
    };
    let models = Named {
        ids: &wish.models,
        sql: format!(
            "SELECT lifecycle_stage, 0, last_updated_timestamp_ms FROM logged_models WHERE model_id = ? AND {}",
            scope.inside("logged_models")
        ),
        before: scope.before,
        missing: |id| format!("Logged model with ID '{id}' not found."),
        kept: |id| {
            format!(
                "Logged model {id} is not in `deleted` lifecycle stage. Only logged models in `deleted` lifecycle stage can be collected; delete it first"
            )
        },
        young: |id, age| {
            format!(
                "Logged model {id} is not older than the required age. Only logged models older than {age} can be deleted."
            )
        },
    };
    [experiments, runs, models].iter().try_for_each(|kind| kind.check(on, wish, scope))
}

/// A condition as an integer, which both databases have.
fn truth(condition: &str) -> String {
    format!("CASE WHEN {condition} THEN 1 ELSE 0 END")
}

impl Named<'_> {
    fn check(&self, on: &mut dyn Connection, wish: &Wish, scope: &Scope) -> Result<(), Error> {
        for id in self.ids.iter().flatten() {
            let Some(mut row) = on.first(&self.sql, &[vec![id.into()], scope.values()].concat())?
            else {
                if wish.lenient {
                    continue;
                }
                return Err(Error::missing((self.missing)(id)));
            };
            let stage: Option<String> = row.take(0)?;
            if row.take::<i64>(1)? != 0 {
                continue;
            }
            if stage.as_deref() != Some("deleted") {
                return Err(Error::invalid((self.kept)(id)));
            }
            let at: Option<i64> = row.take(2)?;
            match &wish.older_than {
                Some(age) if at.is_none_or(|at| at > self.before) => {
                    return Err(Error::invalid((self.young)(id, age)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
