//! Beginning to log a model.

use longshore_mlflow::rest::{CreateLoggedModel, LoggedModelStatus, names};

use super::{params, tags};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::{artifact_uri::below, experiments},
    random,
    routes::Route,
    store::Connection,
};

/// The route that makes a logged model.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<CreateLoggedModel>()]
}

impl Operation for CreateLoggedModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        let run = self.source_run_id.as_deref().filter(|id| !id.is_empty());
        run.map(|id| Need::of(Level::Read, Object::Run(id))).into_iter().collect()
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let name = self.name.as_deref().filter(|it| !it.is_empty());
        name.map(names::logged_model).transpose()?;
        let experiment = experiments::active(on, context, &self.experiment_id)?;
        let id = names::experiment_id(&self.experiment_id)?;
        let model_id = format!("m-{}", random::id()?);
        let root = experiment.artifact_location.as_deref().unwrap_or_default();
        let name = name.map_or_else(random::name, |it| Ok(it.to_owned()))?;
        let sql = "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id) VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?, ?)";
        let values = [
            (&model_id).into(),
            id.into(),
            name.into(),
            below(root, &format!("models/{model_id}/artifacts")).into(),
            context.now.into(),
            context.now.into(),
            LoggedModelStatus::Pending.number().into(),
            self.model_type.clone().unwrap_or_default().into(),
            self.source_run_id.clone().unwrap_or_default().into(),
        ];
        on.execute(sql, &values)?;
        params::log(on, &model_id, id, &self.params)?;
        tags::set(on, &model_id, id, &self.tags)?;
        super::reply(on, &model_id)
    }
}
