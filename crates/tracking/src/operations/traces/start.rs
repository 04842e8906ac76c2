//! Beginning traces.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{ErrorCode, StartTraceV3, TraceInfoV3, TraceReply, limits, names};

use super::{
    IN_DATABASE, IS_COMPLETE, LOCATION, NAME, SPANS_LOCATION,
    analytics::{self, Analytics},
    experiment_of, reply, tags,
};
use crate::{
    Error,
    allow::allow,
    operation::{Access, Context, Level, Need, Object, Operation, Touched},
    operations::{
        artifact_uri::below,
        assessments::{self, Assessed},
        experiments,
    },
    routes::Route,
    sql::{ROWS, marks, tuples},
    store::{Connection, Value},
};

/// Longest id of a trace or of a request, in characters.
const ID: usize = 50;

/// Longest preview that is kept, in characters. MLflow's client cuts them so.
pub(super) const PREVIEW: usize = 1000;

/// Longest value of metadata that is kept, in characters.
const METADATA: usize = 8000;

/// The route that begins a trace.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<StartTraceV3>()]
}

/// The location of a trace's files, as a tag.
pub(super) fn location(experiment_location: &str, trace_id: &str) -> (String, String) {
    let uri = below(experiment_location, &format!("traces/{trace_id}/artifacts"));
    (LOCATION.to_owned(), uri)
}

/// Keeps metadata. Those that are there with the same key are overwritten.
///
/// # Errors
/// A refusal of a key that is too long, and those of the store.
pub(super) fn set_metadata(
    on: &mut dyn Connection,
    trace_id: &str,
    metadata: &BTreeMap<&str, &str>,
) -> Result<(), Error> {
    for key in metadata.keys() {
        limits::length("key", key, limits::KEY)?;
    }
    let metadata: Vec<_> = metadata.iter().collect();
    for metadata in metadata.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO trace_request_metadata (key, value, request_id) VALUES {} ON CONFLICT (key, request_id) DO UPDATE SET value = excluded.value",
            tuples(3, metadata.len())
        );
        let rows = metadata.iter().flat_map(|(key, value)| {
            [(**key).into(), limits::cut(value, METADATA).into(), trace_id.into()]
        });
        on.execute(&sql, &rows.collect::<Vec<Value>>())?;
    }
    Ok(())
}

/// Refuses a change of a trace whose spans are no longer in the database.
///
/// # Errors
/// The refusal, and those of the store.
pub(super) fn check_in_database(on: &mut dyn Connection, trace_id: &str) -> Result<(), Error> {
    let sql = "SELECT 1 FROM trace_tags WHERE request_id = ? AND key = ? AND value <> ?";
    let values = [trace_id.into(), SPANS_LOCATION.into(), IN_DATABASE.into()];
    if on.first(sql, &values)?.is_some() {
        return Err(Error::refused(
            ErrorCode::InvalidState,
            format!("Cannot update traces that are no longer DB-backed: '{trace_id}'."),
        ));
    }
    Ok(())
}

/// Refuses spans or facts of a trace that is in another experiment than the one that was named, when the caller may
/// not change that one too.
///
/// # Errors
/// The refusal, and those of the store.
pub(super) fn check_home(
    on: &mut dyn Connection,
    context: &Context<'_>,
    home: i64,
    named: &str,
) -> Result<(), Error> {
    if named.trim().parse() == Ok(home) {
        return Ok(());
    }
    allow(on, context.caller, &[Need::of(Level::Edit, Object::Experiment(&home.to_string()))])
}

/// The experiment of a trace that is there. One of another workspace is refused: its id is taken.
fn home(
    on: &mut dyn Connection,
    context: &Context<'_>,
    trace_id: &str,
) -> Result<Option<i64>, Error> {
    let sql = "SELECT 1 FROM trace_info WHERE request_id = ?";
    if on.first(sql, &[trace_id.into()])?.is_none() {
        return Ok(None);
    }
    experiment_of(on, context, trace_id).map(Some)
}

