//! Traces: making them, and asking for them.

mod analytics;
mod archive;
mod delete;
mod download;
mod get;
mod ingest;
mod legacy;
mod link;
mod load;
mod spans;
mod start;
mod tags;

use longshore_mlflow::rest::{GetTraceInfoV3, Trace, TraceReply};

pub(super) use load::{load, load_v2};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    routes::Route,
    store::Connection,
};

/// The tag that stands for a trace's name, which is a column.
const NAME: &str = "mlflow.traceName";

/// The tag that says where the spans of a trace are kept.
const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";

/// The value of [`SPANS_LOCATION`] for those in the database.
const IN_DATABASE: &str = "TRACKING_STORE";

/// The metadata that say that what is known of a trace is complete, so that spans that come later do not
/// change it.
const IS_COMPLETE: &str = "mlflow.trace.infoFinalized";

/// The tag that says where the files of a trace are.
const LOCATION: &str = "mlflow.artifactLocation";

/// The routes of traces.
pub(super) fn routes() -> Vec<Route> {
    [
        vec![Route::of::<GetTraceInfoV3>()],
        delete::routes(),
        download::routes(),
        get::routes(),
        ingest::routes(),
        legacy::routes(),
        link::routes(),
        start::routes(),
        tags::routes(),
    ]
    .concat()
}

/// The experiment of a trace, when it is in the workspace of the caller.
///
/// # Errors
/// A refusal of an id that no trace has, and those of the store.
pub(super) fn experiment_of(
    on: &mut dyn Connection,
    context: &Context<'_>,
    trace_id: &str,
) -> Result<i64, Error> {
    let sql = "SELECT trace_info.experiment_id FROM trace_info JOIN experiments ON experiments.experiment_id = trace_info.experiment_id WHERE trace_info.request_id = ? AND experiments.workspace = ?";
    let row = on.first(sql, &[trace_id.into(), (&context.caller.workspace).into()])?;
    row.ok_or_else(|| missing(trace_id))?.take(0)
}

fn missing(trace_id: &str) -> Error {
    Error::missing(format!("Trace with ID '{trace_id}' not found."))
}

/// What is known of a trace, as a reply.
fn reply(on: &mut dyn Connection, trace_id: &str) -> Result<TraceReply, Error> {
    let info = load(on, &[trace_id.to_owned()])?.into_iter().next();
    let trace_info = info.ok_or_else(|| missing(trace_id))?;
    Ok(TraceReply { trace: Trace { trace_info, spans: Vec::new() } })
}

impl Operation for GetTraceInfoV3 {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        experiment_of(on, context, &self.trace_id)?;
        reply(on, &self.trace_id)
    }
}
