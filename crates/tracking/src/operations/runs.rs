//! Runs: making them, and asking for them.

mod change;
mod create;
mod load;

use longshore_mlflow::rest::{GetRun, RunInfo, RunReply, RunStatus};

pub(super) use change::{forget_assessments_of, rename};
use load::complete;
pub(super) use load::{load, metric, texts};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::{Connection, Row},
};

/// The tag that holds a run's name, beside the column.
pub(super) const NAME_TAG: &str = "mlflow.runName";

/// The columns that [`of`] reads.
const COLUMNS: &str = "runs.run_uuid, runs.experiment_id, runs.name, runs.user_id, runs.status, runs.start_time, runs.end_time, runs.artifact_uri, runs.lifecycle_stage";

/// The routes of runs.
pub(super) fn routes() -> Vec<Route> {
    [vec![Route::of::<GetRun>()], create::routes(), change::routes()].concat()
}

/// What identifies a run and where it stands, when its experiment is in the workspace of the caller.
///
/// # Errors
/// A refusal of an id that no run has, and those of the store.
pub(super) fn info(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run_id: &str,
) -> Result<RunInfo, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE runs.run_uuid = ? AND experiments.workspace = ?"
    );
    let row = on.first(&sql, &[run_id.into(), (&context.caller.workspace).into()])?;
    of(row.ok_or_else(|| Error::missing(format!("Run with id={run_id} not found")))?)
}

/// As [`info`], of a run that is active: others take no changes.
///
/// # Errors
/// As [`info`], and a refusal of a run that is deleted.
pub(super) fn active(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run_id: &str,
) -> Result<RunInfo, Error> {
    let info = info(on, context, run_id)?;
    match info.lifecycle_stage.as_deref() {
        Some("active") => Ok(info),
        stage => Err(Error::invalid(format!(
            "The run {run_id} must be in the 'active' state. Current state is {}.",
            stage.unwrap_or("unknown")
        ))),
    }
}

/// From [`COLUMNS`].
fn of(mut row: Row) -> Result<RunInfo, Error> {
    let run_id: String = row.take(0)?;
    let status = row.take::<Option<String>>(4)?;
    Ok(RunInfo {
        run_uuid: Some(run_id.clone()),
        run_id,
        experiment_id: row.take::<i64>(1)?.to_string(),
        run_name: row.take(2)?,
        user_id: Some(row.take::<Option<String>>(3)?.unwrap_or_default()),
        status: status.as_deref().and_then(RunStatus::parse),
        start_time: Some(row.take::<Option<i64>>(5)?.unwrap_or_default()),
        end_time: row.take::<Option<i64>>(6)?.filter(|it| *it != 0),
        artifact_uri: row.take::<Option<String>>(7)?.filter(|it| !it.is_empty()),
        lifecycle_stage: row.take(8)?,
    })
}

impl Operation for GetRun {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let info = info(on, context, &self.run_id)?;
        let run = complete(on, vec![info])?.into_iter().next();
        run.map(|run| RunReply { run })
            .ok_or_else(|| Error::missing(format!("Run with id={} not found", self.run_id)))
    }

    fn body(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Option<String>, Error> {
        let sql = "SELECT 1 FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id WHERE runs.run_uuid = ? AND experiments.workspace = ?";
        let values = [(&self.run_id).into(), (&context.caller.workspace).into()];
        // what is not found is refused by the answer
        let is_there = on.first(sql, &values)?.is_some();
        let ids = if is_there { std::slice::from_ref(&self.run_id) } else { &[] };
        Ok(texts(on, ids)?.first().map(|run| format!("{{\"run\":{run}}}")))
    }
}

#[cfg(test)]
mod tests;
