//! Experiments.

use longshore_mlflow::rest::{
    CreateExperiment, CreateExperimentReply, ErrorCode, Experiment, ExperimentReply, GetExperiment,
};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::Connection,
};

/// The routes of experiments.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<CreateExperiment>(), Route::of::<GetExperiment>()]
}

impl Operation for CreateExperiment {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let now = context.now;
        let sql = "INSERT INTO experiments (name, lifecycle_stage, creation_time, last_update_time, workspace) VALUES (?, 'active', ?, ?, ?) ON CONFLICT (workspace, name) DO NOTHING RETURNING experiment_id";
        let workspace = &context.caller.workspace;
        let row =
            on.first(sql, &[(&self.name).into(), now.into(), now.into(), workspace.into()])?;
        let Some(mut row) = row else {
            let words = format!("Experiment '{}' already exists.", self.name);
            return Err(Error::refused(ErrorCode::ResourceAlreadyExists, words));
        };
        let experiment_id = row.take::<i64>(0)?.to_string();
        Ok(CreateExperimentReply { experiment_id })
    }
}

impl Operation for GetExperiment {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let sql = "SELECT name, artifact_location, lifecycle_stage FROM experiments WHERE experiment_id = ? AND workspace = ?";
        let id: i64 = self.experiment_id.parse().unwrap_or(-1);
        let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
        let mut row = row.ok_or_else(|| {
            Error::missing(format!("No Experiment with id={} exists", self.experiment_id))
        })?;
        Ok(ExperimentReply {
            experiment: Experiment {
                experiment_id: self.experiment_id.clone(),
                name: row.take(0)?,
                artifact_location: row.take(1)?,
                lifecycle_stage: row.take(2)?,
                ..Experiment::default()
            },
        })
    }
}
