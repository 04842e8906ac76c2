//! Tags of evaluation datasets. Requests hold them as a text that is a JSON object.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    DeleteEvaluationDatasetTag, Done, SetEvaluationDatasetTags, limits::length,
};
use serde_json::{Map, Value as Json};

use super::by_id;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::{ROWS, tuples},
    store::{Connection, Value},
};

/// Longest key of a tag, in characters.
const KEY: usize = 255;

/// Longest value of a tag, in characters.
const VALUE: usize = 5000;

/// The routes of tags.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<SetEvaluationDatasetTags>(), Route::of::<DeleteEvaluationDatasetTag>()]
}

/// Reads tags. Numbers and truth values become the texts that Python has for them.
///
/// # Errors
/// Refusals of what is no JSON object, and of keys and values that are too long or have no text.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Option<String>>, Error> {
    let map: Map<String, Json> = serde_json::from_str(text).map_err(|error| {
        Error::invalid(format!("`tags` is not the text of a JSON object: {error}"))
    })?;
    let tags = map.into_iter().map(|(key, value)| {
        length("key", &key, KEY)?;
        let value = match value {
            Json::Null => None,
            Json::String(text) => Some(text),
            Json::Bool(flag) => Some(if flag { "True" } else { "False" }.to_owned()),
            Json::Number(number) => Some(number.to_string()),
            Json::Array(_) | Json::Object(_) => {
                let words = format!("the value of the tag `{key}` is no text; send it as a text");
                return Err(Error::invalid(words));
            }
        };
        length("value", value.as_deref().unwrap_or_default(), VALUE)?;
        Ok((key, value))
    });
    tags.collect()
}

/// Sets tags.
pub(super) fn set(
    on: &mut dyn Connection,
    dataset_id: &str,
    tags: &BTreeMap<String, Option<String>>,
) -> Result<(), Error> {
    let tags: Vec<_> = tags.iter().collect();
    for tags in tags.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO evaluation_dataset_tags (dataset_id, key, value) VALUES {} ON CONFLICT (dataset_id, key) DO UPDATE SET value = excluded.value",
            tuples(3, tags.len())
        );
        let rows = tags.iter().flat_map(|(key, value)| {
            [dataset_id.into(), (*key).into(), Value::from((*value).clone())]
        });
        on.execute(&sql, &rows.collect::<Vec<_>>())?;
    }
    Ok(())
}

impl Operation for SetEvaluationDatasetTags {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let missing = |id: &str| format!("Could not find evaluation dataset with ID {id}");
        by_id(on, context, &self.dataset_id, missing)?;
        let mut tags = read(&self.tags)?;
        tags.retain(|_, value| value.is_some());
        set(on, &self.dataset_id, &tags)?;
        Ok(Done)
    }
}

impl Operation for DeleteEvaluationDatasetTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::EvaluationDataset(&self.dataset_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let sql = "DELETE FROM evaluation_dataset_tags WHERE key = ? AND dataset_id IN (SELECT dataset_id FROM evaluation_datasets WHERE dataset_id = ? AND workspace = ?)";
        let workspace = &context.caller.workspace;
        on.execute(sql, &[(&self.key).into(), (&self.dataset_id).into(), workspace.into()])?;
        Ok(Done)
    }
}
