//! Logged models: making them, and asking for them.

mod change;
mod create;
mod load;
mod params;
mod tags;

use std::collections::BTreeSet;

use longshore_mlflow::rest::{GetLoggedModel, LoggedModelInfo, LoggedModelReply};

pub(super) use load::load;

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::{Connection, Value},
};

/// The routes of logged models.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![Route::of::<GetLoggedModel>()];
    [own, create::routes(), change::routes(), params::routes(), tags::routes()].concat()
}

/// What is needed to say something of logged models that a request names beside its run: to read them.
pub(super) fn readable<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<Need<'a>> {
    let ids: BTreeSet<_> = ids.into_iter().filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    vec![Need { level: Level::Read, objects: ids.into_iter().map(Object::LoggedModel).collect() }]
}

/// What identifies a logged model and where it stands, without its tags, when its experiment is in the
/// workspace of the caller. It may be deleted.
///
/// # Errors
/// A refusal of an id that no model has, and those of the store.
pub(super) fn info(
    on: &mut dyn Connection,
    context: &Context<'_>,
    model_id: &str,
) -> Result<LoggedModelInfo, Error> {
    find(on, context, model_id, "")
}

/// As [`info`], with one more condition.
fn find(
    on: &mut dyn Connection,
    context: &Context<'_>,
    model_id: &str,
    condition: &str,
) -> Result<LoggedModelInfo, Error> {
    let sql = format!(
        "SELECT {} FROM logged_models JOIN experiments ON experiments.experiment_id = logged_models.experiment_id WHERE logged_models.model_id = ? AND experiments.workspace = ?{condition}",
        load::COLUMNS
    );
    let row = on.first(&sql, &[model_id.into(), (&context.caller.workspace).into()])?;
    load::info(row.ok_or_else(|| missing(model_id))?)
}

fn missing(model_id: &str) -> Error {
    Error::missing(format!("Logged model with ID '{model_id}' not found."))
}

/// The whole model, as a reply.
fn reply(on: &mut dyn Connection, model_id: &str) -> Result<LoggedModelReply, Error> {
    let model = load(on, &[model_id.to_owned()])?.into_iter().next();
    Ok(LoggedModelReply { model: model.ok_or_else(|| missing(model_id))? })
}

/// Notes when a model was changed.
fn touch(on: &mut dyn Connection, context: &Context<'_>, model_id: &str) -> Result<(), Error> {
    let sql = "UPDATE logged_models SET last_updated_timestamp_ms = ? WHERE model_id = ?";
    let values: [Value; 2] = [context.now.into(), model_id.into()];
    on.execute(sql, &values)?;
    Ok(())
}

impl Operation for GetLoggedModel {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::LoggedModel(&self.model_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let condition = match self.allow_deleted {
            Some(true) => "",
            _ => " AND logged_models.lifecycle_stage <> 'deleted'",
        };
        find(on, context, &self.model_id, condition)?;
        reply(on, &self.model_id)
    }
}
