//! What runs log: how parameters, tags and measurements are kept.

mod metrics;

use std::collections::{BTreeMap, HashMap};

use longshore_mlflow::rest::{Param, RunTag, checks, limits};

pub(super) use metrics::log_metrics;

use super::runs::{NAME_TAG, rename};
use crate::{
    Error,
    operation::Context,
    sql::{ROWS, marks},
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
    let rows = tags.iter().flat_map(|it| [(&it.key).into(), (&it.value).into(), run_id.into()]);
    on.insert(
        "INSERT INTO tags (key, value, run_uuid)",
        3,
        &rows.collect::<Vec<Value>>(),
        "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value",
    )?;
    Ok(())
}

/// Keeps parameters, whose keys differ. One that is there with the same value stays.
///
/// # Errors
/// A refusal of a value that is too long, where the server does not cut it, or that would change another.
pub(super) fn log_params(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run_id: &str,
    params: &[Param],
) -> Result<(), Error> {
    let bounded = params.iter().map(|param| {
        let value = bounded(context, "Param value", &param.value, limits::PARAM_VALUE)?;
        Ok((param.key.as_str(), value))
    });
    let params: Vec<_> = bounded.collect::<Result<_, Error>>()?;
    let rows =
        params.iter().flat_map(|(key, value)| [(*key).into(), (*value).into(), run_id.into()]);
    let added = on.insert(
        "INSERT INTO params (key, value, run_uuid)",
        3,
        &rows.collect::<Vec<Value>>(),
        "ON CONFLICT (key, run_uuid) DO NOTHING",
    )?;
    if added < params.len() as u64 {
        for params in params.chunks(ROWS) {
            refuse_changes(on, run_id, params)?;
        }
    }
    Ok(())
}

/// Refuses parameters that are there with other values.
fn refuse_changes(
    on: &mut dyn Connection,
    run_id: &str,
    params: &[(&str, &str)],
) -> Result<(), Error> {
    let marks = marks(params.len());
    let sql = format!("SELECT key, value FROM params WHERE run_uuid = ? AND key IN ({marks})");
    let keys = params.iter().map(|(key, _)| (*key).into());
    let values: Vec<Value> = std::iter::once(run_id.into()).chain(keys).collect();
    let mut kept = HashMap::new();
    for mut row in on.query(&sql, &values)? {
        kept.insert(row.take::<String>(0)?, row.take::<String>(1)?);
    }
    let changed = params.iter().filter_map(|(key, new)| {
        let old = kept.get(*key).filter(|old| old != new)?;
        Some((*key, old.as_str(), *new))
    });
    let changed: Vec<_> = changed.collect();
    match (&*changed, params) {
        ([], _) => Ok(()),
        ([(key, old, new)], [_]) => Err(checks::changed_param(run_id, key, old, new).into()),
        _ => Err(checks::changed_params(run_id, &changed).into()),
    }
}

/// Sets tags as a request gives them: of a key that is there twice, the last counts, and the name of a
/// run is kept in its column too.
///
/// # Errors
/// A refusal of a value that is too long, where the server does not cut it, and those of the store.
pub(super) fn log_tags(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run_id: &str,
    tags: &[RunTag],
    what: impl Fn(usize) -> String,
) -> Result<(), Error> {
    let mut last = BTreeMap::new();
    for (index, tag) in tags.iter().enumerate() {
        last.insert(&tag.key, tag_value(context, &what(index), &tag.value)?);
    }
    // an empty name changes nothing
    if let Some(name) = last.remove(&NAME_TAG.to_owned()).filter(|name| !name.is_empty()) {
        rename(on, context, run_id, name)?;
    }
    let tags =
        last.into_iter().map(|(key, value)| RunTag { key: key.clone(), value: value.to_owned() });
    set_tags(on, run_id, &tags.collect::<Vec<_>>())
}
