//! Parameters of logged models.

use std::collections::{BTreeMap, HashMap};

use longshore_mlflow::rest::{Done, LogLoggedModelParams, LoggedModelParameter, limits, names};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::{ROWS, marks, tuples},
    store::{Connection, Value},
};

/// The route that logs parameters.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<LogLoggedModelParams>()]
}

/// Keeps parameters. One that is there with the same value stays, so that a request can be repeated.
///
/// # Errors
/// Refusals of a key that is too long and of a value that would change another, and those of the store.
pub(super) fn log(
    on: &mut dyn Connection,
    model_id: &str,
    experiment: i64,
    params: &[LoggedModelParameter],
) -> Result<(), Error> {
    let mut values = BTreeMap::new();
    for LoggedModelParameter { key, value } in params {
        limits::length("key", key, limits::LOGGED_MODEL_KEY)?;
        let before = values.insert(key, value);
        before.map_or(Ok(()), |before| same(model_id, key, before, value))?;
    }
    let values: Vec<_> = values.into_iter().collect();
    for params in values.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES {} ON CONFLICT (model_id, param_key) DO NOTHING",
            tuples(4, params.len())
        );
        let rows = params.iter().flat_map(|(key, value)| {
            [model_id.into(), experiment.into(), (*key).into(), (*value).into()]
        });
        if on.execute(&sql, &rows.collect::<Vec<Value>>())? == params.len() as u64 {
            continue;
        }
        let kept = kept(on, model_id, params)?;
        for (key, value) in params {
            kept.get(*key).map_or(Ok(()), |before| same(model_id, key, before, value))?;
        }
    }
    Ok(())
}

/// The values that parameters have already.
fn kept(
    on: &mut dyn Connection,
    model_id: &str,
    params: &[(&String, &String)],
) -> Result<HashMap<String, String>, Error> {
    let sql = format!(
        "SELECT param_key, param_value FROM logged_model_params WHERE model_id = ? AND param_key IN ({})",
        marks(params.len())
    );
    let keys = params.iter().map(|(key, _)| (*key).into());
    let rows = on.query(&sql, &std::iter::once(model_id.into()).chain(keys).collect::<Vec<_>>())?;
    rows.into_iter().map(|mut row| Ok((row.take(0)?, row.take(1)?))).collect()
}

fn same(model_id: &str, key: &str, old: &str, new: &str) -> Result<(), Error> {
    if old == new {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for model ID='{model_id}'. Attempted logging new value '{new}'."
    )))
}

impl Operation for LogLoggedModelParams {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::LoggedModel(&self.model_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let model = super::info(on, context, &self.model_id)?;
        let experiment = names::experiment_id(&model.experiment_id.unwrap_or_default())?;
        log(on, &self.model_id, experiment, &self.params)?;
        Ok(Done)
    }
}
