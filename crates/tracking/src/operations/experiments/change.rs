//! Deleting, restoring and renaming experiments.

use longshore_mlflow::rest::{
    DeleteExperiment, Done, ErrorCode, RestoreExperiment, UpdateExperiment, names,
};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::runs,
    routes::Route,
    store::Connection,
};

/// The routes of what changes an experiment.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<DeleteExperiment>(),
        Route::of::<RestoreExperiment>(),
        Route::of::<UpdateExperiment>(),
    ]
}

/// Marks an experiment from one stage of life to another; its runs follow.
fn move_stage(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
    [from, to]: [&str; 2],
) -> Result<(), Error> {
    let id = names::experiment_id(id)?;
    let sql = "UPDATE experiments SET lifecycle_stage = ?, last_update_time = ? WHERE experiment_id = ? AND workspace = ? AND lifecycle_stage = ?";
    let workspace = &context.caller.workspace;
    let values = [to.into(), context.now.into(), id.into(), workspace.into(), from.into()];
    if on.execute(sql, &values)? == 0 {
        return Err(Error::missing(format!("No Experiment with id={id} exists")));
    }
    let deleted = (to == "deleted").then_some(context.now);
    // a run without a stage is claimed by a collection of garbage
    let sql = "UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE experiment_id = ? AND lifecycle_stage IS NOT NULL";
    on.execute(sql, &[to.into(), deleted.into(), id.into()])?;
    Ok(())
}

impl Operation for DeleteExperiment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        move_stage(on, context, &self.experiment_id, ["active", "deleted"])?;
        runs::forget_assessments_of(on, names::experiment_id(&self.experiment_id)?)?;
        Ok(Done)
    }
}

impl Operation for RestoreExperiment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        move_stage(on, context, &self.experiment_id, ["deleted", "active"])?;
        Ok(Done)
    }
}

impl Operation for UpdateExperiment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        names::experiment(&self.new_name)?;
        let experiment = super::by_id(on, context, &self.experiment_id)?;
        if experiment.lifecycle_stage.as_deref() != Some("active") {
            let words = "Cannot rename a non-active experiment.";
            return Err(Error::refused(ErrorCode::InvalidState, words));
        }
        let id = names::experiment_id(&self.experiment_id)?;
        let sql =
            "SELECT 1 FROM experiments WHERE workspace = ? AND name = ? AND experiment_id <> ?";
        let workspace = &context.caller.workspace;
        let values = [workspace.into(), (&self.new_name).into(), id.into()];
        if on.first(sql, &values)?.is_some() {
            return Err(super::exists(&self.new_name));
        }
        let sql = "UPDATE experiments SET name = ?, last_update_time = ? WHERE experiment_id = ?";
        on.execute(sql, &[(&self.new_name).into(), context.now.into(), id.into()])?;
        Ok(Done)
    }
}
