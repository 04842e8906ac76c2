//! Tags of traces.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    DeleteTraceTag, DeleteTraceTagV3, Done, SetTraceTag, SetTraceTagV3, checks, limits,
};

use super::{NAME, SPANS_LOCATION, experiment_of};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::run_data,
    routes::Route,
    sql::{ROWS, tuples},
    store::{Connection, Value},
};

/// Longest name of a trace, in characters.
pub(super) const NAME_LENGTH: usize = 4096;

/// The tag that says where spans went that were moved to an archive.
pub(super) const ARCHIVE: &str = "mlflow.trace.archiveLocation";

/// The tag that says why spans could not be moved there. It may be removed, to try again.
const ARCHIVE_FAILURE: &str = "mlflow.trace.archivalFailure";

/// The routes of a trace's tags.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<SetTraceTagV3>(),
        Route::of::<DeleteTraceTagV3>(),
        Route::of::<SetTraceTag>(),
        Route::of::<DeleteTraceTag>(),
    ]
}

/// Sets tags. The name is none of them.
///
/// # Errors
/// A refusal of a key or a value that is too long, and those of the store.
pub(super) fn set(
    on: &mut dyn Connection,
    context: &Context<'_>,
    trace_id: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let tags = tags.iter().map(|(key, value)| {
        limits::length("key", key, limits::KEY)?;
        Ok((key, run_data::tag_value(context, "value", value)?))
    });
    let tags = tags.collect::<Result<Vec<_>, Error>>()?;
    for tags in tags.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO trace_tags (key, value, request_id) VALUES {} ON CONFLICT (key, request_id) DO UPDATE SET value = excluded.value",
            tuples(3, tags.len())
        );
        let rows =
            tags.iter().flat_map(|(key, value)| [(*key).into(), (*value).into(), trace_id.into()]);
        on.execute(&sql, &rows.collect::<Vec<Value>>())?;
    }
    Ok(())
}

/// Refuses a change of a tag that only the server sets.
fn check_free(key: &str, change: &str) -> Result<(), Error> {
    let is_free = match key {
        SPANS_LOCATION | ARCHIVE => false,
        ARCHIVE_FAILURE => change == "deleted",
        _ => true,
    };
    if is_free {
        return Ok(());
    }
    Err(Error::invalid(format!("Tag '{key}' is immutable and cannot be {change} on a trace.")))
}

fn set_one(
    on: &mut dyn Connection,
    context: &Context<'_>,
    trace_id: &str,
    key: &str,
    value: &str,
) -> Result<Done, Error> {
    check_free(key, "set")?;
    checks::run_tag(key)?;
    experiment_of(on, context, trace_id)?;
    if key == NAME {
        limits::length("Trace name", value, NAME_LENGTH)?;
        let sql = "UPDATE trace_info SET trace_name = ? WHERE request_id = ?";
        on.execute(sql, &[value.into(), trace_id.into()])?;
    } else {
        set(on, context, trace_id, &BTreeMap::from([(key.to_owned(), value.to_owned())]))?;
    }
    Ok(Done)
}

fn delete_one(
    on: &mut dyn Connection,
    context: &Context<'_>,
    trace_id: &str,
    key: &str,
) -> Result<Done, Error> {
    check_free(key, "deleted")?;
    experiment_of(on, context, trace_id)?;
    let deleted = if key == NAME {
        let sql = "UPDATE trace_info SET trace_name = NULL WHERE request_id = ? AND trace_name IS NOT NULL";
        on.execute(sql, &[trace_id.into()])?
    } else {
        let sql = "DELETE FROM trace_tags WHERE request_id = ? AND key = ?";
        on.execute(sql, &[trace_id.into(), key.into()])?
    };
    if deleted == 0 {
        let words = format!("No trace tag with key '{key}' for trace with ID '{trace_id}'");
        return Err(Error::missing(words));
    }
    Ok(Done)
}

macro_rules! operations {
    ($( $message:ty: |$request:ident, $on:ident, $context:ident| $id:ident => $answer:expr; )*) => {$(
        impl Operation for $message {
            const ACCESS: Access = Access::Write;

            fn needs(&self) -> Need<'_> {
                Need::of(Level::Edit, Object::Trace(&self.$id))
            }

            fn answer(&self, $on: &mut dyn Connection, $context: &Context<'_>) -> Result<Done, Error> {
                let $request = self;
                $answer
            }
        }
    )*};
}

operations! {
    SetTraceTagV3: |it, on, context| trace_id => set_one(on, context, &it.trace_id, &it.key, &it.value);
    DeleteTraceTagV3: |it, on, context| trace_id => delete_one(on, context, &it.trace_id, &it.key);
    SetTraceTag: |it, on, context| request_id => set_one(on, context, &it.request_id, &it.key, &it.value);
    DeleteTraceTag: |it, on, context| request_id => delete_one(on, context, &it.request_id, &it.key);
}
