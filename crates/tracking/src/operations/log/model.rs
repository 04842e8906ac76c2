//! Models of MLflow 2: they are noted in a tag of their run.

use longshore_mlflow::rest::{Done, ErrorCode, LogModel, RunTag, limits};
use serde_json::{Map, Value, json};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::{run_data, runs},
    routes::Route,
    store::{Connection, Dialect},
};

/// The tag, whose value is a JSON list.
const TAG: &str = "mlflow.log-model.history";

/// What the description of a model must have.
const NEEDED: [&str; 4] = ["artifact_path", "flavors", "utc_time_created", "run_id"];

/// The route that notes a model.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<LogModel>()]
}

/// What the tag holds of a model: the settings of a flavor may be long, so they are left out.
fn summary(text: &str) -> Result<Value, Error> {
    let model = serde_json::from_str(text).map_err(|_| {
        Error::invalid(format!("Malformed model info. \n {text} \n is not a valid JSON."))
    })?;
    let Value::Object(mut model) = model else {
        return Err(Error::invalid("`model_json` must be a JSON object: the `MLmodel` file"));
    };
    let missing: Vec<_> = NEEDED.iter().filter(|name| !model.contains_key(**name)).collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|name| format!("'{name}'")).collect();
        let names = names.join(", ");
        let words = format!("Model json is missing mandatory fields: {{{names}}}");
        return Err(Error::invalid(words));
    }
    let mut summary = Map::new();
    for name in ["run_id", "artifact_path"] {
        let value = model.remove(name).filter(|value| !value.is_null());
        summary.extend(value.map(|value| (name.to_owned(), value)));
    }
    for name in ["utc_time_created", "model_uuid"] {
        summary.insert(name.to_owned(), model.remove(name).unwrap_or_default());
    }
    let mut flavors = model.remove("flavors").unwrap_or_default();
    for flavor in flavors.as_object_mut().into_iter().flat_map(Map::values_mut) {
        flavor.as_object_mut().and_then(|flavor| flavor.remove("config"));
    }
    summary.insert("flavors".to_owned(), flavors);
    Ok(summary.into())
}

/// The models that a run noted before.
fn noted(on: &mut dyn Connection, run_id: &str) -> Result<Vec<Value>, Error> {
    let sql = "SELECT value FROM tags WHERE run_uuid = ? AND key = ?";
    let row = on.first(sql, &[run_id.into(), TAG.into()])?;
    let text = row.map(|mut row| row.take::<Option<String>>(0)).transpose()?.flatten();
    let models = text.map_or(Ok(json!([])), |text| serde_json::from_str(&text));
    match models {
        Ok(Value::Array(models)) => Ok(models),
        _ => Err(Error::refused(
            ErrorCode::InvalidState,
            format!(
                "tag `{TAG}` of run `{run_id}` holds no JSON list; delete the tag to log models"
            ),
        )),
    }
}

impl Operation for LogModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let summary = summary(&self.model_json)?;
        runs::active(on, context, &self.run_id)?;
        let mut models = noted(on, &self.run_id)?;
        models.push(summary);
        let value = Value::Array(models).to_string();
        // SQLite keeps any length, as MLflow does there; a list that is cut would be lost
        if on.dialect() == Dialect::Postgres {
            limits::length("value", &value, limits::RUN_TAG_VALUE)?;
        }
        run_data::set_tags(on, &self.run_id, &[RunTag { key: TAG.to_owned(), value }])?;
        Ok(Done)
    }
}
