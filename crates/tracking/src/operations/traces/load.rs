//! Traces as they are kept, without their spans.

use std::collections::HashMap;

use longshore_mlflow::rest::{
    Duration, Timestamp, TraceInfo, TraceInfoV3, TraceLocation, TraceRequestMetadata, TraceState,
    TraceTag, limits,
};

use super::{
    NAME,
    analytics::{self, Analytics},
};
use crate::{
    Error,
    operations::assessments,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

/// Longest key and value of metadata that clients are told, in characters.
const METADATA: usize = 250;

/// Longest value of a tag that clients are told, in characters.
const TAG: usize = 4096;

/// The columns before those of [`Analytics`].
const COLUMNS: &str = "request_id, experiment_id, timestamp_ms, execution_time_ms, status, client_request_id, request_preview, response_preview, trace_name";

/// What is known of the traces with `ids`, in their order. Ids of none are left out.
///
/// # Errors
/// Those of the store.
pub(in crate::operations) fn load(
    on: &mut dyn Connection,
    ids: &[String],
) -> Result<Vec<TraceInfoV3>, Error> {
    let mut found = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let keys: Vec<Value> = ids.iter().map(Into::into).collect();
        let marks = marks(ids.len());
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM trace_info WHERE request_id IN ({marks})",
            analytics::COLUMNS.join(", ")
        );
        for row in on.query(&sql, &keys)? {
            let info = of(row)?;
            found.insert(info.trace_id.clone(), info);
        }
        let sql =
            format!("SELECT request_id, key, value FROM trace_tags WHERE request_id IN ({marks})");
        for mut row in on.query(&sql, &keys)? {
            let Some(info) = found.get_mut(&row.take::<String>(0)?) else { continue };
            let (key, value) = pair(&mut row, TAG)?;
            if key != NAME {
                info.tags.insert(key, value);
            }
        }
        let sql = format!(
            "SELECT request_id, key, value FROM trace_request_metadata WHERE request_id IN ({marks})"
        );
        for mut row in on.query(&sql, &keys)? {
            let Some(info) = found.get_mut(&row.take::<String>(0)?) else { continue };
            let (key, value) = pair(&mut row, METADATA)?;
            if !analytics::is_column(&key) {
                info.trace_metadata.insert(key, value);
            }
        }
        for (id, said) in assessments::load(on, ids)? {
            if let Some(info) = found.get_mut(&id) {
                info.assessments = said;
            }
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// As [`load`], in the form of clients before MLflow 3.0.
///
/// # Errors
/// Those of the store.
pub(in crate::operations) fn load_v2(
    on: &mut dyn Connection,
    ids: &[String],
) -> Result<Vec<TraceInfo>, Error> {
    let infos = load(on, ids)?.into_iter().map(|info| TraceInfo {
        request_id: info.trace_id,
        experiment_id: info.trace_location.experiment_id().unwrap_or_default().to_owned(),
        timestamp_ms: info.request_time.0,
        execution_time_ms: info.execution_duration.unwrap_or_default().0,
        status: info.state.into(),
        request_metadata: info
            .trace_metadata
            .into_iter()
            .map(|(key, value)| TraceRequestMetadata { key, value })
            .collect(),
        tags: info.tags.into_iter().map(|(key, value)| TraceTag { key, value }).collect(),
    });
    Ok(infos.collect())
}

fn pair(row: &mut Row, limit: usize) -> Result<(String, String), Error> {
    let value = row.take::<Option<String>>(2)?.unwrap_or_default();
    Ok((row.take(1)?, limits::cut(&value, limit).to_owned()))
}

fn of(mut row: Row) -> Result<TraceInfoV3, Error> {
    let state: String = row.take(4)?;
    let mut info = TraceInfoV3 {
        trace_id: row.take(0)?,
        trace_location: TraceLocation::experiment(row.take::<i64>(1)?.to_string()),
        request_time: Timestamp(row.take(2)?),
        execution_duration: row.take::<Option<i64>>(3)?.map(Duration),
        state: TraceState::parse(&state)
            .ok_or_else(|| Error::Schema(format!("`{state}` is no state of a trace")))?,
        client_request_id: row.take(5)?,
        request_preview: row.take(6)?,
        response_preview: row.take(7)?,
        ..TraceInfoV3::default()
    };
    let name: Option<String> = row.take(8)?;
    let cut = |text: &str, limit| limits::cut(text, limit).to_owned();
    info.tags.extend(name.map(|name| (NAME.to_owned(), cut(&name, TAG))));
    let metadata = Analytics::read(&mut row, 9)?.metadata();
    info.trace_metadata.extend(metadata.map(|(key, value)| (key, cut(&value, METADATA))));
    Ok(info)
}
