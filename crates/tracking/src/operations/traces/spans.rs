//! Spans as they are kept: in the database, beside the trace that they are of.

mod known;
mod preview;
mod sums;

use std::collections::{BTreeMap, HashSet};

use longshore_mlflow::rest::{checks, limits};

use self::{
    known::{Fact, Known},
    sums::{Node, Sums},
};
use super::{
    IN_DATABASE, NAME, SPANS_LOCATION,
    analytics::{self, Analytics},
    start, tags,
};
use crate::{
    Error,
    operation::Context,
    operations::experiments,
    otlp::{Any, Span, Status, Stored},
    sql::{ROWS, marks, tuples},
    store::{Connection, Dialect, Value},
};

/// The attribute with the tokens that a step used.
const TOKENS: &str = "mlflow.chat.tokenUsage";

/// The attribute with what a step cost.
const COST: &str = "mlflow.llm.cost";

/// The metadata with the user of the application.
const USER: &str = "mlflow.trace.user";

/// What comes before the key of a tag that a root span carries.
const TAG: &str = "mlflow.traceTag.";

/// Longest name of a model or of who runs it, in characters.
const MODEL_LENGTH: usize = 500;

/// Longest type of a span, in characters.
const TYPE_LENGTH: usize = 500;

/// Most spans of one statement.
const SPANS: usize = ROWS / 5;

/// What the spans of one request say of one trace.
struct Batch<'s> {
    spans: Vec<(&'s Span, String)>,
    start: i64,
    end: Option<i64>,
    state: Option<&'static str>,
    session: Option<String>,
    user: Option<String>,
    tags: BTreeMap<String, String>,
    tokens: Vec<Node<i64>>,
    cost: Vec<Node<f64>>,
}

/// Keeps spans, and what they say of their traces. Traces that are not there are made in an experiment.
/// The ids of the traces whose roots were among them.
///
/// # Errors
/// A refusal of an experiment that is not there or of a trace that may not be changed, and those of the store.
pub(in crate::operations) fn keep(
    on: &mut dyn Connection,
    context: &Context<'_>,
    experiment: &str,
    spans: &[Span],
) -> Result<Vec<String>, Error> {
    let mut batches: BTreeMap<String, Batch<'_>> = BTreeMap::new();
    for span in spans {
        batches.entry(span.trace_id()).or_insert_with(Batch::new).add(span)?;
    }
    let ids: Vec<String> = batches.keys().cloned().collect();
    let mut all = known::find(on, context, &ids)?;
    let mut home = None;
    for (id, batch) in &batches {
        if let Some(known) = all.get(id) {
            start::check_home(on, context, known.experiment, experiment)?;
            start::check_in_database(on, id)?;
            continue;
        }
        if home.is_none() {
            home = Some(experiments::by_id(on, context, experiment)?);
        }
        if let Some(home) = &home {
            let made = known::make(on, context, home, id, batch.start, batch.end)?;
            all.insert(id.clone(), made);
        }
    }
    put(on, &batches, &all)?;
    for (id, batch) in &batches {
        let Some(known) = all.get(id) else { continue };
        batch.note(on, context, id, known)?;
    }
    let roots = spans.iter().filter(|span| span.parent_id().is_none()).map(Span::trace_id);
    Ok(roots.collect::<HashSet<_>>().into_iter().collect())
}

