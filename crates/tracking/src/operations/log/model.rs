//! Models of MLflow 2: they are noted in a tag of their run.

use std::fmt;

use longshore_mlflow::rest::{Done, ErrorCode, LogModel, RunTag, limits};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, error::Category, value::RawValue};

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

/// What the tag holds of a model: the settings of a flavor may be long, so they are left out. It is the text
/// that MLflow writes: the fields in its order, the flavors in the client's.
fn summary(text: &str) -> Result<String, Error> {
    let malformed =
        || Error::invalid(format!("Malformed model info. \n {text} \n is not a valid JSON."));
    let Entries(model) = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => Error::invalid("`model_json` must be a JSON object: the `MLmodel` file"),
        _ => malformed(),
    })?;
    let find =
        |name: &str| model.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.get());
    let missing: Vec<_> = NEEDED.iter().filter(|name| find(name).is_none()).collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|name| format!("'{name}'")).collect();
        let names = names.join(", ");
        let words = format!("Model json is missing mandatory fields: {{{names}}}");
        return Err(Error::invalid(words));
    }
    let mut all = Vec::new();
    for name in ["run_id", "artifact_path"] {
        let value = find(name).filter(|value| *value != "null");
        all.extend(value.map(|value| (name, value.to_owned())));
    }
    for name in ["utc_time_created", "model_uuid"] {
        all.push((name, find(name).unwrap_or("null").to_owned()));
    }
    let flavors = find("flavors").map(flavors).unwrap_or_default();
    all.push(("flavors", flavors));
    Ok(object(all.iter().map(|(name, value)| (*name, value.as_str()))))
}

/// The flavors without their settings.
fn flavors(text: &str) -> String {
    let Ok(Entries(flavors)) = serde_json::from_str(text) else { return text.to_owned() };
    let without = |text: &str| match serde_json::from_str(text) {
        Ok(Entries(flavor)) => {
            object(flavor.iter().filter(|it| it.0 != "config").map(|(k, v)| (k.as_str(), v.get())))
        }
        Err(_) => text.to_owned(),
    };
    let all: Vec<_> = flavors.iter().map(|(name, it)| (name, without(it.get()))).collect();
    object(all.iter().map(|(name, it)| (name.as_str(), it.as_str())))
}

/// An object as Python prints it.
fn object<'v>(entries: impl Iterator<Item = (&'v str, &'v str)>) -> String {
    let entries: Vec<_> =
        entries.map(|(name, value)| format!("{}: {value}", Value::from(name))).collect();
    format!("{{{}}}", entries.join(", "))
}

/// The entries of an object in their order, their values as they were written.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// The list of the models that a run noted before, and of one more.
fn noted(on: &mut dyn Connection, run_id: &str, summary: &str) -> Result<String, Error> {
    let sql = "SELECT value FROM tags WHERE run_uuid = ? AND key = ?";
    let row = on.first(sql, &[run_id.into(), TAG.into()])?;
    let text = row.map(|mut row| row.take::<Option<String>>(0)).transpose()?.flatten();
    let before: Vec<Box<RawValue>> = serde_json::from_str(text.as_deref().unwrap_or("[]"))
        .map_err(|_| {
            Error::refused(
                ErrorCode::InvalidState,
                format!(
                    "tag `{TAG}` of run `{run_id}` holds no JSON list; delete the tag to log models"
                ),
            )
        })?;
    let all: Vec<_> = before.iter().map(|it| it.get()).chain([summary]).collect();
    Ok(format!("[{}]", all.join(", ")))
}

impl Operation for LogModel {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Run(&self.run_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let summary = summary(&self.model_json)?;
        runs::active(on, context, &self.run_id)?;
        let value = noted(on, &self.run_id, &summary)?;
        // SQLite keeps any length, as MLflow does there; a list that is cut would be lost
        if on.dialect() == Dialect::Postgres {
            limits::length("value", &value, limits::RUN_TAG_VALUE)?;
        }
        run_data::set_tags(on, &self.run_id, &[RunTag { key: TAG.to_owned(), value }])?;
        Ok(Done)
    }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_summary_is_the_text_that_mlflow_writes() {
        let model = r#"{"utc_time_created": "2026-01-01 00:00:00", "run_id": "r", "model_uuid": "u", "flavors": {"sklearn": {"pickled_model": "m.pkl", "config": {"a": 1}, "code": null}, "python_function": {"loader_module": "x", "env": {"virtualenv": "v", "conda": "c"}}}, "artifact_path": "m", "signature": {"inputs": "[]"}}"#;
        let wanted = r#"{"run_id": "r", "artifact_path": "m", "utc_time_created": "2026-01-01 00:00:00", "model_uuid": "u", "flavors": {"sklearn": {"pickled_model": "m.pkl", "code": null}, "python_function": {"loader_module": "x", "env": {"virtualenv": "v", "conda": "c"}}}}"#;
        assert_eq!(summary(model).unwrap(), wanted);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        for (text, words) in [
            ("{", "is not a valid JSON"),
            ("[]", "must be a JSON object"),
            (
                "{}",
                "missing mandatory fields: {'artifact_path', 'flavors', 'utc_time_created', 'run_id'}",
            ),
        ] {
            let error = summary(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
