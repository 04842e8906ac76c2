//! Whole traces.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hyper::Response;
use longshore_mlflow::rest::{
    BatchGetTraceInfos, BatchGetTraceInfosReply, BatchGetTraces, BatchGetTracesReply, ErrorCode,
    GetTrace, Json, Trace, TraceInfoV3, TraceReply, names,
};

use super::{IN_DATABASE, SPANS_LOCATION, archive, experiment_of, load};
use crate::{
    Caller, Error,
    allow::allow,
    clock::now,
    operate::{of_query, read},
    operation::{Access, Context, Level, Need, Object, Operation},
    otlp::Stored,
    reply::{self, Reply},
    routes::{Asked, Route},
    sql::{ROWS, marks},
    state::State,
    store::{Connection, Value},
};

/// The metadata that say how many spans a trace has, when its client knew.
const SIZES: &str = "mlflow.trace.sizeStats";

/// The routes of whole traces.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route { answer: |state, asked| Box::pin(get(state, asked)), ..Route::of::<GetTrace>() },
        Route {
            answer: |state, asked| Box::pin(batch(state, asked)),
            ..Route::of::<BatchGetTraces>()
        },
        Route::of::<BatchGetTraceInfos>(),
    ]
}

/// How long a request waits for spans that are on their way, as MLflow does: its client sends what is known of a trace
/// first, and its spans beside what it does next.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// Answers a request for a whole trace, once all of it is there.
async fn get(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let request: GetTrace = of_query(&asked.head, &asked.fields)?;
    let mut found = Err(Error::Unavailable);
    for wait in WAITS {
        tokio::time::sleep(wait).await;
        found = look(&state, &asked.caller, request.clone()).await;
        let is_on_its_way =
            matches!(&found, Err(Error::Refused { message, .. }) if message.ends_with(LATER));
        if !is_on_its_way {
            break;
        }
    }
    let mut reply = found?;
    complete(&state, &mut reply.trace).await?;
    Ok(reply::message(&reply))
}

/// Answers a request for several traces.
async fn batch(state: Arc<State>, asked: Asked) -> Result<Response<Reply>, Error> {
    let (request, caller) = read::<BatchGetTraces>(&state, asked).await?;
    let mut reply = look(&state, &caller, request).await?;
    for trace in &mut reply.traces {
        complete(&state, trace).await?;
    }
    Ok(reply::message(&reply))
}

/// What is in the database of what is asked for.
async fn look<O: Operation>(
    state: &Arc<State>,
    caller: &Caller,
    request: O,
) -> Result<O::Reply, Error> {
    let (shared, caller) = (state.clone(), caller.clone());
    let look = move |on: &mut dyn Connection| {
        let context =
            Context { caller: &caller, settings: &shared.settings, now: now(), namesake: None };
        allow(on, &caller, &[request.needs()])?;
        request.answer(on, &context)
    };
    state.store.read(look).await
}

/// Reads the spans of a trace that are in the archive: no transaction waits for a storage.
async fn complete(state: &Arc<State>, trace: &mut Trace) -> Result<(), Error> {
    if archive::has(&trace.trace_info) {
        trace.spans = messages(&archive::contents(state, &trace.trace_info).await?)?;
    }
    Ok(())
}

/// How the refusal of a trace ends whose spans are on their way.
const LATER: &str = "is not fully exported yet, please try again later.";

/// The contents of the spans of traces, by the id of the trace; the root first, then by their beginning.
///
/// # Errors
/// Those of the store.
pub(super) fn contents(
    on: &mut dyn Connection,
    ids: &[String],
) -> Result<HashMap<String, Vec<String>>, Error> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let sql = format!(
            "SELECT trace_id, content FROM spans WHERE trace_id IN ({}) AND content <> '' ORDER BY CASE WHEN parent_span_id IS NULL THEN 0 ELSE 1 END, start_time_unix_nano, span_id",
            marks(ids.len())
        );
        for mut row in on.query(&sql, &ids.iter().map(Into::into).collect::<Vec<Value>>())? {
            found.entry(row.take(0)?).or_default().push(row.take(1)?);
        }
    }
    Ok(found)
}

/// Whether the spans of a trace are in the database.
pub(super) fn is_in_database(info: &TraceInfoV3) -> bool {
    info.tags.get(SPANS_LOCATION).is_some_and(|it| it == IN_DATABASE)
}

/// The refusal of a trace whose spans are files of its client's.
fn elsewhere(info: &TraceInfoV3) -> Error {
    tracing::debug!(trace = info.trace_id, "the spans of the trace are in files");
    Error::refused(ErrorCode::InternalError, "Trace data not stored in tracking store")
}

