//! Changing where runs stand, deleting and restoring them.

use longshore_mlflow::rest::{
    DeleteRun, Done, RestoreRun, RunStatus, RunTag, UpdateRun, UpdateRunReply, limits,
};

use super::NAME_TAG;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation, Touched},
    operations::run_data,
    routes::Route,
    store::Connection,
};

/// The routes of what changes a run.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<UpdateRun>(), Route::of::<DeleteRun>(), Route::of::<RestoreRun>()]
}

/// Names a run, in its column and in its tag.
///
/// # Errors
/// A refusal of a name that the column does not take, and those of the store.
pub(in crate::operations) fn rename(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run_id: &str,
    name: &str,
) -> Result<(), Error> {
    limits::length("run_name", name, limits::RUN_NAME)?;
    on.execute("UPDATE runs SET name = ? WHERE run_uuid = ?", &[name.into(), run_id.into()])?;
    let value = run_data::tag_value(context, "value", name)?.to_owned();
    run_data::set_tags(on, run_id, &[RunTag { key: NAME_TAG.to_owned(), value }])
}

/// How the metadata of an assessment names the run that made it.
fn made_by(run_id: &str) -> String {
    format!("\"mlflow.assessment.sourceRunId\": \"{run_id}\"")
}

/// Removes the assessments that the runs of an experiment made: deleting a run does so too.
///
/// # Errors
/// Those of the store.
pub(in crate::operations) fn forget_assessments_of(
    on: &mut dyn Connection,
    experiment: i64,
) -> Result<(), Error> {
    let sql = "SELECT assessment_id, assessment_metadata FROM assessments WHERE assessment_metadata LIKE '%mlflow.assessment.sourceRunId%'";
    let assessments = on.query(sql, &[])?;
    if assessments.is_empty() {
        return Ok(());
    }
    let runs =
        on.query("SELECT run_uuid FROM runs WHERE experiment_id = ?", &[experiment.into()])?;
    let runs = runs.into_iter().map(|mut row| row.take::<String>(0).map(|id| made_by(&id)));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    for mut row in assessments {
        let (id, metadata): (String, String) = (row.take(0)?, row.take(1)?);
        if runs.iter().any(|made_by| metadata.contains(made_by)) {
            on.execute("DELETE FROM assessments WHERE assessment_id = ?", &[id.into()])?;
        }
    }
    Ok(())
}

impl Operation for UpdateRun {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::Run(self.run_id.clone())
    }

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::active(on, context, &self.run_id)?;
        let sql = "UPDATE runs SET status = COALESCE(?, status), end_time = COALESCE(?, end_time) WHERE run_uuid = ?";
        let status = self.status.map(RunStatus::name);
        on.execute(sql, &[status.into(), self.end_time.into(), (&self.run_id).into()])?;
        if let Some(name) = self.run_name.as_ref().filter(|it| !it.is_empty()) {
            rename(on, context, &self.run_id, name)?;
        }
        Ok(UpdateRunReply { run_info: super::info(on, context, &self.run_id)? })
    }
}

impl Operation for DeleteRun {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::info(on, context, &self.run_id)?;
        let sql = "DELETE FROM assessments WHERE assessment_metadata LIKE ?";
        on.execute(sql, &[format!("%{}%", made_by(&self.run_id)).into()])?;
        let sql =
            "UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE run_uuid = ?";
        on.execute(sql, &[context.now.into(), (&self.run_id).into()])?;
        Ok(Done)
    }
}

impl Operation for RestoreRun {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::info(on, context, &self.run_id)?;
        // a run without a stage is claimed by a collection of garbage, and as good as gone
        let sql = "UPDATE runs SET lifecycle_stage = 'active', deleted_time = NULL WHERE run_uuid = ? AND lifecycle_stage IS NOT NULL";
        match on.execute(sql, &[(&self.run_id).into()])? {
            0 => Err(Error::missing(format!("Run with id={} not found", self.run_id))),
            _ => Ok(Done),
        }
    }
}
