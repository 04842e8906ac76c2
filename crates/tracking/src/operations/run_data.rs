//! What runs log: how parameters, tags and measurements are kept.

use longshore_mlflow::rest::{RunTag, limits};

use crate::{
    Error,
    operation::Context,
    sql::{ROWS, tuples},
    store::{Connection, Value},
};

/// A text that is not longer than `limit` characters: cut, or refused where the server is set so.
fn bounded<'t>(
    context: &Context<'_>,
    what: &str,
    text: &'t str,
    limit: usize,
) -> Result<&'t str, Error> {
    if context.settings.truncate {
        return Ok(limits::cut(text, limit));
    }
    limits::length(what, text, limit)?;
    Ok(text)
}

/// The value of a run's tag as it is kept. `what` is its place in the request.
///
/// # Errors
/// A refusal of a value that is too long, where the server does not cut it.
pub(super) fn tag_value<'t>(
    context: &Context<'_>,
    what: &str,
    value: &'t str,
) -> Result<&'t str, Error> {
    bounded(context, what, value, limits::RUN_TAG_VALUE)
}

/// Sets tags, whose keys differ.
///
/// # Errors
/// Those of the store.
pub(super) fn set_tags(
    on: &mut dyn Connection,
    run_id: &str,
    tags: &[RunTag],
) -> Result<(), Error> {
    for tags in tags.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO tags (key, value, run_uuid) VALUES {} ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value",
            tuples(3, tags.len())
        );
        let rows = tags.iter().flat_map(|it| [(&it.key).into(), (&it.value).into(), run_id.into()]);
        on.execute(&sql, &rows.collect::<Vec<Value>>())?;
    }
    Ok(())
}
