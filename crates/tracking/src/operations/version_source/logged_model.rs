use serde_json::{Value, json};

use crate::{Error, operation::Context, store::Connection};

/// The tag of a logged model that lists the versions it became, as JSON.
const VERSIONS: &str = "mlflow.modelVersions";

/// What registering needs of a logged model.
pub(super) struct LoggedModel {
    /// Its id.
    pub(super) id: String,
    /// Where its files are.
    pub(super) location: String,
    /// The run that made it.
    pub(super) run_id: Option<String>,
    experiment_id: i64,
}

/// The logged model of an id, when there is one that was not deleted.
///
/// # Errors
/// Those of the store.
pub(super) fn find(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
) -> Result<Option<LoggedModel>, Error> {
    let sql = "SELECT m.artifact_location, m.source_run_id, m.experiment_id FROM logged_models m JOIN experiments e ON e.experiment_id = m.experiment_id WHERE m.model_id = ? AND m.lifecycle_stage = 'active' AND e.workspace = ?";
    let row = on.first(sql, &[id.into(), (&context.caller.workspace).into()])?;
    let Some(mut row) = row else { return Ok(None) };
    let run_id = row.take::<Option<String>>(1)?.filter(|id| !id.is_empty());
    let (location, experiment_id) = (row.take(0)?, row.take(2)?);
    Ok(Some(LoggedModel { id: id.to_owned(), location, run_id, experiment_id }))
}

impl LoggedModel {
    /// Adds a version to the list of those that it became.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn register(
        &self,
        on: &mut dyn Connection,
        name: &str,
        version: i64,
    ) -> Result<(), Error> {
        let sql = "SELECT tag_value FROM logged_model_tags WHERE model_id = ? AND tag_key = ?";
        let row = on.first(sql, &[(&self.id).into(), VERSIONS.into()])?;
        let text: Option<String> = row.map_or(Ok(None), |mut row| row.take(0))?;
        let before = text.and_then(|text| serde_json::from_str(&text).ok());
        let Value::Array(mut versions) = before.unwrap_or_else(|| json!([])) else {
            return Err(Error::invalid(format!(
                "the tag `{VERSIONS}` of the logged model `{}` is not a JSON list; remove it to register the model",
                self.id
            )));
        };
        let version = json!({"name": name, "version": version});
        if !versions.contains(&version) {
            versions.push(version);
        }
        let sql = "INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES (?, ?, ?, ?) ON CONFLICT (model_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value";
        let values = [
            (&self.id).into(),
            self.experiment_id.into(),
            VERSIONS.into(),
            Value::Array(versions).to_string().into(),
        ];
        on.execute(sql, &values)?;
        Ok(())
    }
}
