//! Removing traces.

use longshore_mlflow::rest::{DeleteTraces, DeleteTracesReply, DeleteTracesV3, ErrorCode, names};

use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::experiments,
    routes::Route,
    sql::{ROWS, marks},
    store::{Connection, Value},
};

/// The routes that remove traces.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<DeleteTracesV3>(), Route::of::<DeleteTraces>()]
}

/// Removes traces of an experiment: those with ids, or the oldest up to a time.
fn delete(
    on: &mut dyn Connection,
    context: &Context<'_>,
    asked: &DeleteTracesV3,
) -> Result<DeleteTracesReply, Error> {
    let wrong = |words: &str| Err(Error::invalid(words));
    match (asked.max_timestamp_millis, asked.request_ids.is_empty()) {
        (None, true) => {
            return wrong("Either `max_timestamp_millis` or `trace_ids` must be specified.");
        }
        (Some(_), false) => {
            return wrong("Only one of `max_timestamp_millis` and `trace_ids` can be specified.");
        }
        _ => {}
    }
    if asked.max_traces.is_some() && !asked.request_ids.is_empty() {
        return wrong("`max_traces` can't be specified if `trace_ids` is specified.");
    }
    if let Some(most) = asked.max_traces.filter(|it| *it <= 0) {
        return Err(Error::invalid(format!(
            "`max_traces` must be a positive integer, received {most}."
        )));
    }
    let id = names::experiment_id(&asked.experiment_id)?;
    match experiments::by_id(on, context, &asked.experiment_id) {
        // there is nothing to remove
        Err(Error::Refused { code: ErrorCode::ResourceDoesNotExist, .. }) => {
            return Ok(DeleteTracesReply { traces_deleted: 0 });
        }
        found => found?,
    };
    let mut deleted = 0;
    for ids in asked.request_ids.chunks(ROWS) {
        let sql = format!(
            "SELECT request_id FROM trace_info WHERE experiment_id = ? AND request_id IN ({})",
            marks(ids.len())
        );
        let values = [Value::from(id)].into_iter().chain(ids.iter().map(Into::into));
        deleted += remove(on, &sql, &values.collect::<Vec<_>>())?;
    }
    if let Some(until) = asked.max_timestamp_millis {
        let sql = "SELECT request_id FROM trace_info WHERE experiment_id = ? AND timestamp_ms <= ? ORDER BY timestamp_ms, request_id LIMIT ?";
        let most = asked.max_traces.map_or(i64::MAX, i64::from);
        deleted += remove(on, sql, &[id.into(), until.into(), most.into()])?;
    }
    let traces_deleted = i32::try_from(deleted).unwrap_or(i32::MAX);
    Ok(DeleteTracesReply { traces_deleted })
}

/// Removes what a query finds, with all that hangs on it.
fn remove(on: &mut dyn Connection, found: &str, values: &[Value]) -> Result<u64, Error> {
    let sql = format!(
        "DELETE FROM review_queue_items WHERE item_type = 'trace' AND item_id IN ({found})"
    );
    on.execute(&sql, values)?;
    on.execute(&format!("DELETE FROM trace_info WHERE request_id IN ({found})"), values)
}

impl Operation for DeleteTracesV3 {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        delete(on, context, self)
    }
}

impl Operation for DeleteTraces {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let asked = DeleteTracesV3 {
            experiment_id: self.experiment_id.clone(),
            max_timestamp_millis: self.max_timestamp_millis,
            max_traces: self.max_traces,
            request_ids: self.request_ids.clone(),
        };
        delete(on, context, &asked)
    }
}