/// Writes the row of a trace. What spans said before is overwritten where there is something to say.
///
/// # Errors
/// A refusal of what is too long, and those of the store.
pub(super) fn put(
    on: &mut dyn Connection,
    experiment: i64,
    info: &TraceInfoV3,
) -> Result<(), Error> {
    let name = info.tags.get(NAME);
    limits::length("Trace name", name.map_or("", String::as_str), tags::NAME_LENGTH)?;
    let analytics = Analytics::of(&info.trace_metadata)?;
    let preview = |text: &Option<String>| {
        text.as_deref().map(|text| Value::from(limits::cut(text, PREVIEW))).unwrap_or_default()
    };
    let mut values: Vec<Value> = vec![
        (&info.trace_id).into(),
        experiment.into(),
        info.request_time.0.into(),
        info.execution_duration.map(|it| it.0).into(),
        info.state.name().into(),
        info.client_request_id.clone().into(),
        preview(&info.request_preview),
        preview(&info.response_preview),
        name.cloned().into(),
    ];
    values.extend(analytics.values());
    let kept = ["request_preview", "response_preview", "trace_name"];
    let kept = kept.iter().chain(&analytics::COLUMNS);
    let kept = kept.map(|it| format!("{it} = COALESCE(excluded.{it}, trace_info.{it})"));
    let sql = format!(
        "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, client_request_id, request_preview, response_preview, trace_name, {}) VALUES ({}) ON CONFLICT (request_id) DO UPDATE SET experiment_id = excluded.experiment_id, timestamp_ms = excluded.timestamp_ms, execution_time_ms = excluded.execution_time_ms, status = excluded.status, client_request_id = excluded.client_request_id, db_payload_generation = trace_info.db_payload_generation + 1, {}",
        analytics::COLUMNS.join(", "),
        marks(values.len()),
        kept.collect::<Vec<_>>().join(", ")
    );
    on.execute(&sql, &values)?;
    Ok(())
}

impl Operation for StartTraceV3 {
    const ACCESS: Access = Access::Write;

    fn touches(&self) -> Touched {
        Touched::NoRun
    }

    fn needs(&self) -> Need<'_> {
        let id = self.trace.trace_info.trace_location.experiment_id();
        Need::of(Level::Edit, Object::Experiment(id.unwrap_or_default()))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<TraceReply, Error> {
        let info = &self.trace.trace_info;
        let id = &info.trace_id;
        limits::length("trace_id", id, ID)?;
        limits::length(
            "client_request_id",
            info.client_request_id.as_deref().unwrap_or_default(),
            ID,
        )?;
        let experiment = info.trace_location.experiment_id().ok_or_else(|| {
            Error::invalid("Missing value for required parameter 'trace.trace_info.trace_location.mlflow_experiment.experiment_id'.")
        })?;
        let experiment = experiments::active(on, context, experiment)?;
        let number = names::experiment_id(&experiment.experiment_id)?;
        let home = home(on, context, id)?;
        if let Some(home) = home {
            check_home(on, context, home, &experiment.experiment_id)?;
            check_in_database(on, id)?;
        }
        put(on, number, info)?;
        let files = location(experiment.artifact_location.as_deref().unwrap_or_default(), id);
        let mut all = info.tags.clone();
        all.remove(NAME);
        all.extend([files]);
        tags::set(on, context, id, &all)?;
        let metadata = info.trace_metadata.iter();
        let metadata = metadata.filter(|(key, _)| !analytics::is_column(key));
        let metadata = metadata.map(|(key, value)| (key.as_str(), value.as_str()));
        set_metadata(on, id, &metadata.chain([(IS_COMPLETE, "true")]).collect())?;
        if home.is_some() {
            let sql = "UPDATE spans SET experiment_id = ? WHERE trace_id = ?";
            on.execute(sql, &[number.into(), id.into()])?;
            let sql = "UPDATE assessments SET experiment_id = ?, trace_timestamp_ms = ? WHERE trace_id = ?";
            on.execute(sql, &[number.into(), info.request_time.0.into(), id.into()])?;
        }
        let trace = Assessed { experiment_id: number, timestamp_ms: info.request_time.0 };
        assessments::keep(on, id, trace, &info.assessments, context.now)?;
        reply(on, id)
    }
}
