//! The conditions of a search of traces in SQL. Row `t` is the trace.

use super::{
    analytics,
    assessments::{self, Within},
    filter::{NAME, PROMPTS, RUN, SESSION},
    spans,
};
use crate::{
    search::{
        condition::{Condition, Table},
        field::Kind,
        operand::Operand,
        operator::Operator,
        select::Sql,
    },
    store::Dialect,
};

const OWNER: &str = "x.request_id = t.request_id";

const TAGS: Table = Table { name: "trace_tags", key: "key", value: "value", owner: OWNER };
const METADATA: Table =
    Table { name: "trace_request_metadata", key: "key", value: "value", owner: OWNER };

/// When a trace ended, in milliseconds since 1970; when it began, for one that has not.
pub(super) const END_TIME: &str = "(t.timestamp_ms + COALESCE(t.execution_time_ms, 0))";

/// How many characters of a value the indexes of names, tags and metadata hold.
const INDEXED: usize = 100;

/// The conditions that a trace fulfils.
pub(super) fn fulfilled(conditions: &[Condition], within: &Within, dialect: Dialect) -> Vec<Sql> {
    let (spans, others): (Vec<_>, Vec<_>) =
        conditions.iter().partition(|it| it.field.kind == Kind::Span);
    let mut all: Vec<_> = others.iter().map(|it| one(it, within, dialect)).collect();
    all.extend(spans::fulfilled(&spans, begins(conditions), dialect));
    all
}

/// The earliest time that traces begin at, in milliseconds since 1970, when conditions say one.
fn begins(conditions: &[Condition]) -> Option<i64> {
    let bounds =
        conditions.iter().filter_map(|it| match (&*it.field.key, it.operator, &it.operand) {
            ("timestamp_ms", Operator::Greater | Operator::GreaterOrEqual, Operand::Int(time))
                if it.field.kind == Kind::Attribute =>
            {
                Some(*time)
            }
            _ => None,
        });
    bounds.max()
}

fn one(condition: &Condition, within: &Within, dialect: Dialect) -> Sql {
    let on = |column: &str| condition.on(column, dialect);
    match (condition.field.kind, &*condition.field.key) {
        (Kind::Attribute, "end_time_ms") => on(END_TIME),
        (Kind::Attribute, key) => on(&format!("t.{key}")),
        (Kind::Tag, NAME) => on("t.trace_name"),
        (Kind::Tag, PROMPTS) => linked(condition, "prompt_version"),
        (Kind::Metadata, SESSION) => on("t.session_id"),
        (Kind::Metadata, RUN) if condition.operator == Operator::Equal => {
            let mut sql = condition.among(&METADATA, dialect);
            let linked = linked(condition, "run");
            sql.text.insert(0, '(');
            sql.push(&format!(" OR {})", linked.text), linked.values);
            sql
        }
        (Kind::Tag, _) => condition.among(&TAGS, dialect),
        (Kind::Metadata, _) => {
            analytics::fulfilled(condition).unwrap_or_else(|| condition.among(&METADATA, dialect))
        }
        _ => assessments::fulfilled(condition, within, dialect),
    }
}

/// The condition that a trace is linked to what a condition names.
fn linked(condition: &Condition, kind: &str) -> Sql {
    let text = format!(
        "EXISTS (SELECT 1 FROM entity_associations x WHERE x.source_type = 'trace' AND x.source_id = t.request_id AND x.destination_type = '{kind}' AND x.destination_id = ?)"
    );
    Sql::of(text, condition.operand.values())
}

/// Traces that may fulfil a condition.
pub(super) struct Candidates {
    /// A query whose rows are no fewer than the work of finding them: few rows are few candidates.
    pub(super) count: Sql,
    /// A query for their ids, each once.
    pub(super) ids: Sql,
}

/// Traces that may fulfil a condition, found by an index: `None` when none finds them.
pub(super) fn candidates(
    condition: &Condition,
    within: &Within,
    dialect: Dialect,
) -> Option<Candidates> {
    let is_equal = condition.operator == Operator::Equal;
    let is_listed = condition.operator == Operator::In;
    let of = |sql: Sql| Some(Candidates { count: sql.clone(), ids: sql });
    match (condition.field.kind, &*condition.field.key) {
        (Kind::Attribute, "request_id" | "client_request_id") if is_equal || is_listed => {
            let value = condition.on(&format!("x.{}", condition.field.key), dialect);
            let mut sql = Sql::of("SELECT x.request_id AS id FROM trace_info x WHERE ", Vec::new());
            sql.push(&value.text, value.values);
            of(sql)
        }
        (Kind::Metadata, SESSION) if is_equal => of(own(condition, "x.session_id = ?", within)),
        (Kind::Tag, NAME) if is_equal => {
            let indexed = format!("substr(x.trace_name, 1, {INDEXED}) = substr(?, 1, {INDEXED})");
            of(own(condition, &indexed, within))
        }
        (Kind::Tag, PROMPTS) => of(links(condition, "prompt_version")),
        (Kind::Metadata, RUN) if is_equal => {
            let mut sql = of_table(condition, &METADATA);
            let links = links(condition, "run");
            sql.push(&format!(" UNION {}", links.text), links.values);
            of(sql)
        }
        (Kind::Metadata, key) if analytics::is_column(key) => None,
        (Kind::Tag, _) if is_equal => of(of_table(condition, &TAGS)),
        (Kind::Metadata, _) if is_equal => of(of_table(condition, &METADATA)),
        (Kind::Feedback | Kind::Expectation | Kind::Issue, _) => {
            assessments::candidates(condition, within)
        }
        _ => None,
    }
}

/// Traces by a column of their own.
fn own(condition: &Condition, indexed: &str, within: &Within) -> Sql {
    let text = format!(
        "SELECT x.request_id AS id FROM trace_info x WHERE {} AND {indexed}",
        within.of("x.experiment_id")
    );
    Sql::of(text, condition.operand.values())
}

/// Traces by a table of keys and values.
fn of_table(condition: &Condition, table: &Table) -> Sql {
    let mut sql = Sql::of(
        format!(
            "SELECT x.request_id AS id FROM {} x WHERE x.key = ? AND substr(x.value, 1, {INDEXED}) = substr(?, 1, {INDEXED})",
            table.name
        ),
        vec![(&condition.field.key).into()],
    );
    sql.values.extend(condition.operand.values());
    sql
}

/// Traces by what they are linked to.
fn links(condition: &Condition, kind: &str) -> Sql {
    let text = format!(
        "SELECT x.source_id AS id FROM entity_associations x WHERE x.destination_type = '{kind}' AND x.destination_id = ? AND x.source_type = 'trace'"
    );
    Sql::of(text, condition.operand.values())
}
