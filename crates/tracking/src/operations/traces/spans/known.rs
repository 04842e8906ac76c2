//! Traces that spans come for.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{Experiment, limits, names};

use super::{
    super::{IS_COMPLETE, missing, start, tags},
    Connection, Context, Dialect, Error, ROWS, Value, marks,
};

/// Longest value of metadata that is kept, in characters.
const METADATA: usize = 8000;

/// Something that may be known of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Request,
    Response,
    Session,
    Tokens,
    Cost,
}

impl Fact {
    /// In the order of the columns of [`find`].
    const ALL: [Self; 5] = [Self::Request, Self::Response, Self::Session, Self::Tokens, Self::Cost];
}

impl Known {
    pub(super) fn has(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }
}

/// What is known of a trace before the spans of a request.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) experiment: i64,
    /// Milliseconds since 1970.
    pub(super) start: i64,
    /// Milliseconds.
    pub(super) duration: Option<i64>,
    /// Whether its state is still to be told.
    pub(super) is_open: bool,
    /// What is known beside it.
    pub(super) facts: Vec<Fact>,
    /// Whether the request made it.
    pub(super) is_new: bool,
}

/// The traces with `ids` that are there, by id.
///
/// # Errors
/// A refusal of an id that is taken by a trace of another workspace, and those of the store.
pub(super) fn find(
    on: &mut dyn Connection,
    context: &Context<'_>,
    ids: &[String],
) -> Result<BTreeMap<String, Known>, Error> {
    // spans of one trace may come in two requests at once: the second waits for what the first writes
    let lock = match on.dialect() {
        Dialect::Postgres => " ORDER BY t.request_id FOR UPDATE OF t",
        Dialect::Sqlite => "",
    };
    let mut found = BTreeMap::new();
    for ids in ids.chunks(ROWS) {
        let sql = format!(
            "SELECT t.request_id, t.experiment_id, t.timestamp_ms, t.execution_time_ms, t.status, t.request_preview IS NOT NULL, t.response_preview IS NOT NULL, t.session_id IS NOT NULL, COALESCE(t.input_tokens, t.output_tokens, t.total_tokens, t.cache_read_input_tokens, t.cache_creation_input_tokens, t.cache_creation_input_tokens_above_1hr) IS NOT NULL, COALESCE(t.input_cost, t.output_cost, t.total_cost) IS NOT NULL, e.workspace FROM trace_info t JOIN experiments e ON e.experiment_id = t.experiment_id WHERE t.request_id IN ({}){lock}",
            marks(ids.len())
        );
        let values: Vec<Value> = ids.iter().map(Into::into).collect();
        for mut row in on.query(&sql, &values)? {
            let id: String = row.take(0)?;
            if row.take::<String>(10)? != context.caller.workspace {
                return Err(missing(&id));
            }
            let status: String = row.take(4)?;
            let mut facts = Vec::new();
            for (at, fact) in Fact::ALL.into_iter().enumerate() {
                facts.extend(row.take::<bool>(5 + at)?.then_some(fact));
            }
            let known = Known {
                experiment: row.take(1)?,
                start: row.take(2)?,
                duration: row.take(3)?,
                is_open: matches!(&*status, "IN_PROGRESS" | "STATE_UNSPECIFIED"),
                facts,
                is_new: false,
            };
            found.insert(id, known);
        }
    }
    Ok(found)
}

/// Makes a trace that only its spans tell of.
///
/// # Errors
/// Those of the store.
pub(super) fn make(
    on: &mut dyn Connection,
    context: &Context<'_>,
    experiment: &Experiment,
    id: &str,
    start: i64,
    end: Option<i64>,
) -> Result<Known, Error> {
    let number = names::experiment_id(&experiment.experiment_id)?;
    let duration = end.map(|end| end - start);
    let sql = "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) VALUES (?, ?, ?, ?, 'IN_PROGRESS') ON CONFLICT (request_id) DO NOTHING";
    on.execute(sql, &[id.into(), number.into(), start.into(), duration.into()])?;
    let place = experiment.artifact_location.as_deref().unwrap_or_default();
    let location = BTreeMap::from([start::location(place, id)]);
    tags::set(on, context, id, &location)?;
    Ok(Known {
        experiment: number,
        start,
        duration,
        is_open: true,
        facts: Vec::new(),
        is_new: true,
    })
}

/// Whether what is known of a trace was completed.
///
/// # Errors
/// Those of the store.
pub(super) fn is_complete(on: &mut dyn Connection, id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM trace_request_metadata WHERE request_id = ? AND key = ?";
    Ok(on.first(sql, &[id.into(), IS_COMPLETE.into()])?.is_some())
}

/// Sets metadata that are not there.
///
/// # Errors
/// Those of the store.
pub(super) fn set_new_metadata(
    on: &mut dyn Connection,
    id: &str,
    key: &str,
    value: &str,
) -> Result<(), Error> {
    let sql = "INSERT INTO trace_request_metadata (key, value, request_id) VALUES (?, ?, ?) ON CONFLICT (key, request_id) DO NOTHING";
    on.execute(sql, &[key.into(), limits::cut(value, METADATA).into(), id.into()])?;
    Ok(())
}
