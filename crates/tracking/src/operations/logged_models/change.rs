//! Saying whether a logged model's files arrived, and deleting it.

use longshore_mlflow::rest::{DeleteLoggedModel, Done, FinalizeLoggedModel};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::Connection,
};

/// The routes of what changes a logged model.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<FinalizeLoggedModel>(), Route::of::<DeleteLoggedModel>()]
}

impl Operation for FinalizeLoggedModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::LoggedModel(&self.model_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::info(on, context, &self.model_id)?;
        let sql = "UPDATE logged_models SET status = ? WHERE model_id = ?";
        on.execute(sql, &[self.status.number().into(), (&self.model_id).into()])?;
        super::touch(on, context, &self.model_id)?;
        super::reply(on, &self.model_id)
    }
}

impl Operation for DeleteLoggedModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::LoggedModel(&self.model_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::info(on, context, &self.model_id)?;
        let sql = "UPDATE logged_models SET lifecycle_stage = 'deleted' WHERE model_id = ?";
        on.execute(sql, &[(&self.model_id).into()])?;
        super::touch(on, context, &self.model_id)?;
        Ok(Done)
    }
}
