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
            as_python(&Value::Array(versions)).into(),
        ];
        on.execute(sql, &values)?;
        Ok(())
    }
}

/// A value as Python's `json.dumps` writes it: clients compare the tag's text.
fn as_python(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", joined(items.iter().map(as_python).collect())),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                format!("{}: {}", as_python(&key.as_str().into()), as_python(value))
            };
            format!("{{{}}}", joined(fields.iter().map(field).collect()))
        }
        plain => {
            let written = plain.to_string();
            let units = written.encode_utf16().map(|unit| {
                let ascii = u8::try_from(unit).ok().filter(u8::is_ascii).map(char::from);
                ascii.map_or_else(|| format!("\\u{unit:04x}"), String::from)
            });
            units.collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::as_python;

    #[test]
    fn the_tag_is_written_as_python_writes_it() {
        let versions = json!([{"name": "mod\"èl 𝛼", "version": 1}, {"name": "b", "version": 12}]);
        // by `json.dumps`
        let wanted = r#"[{"name": "mod\"\u00e8l \ud835\udefc", "version": 1}, {"name": "b", "version": 12}]"#;
        assert_eq!(as_python(&versions), wanted);
        assert_eq!(as_python(&json!([])), "[]");
    }
}