/// How many spans a trace has at least.
fn count(info: &TraceInfoV3) -> usize {
    let sizes: Option<serde_json::Value> =
        info.trace_metadata.get(SIZES).and_then(|text| serde_json::from_str(text).ok());
    let count = sizes.and_then(|it| it.get("num_spans")?.as_u64());
    count.and_then(|it| it.try_into().ok()).unwrap_or_default()
}

/// The messages of spans.
fn messages(contents: &[String]) -> Result<Vec<Json>, Error> {
    let messages = contents.iter().map(|content| {
        let message = Stored::parse(content).and_then(|it| it.message());
        message.ok_or_else(|| Error::Schema("the content of a span is none".to_owned()))
    });
    messages.collect()
}

/// The traces of some experiments alone, when some are named.
fn scoped(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: &[String],
    experiments: &[String],
) -> Result<Vec<TraceInfoV3>, Error> {
    if ids.is_empty() {
        return Err(Error::invalid(
            "Missing value for required parameter 'trace_ids'. See the API docs for more information about request parameters.",
        ));
    }
    let experiments = experiments.iter().map(|id| names::experiment_id(id));
    let experiments = experiments.collect::<Result<Vec<_>, _>>()?;
    let mut known = Vec::new();
    for ids in ids.chunks(ROWS) {
        let sql = format!(
            "SELECT t.request_id, t.experiment_id FROM trace_info t JOIN experiments e ON e.experiment_id = t.experiment_id WHERE e.workspace = ? AND t.request_id IN ({})",
            marks(ids.len())
        );
        let workspace = Value::from(&context.caller.workspace);
        let values: Vec<_> = [workspace].into_iter().chain(ids.iter().map(Into::into)).collect();
        for mut row in on.query(&sql, &values)? {
            let (id, experiment): (String, i64) = (row.take(0)?, row.take(1)?);
            if experiments.is_empty() || experiments.contains(&experiment) {
                known.push(id);
            }
        }
    }
    let wanted: Vec<String> = ids.iter().filter(|id| known.contains(id)).cloned().collect();
    load(on, &wanted)
}

/// What a request for some traces needs.
fn readable(ids: &[String]) -> Need<'_> {
    let objects = ids.iter().map(|id| Object::Trace(id)).collect();
    Need { level: Level::Read, objects }
}

impl Operation for GetTrace {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<TraceReply, Error> {
        let id = &self.trace_id;
        let missing = || Error::missing(format!("Trace with ID {id} is not found."));
        experiment_of(on, context, id).map_err(|error| match error {
            Error::Refused { .. } => missing(),
            error => error,
        })?;
        let ids = [id.clone()];
        let trace_info = load(on, &ids)?.into_iter().next().ok_or_else(missing)?;
        if archive::has(&trace_info) {
            return Ok(TraceReply { trace: Trace { trace_info, spans: Vec::new() } });
        }
        if !is_in_database(&trace_info) {
            return Err(elsewhere(&trace_info));
        }
        let contents = contents(on, &ids)?.remove(id).unwrap_or_default();
        let is_partial = contents.is_empty() || contents.len() < count(&trace_info);
        if is_partial && self.allow_partial != Some(true) {
            return Err(Error::missing(format!("Trace with ID {id} {LATER}")));
        }
        Ok(TraceReply { trace: Trace { trace_info, spans: messages(&contents)? } })
    }
}

impl Operation for BatchGetTraces {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(&self.trace_ids)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let infos = scoped(on, context, &self.trace_ids, &self.experiment_ids)?;
        let is_elsewhere = |it: &&TraceInfoV3| !is_in_database(it) && !archive::has(it);
        if let Some(info) = infos.iter().find(is_elsewhere) {
            return Err(elsewhere(info));
        }
        let ids: Vec<_> = infos.iter().map(|info| info.trace_id.clone()).collect();
        let mut contents = contents(on, &ids)?;
        let mut traces = Vec::new();
        for trace_info in infos {
            let contents = contents.remove(&trace_info.trace_id).unwrap_or_default();
            // a trace whose spans are on their way is left out
            let is_whole = !contents.is_empty() && contents.len() >= count(&trace_info);
            if is_whole || archive::has(&trace_info) {
                traces.push(Trace { trace_info, spans: messages(&contents)? });
            }
        }
        Ok(BatchGetTracesReply { traces })
    }
}

impl Operation for BatchGetTraceInfos {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        readable(&self.trace_ids)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let trace_infos = scoped(on, context, &self.trace_ids, &self.experiment_ids)?;
        Ok(BatchGetTraceInfosReply { trace_infos })
    }
}
