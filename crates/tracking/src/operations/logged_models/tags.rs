//! Tags of logged models.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    DeleteLoggedModelTag, Done, LoggedModelTag, SetLoggedModelTags, SetLoggedModelTagsReply,
    limits, names,
};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    sql::{ROWS, tuples},
    store::{Connection, Value},
};

/// The routes of a logged model's tags.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<SetLoggedModelTags>(), Route::of::<DeleteLoggedModelTag>()]
}

/// Sets tags; of a key that is there twice, the last counts.
///
/// # Errors
/// A refusal of a key that is too long, and those of the store.
pub(super) fn set(
    on: &mut dyn Connection,
    model_id: &str,
    experiment: i64,
    tags: &[LoggedModelTag],
) -> Result<(), Error> {
    for tag in tags {
        limits::length("key", &tag.key, limits::LOGGED_MODEL_KEY)?;
    }
    let tags: BTreeMap<_, _> = tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
    let tags: Vec<_> = tags.into_iter().collect();
    for tags in tags.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES {} ON CONFLICT (model_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value",
            tuples(4, tags.len())
        );
        let rows = tags.iter().flat_map(|(key, value)| {
            [model_id.into(), experiment.into(), (*key).into(), (*value).into()]
        });
        on.execute(&sql, &rows.collect::<Vec<Value>>())?;
    }
    Ok(())
}

impl Operation for SetLoggedModelTags {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::LoggedModel(&self.model_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let model = super::info(on, context, &self.model_id)?;
        let experiment = names::experiment_id(&model.experiment_id.unwrap_or_default())?;
        set(on, &self.model_id, experiment, &self.tags)?;
        Ok(SetLoggedModelTagsReply { model: None })
    }
}

impl Operation for DeleteLoggedModelTag {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::LoggedModel(&self.model_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        super::info(on, context, &self.model_id)?;
        let sql = "DELETE FROM logged_model_tags WHERE model_id = ? AND tag_key = ?";
        if on.execute(sql, &[(&self.model_id).into(), (&self.tag_key).into()])? == 0 {
            return Err(Error::missing(format!(
                "No tag with key '{}' found for model with ID '{}'.",
                self.tag_key, self.model_id
            )));
        }
        Ok(Done)
    }
}
