//! What traces belong to: runs, and versions of prompts.

use std::collections::BTreeSet;

use longshore_mlflow::rest::{Done, LinkPromptsToTrace, LinkTracesToRun};

use super::experiment_of;
use crate::{
    Error,
    allow::allow,
    operation::{Access, Context, Level, Need, Object, Operation},
    operations::runs,
    random,
    routes::Route,
    sql::{ROWS, marks, tuples},
    store::{Connection, Value},
};

/// Most traces of one request.
const TRACES: usize = 100;

/// The routes that link traces.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<LinkTracesToRun>(), Route::of::<LinkPromptsToTrace>()]
}

/// Links things. What is linked stays.
fn link(on: &mut dyn Connection, now: i64, pairs: &[(&str, &str, &str)]) -> Result<(), Error> {
    for pairs in pairs.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO entity_associations (association_id, source_type, source_id, destination_type, destination_id, created_time) VALUES {} ON CONFLICT (source_type, source_id, destination_type, destination_id) DO NOTHING",
            tuples(6, pairs.len())
        );
        let mut values: Vec<Value> = Vec::with_capacity(pairs.len() * 6);
        for (trace, kind, id) in pairs {
            values.extend([
                random::id()?.into(),
                "trace".into(),
                (*trace).into(),
                (*kind).into(),
                (*id).into(),
                now.into(),
            ]);
        }
        on.execute(&sql, &values)?;
    }
    Ok(())
}

/// Links traces to a run, when it is there and may be changed: their spans are worth more than the link.
///
/// # Errors
/// Those of the store.
pub(super) fn link_known(
    on: &mut dyn Connection,
    context: &Context<'_>,
    traces: &[String],
    run: &str,
) -> Result<(), Error> {
    let is_allowed = allow(on, context.caller, &[Need::of(Level::Edit, Object::Run(run))]);
    match is_allowed.and_then(|()| runs::info(on, context, run)) {
        Ok(_) => {}
        Err(Error::Refused { message, .. }) => {
            tracing::warn!(run, message, "the traces were kept, but not linked to the run");
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    let pairs: Vec<_> = traces.iter().map(|id| (id.as_str(), "run", run)).collect();
    link(on, context.now, &pairs)
}

/// Those of some traces that are in another workspace. The others may be on their way.
fn foreign(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: &[String],
) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for ids in ids.chunks(ROWS) {
        let sql = format!(
            "SELECT t.request_id FROM trace_info t JOIN experiments e ON e.experiment_id = t.experiment_id WHERE e.workspace <> ? AND t.request_id IN ({})",
            marks(ids.len())
        );
        let workspace = Value::from(&context.caller.workspace);
        let values: Vec<_> = [workspace].into_iter().chain(ids.iter().map(Into::into)).collect();
        for mut row in on.query(&sql, &values)? {
            found.insert(row.take(0)?);
        }
    }
    Ok(found)
}

impl Operation for LinkTracesToRun {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        let traces = self.trace_ids.iter().map(|id| Object::Trace(id));
        let objects = [Object::Run(&self.run_id)].into_iter().chain(traces).collect();
        Need { level: Level::Edit, objects }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Done, Error> {
        if self.trace_ids.is_empty() {
            return Err(Error::invalid(
                "Missing value for required parameter 'trace_ids'. See the API docs for more information about request parameters.",
            ));
        }
        if self.trace_ids.len() > TRACES {
            return Err(Error::invalid(format!(
                "Cannot link more than {TRACES} traces to a run in a single request. Provided {} traces.",
                self.trace_ids.len()
            )));
        }
        runs::info(on, context, &self.run_id)?;
        // left out without a word, as by MLflow
        let foreign = foreign(on, context, &self.trace_ids)?;
        let ids: BTreeSet<_> = self.trace_ids.iter().filter(|id| !foreign.contains(*id)).collect();
        let pairs: Vec<_> =
            ids.iter().map(|id| (id.as_str(), "run", self.run_id.as_str())).collect();
        link(on, context.now, &pairs)?;
        Ok(Done)
    }
}

impl Operation for LinkPromptsToTrace {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Trace(&self.trace_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Done, Error> {
        if self.prompt_versions.is_empty() {
            return Err(Error::invalid(
                "Missing value for required parameter 'prompt_versions'. See the API docs for more information about request parameters.",
            ));
        }
        experiment_of(on, context, &self.trace_id)?;
        let ids = self.prompt_versions.iter().map(|it| {
            let version = it.version.trim().parse::<i64>().map_err(|_| {
                Error::invalid(format!(
                    "`{}` is no version of a prompt; write its number",
                    it.version
                ))
            })?;
            Ok(format!("{}/{version}", it.name))
        });
        let ids = ids.collect::<Result<BTreeSet<_>, Error>>()?;
        let pairs: Vec<_> =
            ids.iter().map(|id| (self.trace_id.as_str(), "prompt_version", id.as_str())).collect();
        link(on, context.now, &pairs)?;
        Ok(Done)
    }
}