/// Writes the rows of spans. One that is there is overwritten: clients send a span again when they are not sure.
fn put(
    on: &mut dyn Connection,
    batches: &BTreeMap<String, Batch<'_>>,
    known: &BTreeMap<String, Known>,
) -> Result<(), Error> {
    const COLUMNS: [&str; 15] = [
        "trace_id",
        "span_id",
        "experiment_id",
        "parent_span_id",
        "name",
        "type",
        "status",
        "start_time_unix_nano",
        "end_time_unix_nano",
        "content",
        "input_cost",
        "output_cost",
        "total_cost",
        "model_name",
        "model_provider",
    ];
    let mut rows = BTreeMap::new();
    for (id, batch) in batches {
        let Some(known) = known.get(id) else { continue };
        for (span, content) in &batch.spans {
            rows.insert((id, span.id()), (known.experiment, span, content));
        }
    }
    let sets = COLUMNS.iter().skip(2).map(|it| format!("{it} = excluded.{it}"));
    let sets = sets.collect::<Vec<_>>().join(", ");
    let rows: Vec<_> = rows.into_iter().collect();
    for rows in rows.chunks(SPANS) {
        let sql = format!(
            "INSERT INTO spans ({}) VALUES {} ON CONFLICT (trace_id, span_id) DO UPDATE SET {sets}",
            COLUMNS.join(", "),
            tuples(COLUMNS.len(), rows.len())
        );
        let mut values: Vec<Value> = Vec::with_capacity(rows.len() * COLUMNS.len());
        for ((trace, id), (experiment, span, content)) in rows {
            let cost = span.attributes.get(COST).map(analytics::object).unwrap_or_default();
            let text = |key: &str, limit| {
                let text = span.attributes.text(key);
                Value::from(text.map(|text| limits::cut(&text, limit).to_owned()))
            };
            values.extend([
                (*trace).into(),
                id.into(),
                (*experiment).into(),
                span.parent_id().into(),
                (&span.name).into(),
                text("mlflow.spanType", TYPE_LENGTH),
                span.status.name().into(),
                nanoseconds(span.start)?.into(),
                span.end.map(nanoseconds).transpose()?.into(),
                (*content).into(),
            ]);
            values.extend(analytics::costs(&cost).map(Value::from));
            values.push(text("mlflow.llm.model", MODEL_LENGTH));
            values.push(text("mlflow.llm.provider", MODEL_LENGTH));
        }
        on.execute(&sql, &values)?;
    }
    Ok(())
}

/// A time that the database can keep.
fn nanoseconds(time: u64) -> Result<i64, Error> {
    i64::try_from(time)
        .map_err(|_| Error::invalid(format!("`{time}` is no time of a span: it is after 2262")))
}

impl<'s> Batch<'s> {
    fn new() -> Self {
        Self {
            spans: Vec::new(),
            start: i64::MAX,
            end: None,
            state: None,
            session: None,
            user: None,
            tags: BTreeMap::new(),
            tokens: Vec::new(),
            cost: Vec::new(),
        }
    }

    fn add(&mut self, span: &'s Span) -> Result<(), Error> {
        let milliseconds = |time| Ok::<_, Error>(nanoseconds(time)? / 1_000_000);
        self.start = self.start.min(milliseconds(span.start)?);
        self.end = self.end.max(span.end.map(milliseconds).transpose()?);
        let attributes = &span.attributes;
        let object = |key| attributes.value(key).map(unfolded);
        self.tokens.push(Node::new(span.id(), span.parent_id(), object(TOKENS)));
        self.cost.push(Node::new(span.id(), span.parent_id(), object(COST)));
        let said = |key: &str| Some(bare(&attributes.value(key)?)).filter(|it| !it.is_empty());
        if self.session.is_none() {
            self.session = said("session.id").or_else(|| said("gen_ai.conversation.id"));
            analytics::check_session(self.session.as_deref())?;
        }
        self.user = self.user.take().or_else(|| said("user.id"));
        if span.parent_id().is_none() {
            let is_error = span.status == Status::Error;
            self.state.get_or_insert(if is_error { "ERROR" } else { "OK" });
            for (key, _) in attributes.iter() {
                let Some(name) = key.strip_prefix(TAG) else { continue };
                if checks::run_tag(name).is_ok() {
                    self.tags.extend(said(key).map(|value| (name.to_owned(), value)));
                }
            }
        }
        self.spans.push((span, span.content()));
        Ok(())
    }

