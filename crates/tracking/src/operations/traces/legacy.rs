//! Traces of clients before MLflow 3.0. Their spans are a file in the artifacts of the trace.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{
    EndTrace, GetTraceInfo, StartTrace, Timestamp, TraceInfoReply, TraceInfoV3,
    TraceRequestMetadata, TraceState, TraceTag, names,
};

use super::{NAME, analytics, experiment_of, load_v2, missing, start, tags};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::experiments,
    random,
    routes::Route,
    store::Connection,
};

/// The routes of old clients.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<StartTrace>(), Route::of::<EndTrace>(), Route::of::<GetTraceInfo>()]
}

fn metadata(metadata: &[TraceRequestMetadata]) -> BTreeMap<String, String> {
    metadata.iter().map(|it| (it.key.clone(), it.value.clone())).collect()
}

fn map(tags: &[TraceTag]) -> BTreeMap<String, String> {
    tags.iter().map(|it| (it.key.clone(), it.value.clone())).collect()
}

/// Keeps metadata and tags, but those that are columns.
fn keep(
    on: &mut dyn Connection,
    context: &Context<'_>,
    id: &str,
    metadata: &BTreeMap<String, String>,
    mut all: BTreeMap<String, String>,
) -> Result<(), Error> {
    all.remove(NAME);
    tags::set(on, context, id, &all)?;
    let metadata = metadata.iter().filter(|(key, _)| !analytics::is_column(key));
    let metadata = metadata.map(|(key, value)| (key.as_str(), value.as_str()));
    start::set_metadata(on, id, &metadata.collect())
}

fn reply(on: &mut dyn Connection, id: &str) -> Result<TraceInfoReply, Error> {
    let found = load_v2(on, &[id.to_owned()])?.into_iter().next();
    Ok(TraceInfoReply { trace_info: found.ok_or_else(|| missing(id))? })
}

impl Operation for StartTrace {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let experiment = experiments::active(on, context, &self.experiment_id)?;
        let number = names::experiment_id(&experiment.experiment_id)?;
        let id = random::id()?;
        let info = TraceInfoV3 {
            trace_id: id.clone(),
            request_time: Timestamp(self.timestamp_ms),
            state: TraceState::InProgress,
            trace_metadata: metadata(&self.request_metadata),
            tags: map(&self.tags),
            ..TraceInfoV3::default()
        };
        start::put(on, number, &info)?;
        let place = experiment.artifact_location.as_deref().unwrap_or_default();
        let mut all = info.tags;
        all.extend([start::location(place, &id)]);
        keep(on, context, &id, &info.trace_metadata, all)?;
        reply(on, &id)
    }
}

impl Operation for EndTrace {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Trace(&self.request_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = &self.request_id;
        let experiment = experiment_of(on, context, id)?;
        let sql = "SELECT timestamp_ms, client_request_id FROM trace_info WHERE request_id = ?";
        let mut row = on.first(sql, &[id.into()])?.ok_or_else(|| missing(id))?;
        let begun: i64 = row.take(0)?;
        let info = TraceInfoV3 {
            trace_id: id.clone(),
            client_request_id: row.take(1)?,
            request_time: Timestamp(begun),
            execution_duration: Some(longshore_mlflow::rest::Duration(
                self.timestamp_ms.saturating_sub(begun),
            )),
            state: self.status.into(),
            trace_metadata: metadata(&self.request_metadata),
            tags: map(&self.tags),
            ..TraceInfoV3::default()
        };
        start::put(on, experiment, &info)?;
        keep(on, context, id, &info.trace_metadata, info.tags)?;
        reply(on, id)
    }
}

impl Operation for GetTraceInfo {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Trace(&self.request_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        experiment_of(on, context, &self.request_id)?;
        reply(on, &self.request_id)
    }
}