    /// Writes what the spans say of their trace.
    fn note(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
        id: &str,
        known: &Known,
    ) -> Result<(), Error> {
        let (tokens, cost) = (sums::of_tokens(&self.tokens), sums::of_cost(&self.cost));
        let says_something = tokens.is_some() || cost.is_some() || self.session.is_some();
        // as MLflow: what was completed stands against spans that count something
        let is_complete = says_something && !known.is_new && known::is_complete(on, id)?;
        let takes_tokens = tokens.is_some() && !(is_complete && known.has(Fact::Tokens));
        let takes_cost = cost.is_some() && !(is_complete && known.has(Fact::Cost));
        let (tokens, cost) = if known.is_new || !(takes_tokens || takes_cost) {
            (tokens, cost)
        } else {
            stored_sums(on, id)?
        };
        let mut sets: Vec<(&str, Value)> = Vec::new();
        let starts_earlier = !is_complete && known.start > self.start;
        if !is_complete {
            let start = known.start.min(self.start);
            sets.push(("timestamp_ms", start.into()));
            let before = known.duration.map(|it| known.start.saturating_add(it));
            let end = self.end.map(|end| end.max(before.unwrap_or(end)));
            sets.extend(end.map(|end| ("execution_time_ms", (end - start).into())));
        }
        if known.is_open {
            sets.extend(self.state.map(|state| ("status", state.into())));
        }
        let root = self.spans.iter().rev().find(|(span, _)| span.parent_id().is_none());
        if let Some((root, _)) = root {
            let preview = |key, role| Some(preview::of(root.attributes.get(key)?, role));
            if !known.has(Fact::Request) {
                let text = preview("mlflow.spanInputs", "user");
                sets.extend(text.map(|text| ("request_preview", text.into())));
            }
            if !known.has(Fact::Response) {
                let text = preview("mlflow.spanOutputs", "assistant");
                sets.extend(text.map(|text| ("response_preview", text.into())));
            }
        }
        if let Some(name) = self.tags.get(NAME) {
            limits::length("Trace name", name, tags::NAME_LENGTH)?;
            sets.push(("trace_name", name.into()));
        }
        let found = Analytics {
            session: self.session.clone().filter(|_| !known.has(Fact::Session)),
            tokens: tokens.filter(|_| takes_tokens).unwrap_or_default(),
            cost: cost.filter(|_| takes_cost).unwrap_or_default(),
        };
        let columns = analytics::COLUMNS.into_iter().zip(found.values());
        sets.extend(columns.filter(|(_, value)| *value != Value::Null));
        let mut columns = String::new();
        for (column, _) in &sets {
            columns.push_str(column);
            columns.push_str(" = ?, ");
        }
        let sql = format!(
            "UPDATE trace_info SET {columns}db_payload_generation = db_payload_generation + 1 WHERE request_id = ?"
        );
        let mut values: Vec<Value> = sets.into_iter().map(|(_, value)| value).collect();
        values.push(id.into());
        on.execute(&sql, &values)?;
        if starts_earlier {
            let sql = "UPDATE assessments SET trace_timestamp_ms = ? WHERE trace_id = ?";
            on.execute(sql, &[self.start.into(), id.into()])?;
        }
        if let Some(user) = &self.user {
            known::set_new_metadata(on, id, USER, user)?;
        }
        let mut all = self.resource_tags();
        let own = self.tags.iter().filter(|(key, _)| *key != NAME && *key != SPANS_LOCATION);
        all.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        all.insert(SPANS_LOCATION.to_owned(), IN_DATABASE.to_owned());
        tags::set(on, context, id, &all)
    }

    /// What is known of the program, as tags. MLflow's own tags are not for it to set.
    fn resource_tags(&self) -> BTreeMap<String, String> {
        let resource = self.spans.iter().find(|(span, _)| !span.resource.is_empty());
        let pairs = resource.into_iter().flat_map(|(span, _)| span.resource.iter());
        let pairs = pairs.filter(|(key, _)| {
            !key.starts_with("telemetry.sdk.")
                && !key.starts_with("mlflow.")
                && checks::run_tag(key).is_ok()
        });
        pairs.map(|(key, value)| (key.clone(), bare(value))).collect()
    }
}

/// A text as it is, and the JSON text of anything else.
fn bare(value: &Any) -> String {
    value.text().map_or_else(|| value.dump(), ToOwned::to_owned)
}

/// The value of JSON text inside of a text.
fn unfolded(value: Any) -> Any {
    match &value {
        Any::Text(text) => Any::parse(text).unwrap_or(value),
        _ => value,
    }
}

/// The sums of all spans of a trace, those of earlier requests too: a step may come before the one that it is
/// part of.
fn stored_sums(on: &mut dyn Connection, id: &str) -> Result<Sums, Error> {
    let (mut tokens, mut cost) = (Vec::new(), Vec::new());
    let sql = "SELECT span_id, parent_span_id, content FROM spans WHERE trace_id = ?";
    for mut row in on.query(sql, &[id.into()])? {
        let (span, parent): (String, Option<String>) = (row.take(0)?, row.take(1)?);
        let stored = Stored::parse(&row.take::<String>(2)?);
        let object = |key| stored.as_ref().and_then(|it| it.object(key));
        tokens.push(Node::new(span.clone(), parent.clone(), object(TOKENS)));
        cost.push(Node::new(span, parent, object(COST)));
    }
    Ok((sums::of_tokens(&tokens), sums::of_cost(&cost)))
}
