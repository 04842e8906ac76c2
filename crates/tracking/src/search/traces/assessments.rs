//! What a search asks of the assessments of a trace. One that was made of a whole session counts for each
//! of the session's traces.

use longshore_mlflow::rest::dumps;
use serde_json::Value as Json;

use super::{filter::SESSION, sql::Candidates};
use crate::{
    search::{
        condition::Condition, field::Kind, operand::Operand, operator::Operator, select::Sql,
    },
    store::Dialect,
};

/// How many characters of a value the index of assessments holds.
const INDEXED: usize = 100;

/// The experiments of a search.
pub(super) struct Within {
    list: String,
}

impl Within {
    pub(super) fn new(experiments: &[i64]) -> Self {
        let ids: Vec<_> = experiments.iter().map(ToString::to_string).collect();
        Self { list: ids.join(", ") }
    }

    /// The condition that a column is one of them.
    pub(super) fn of(&self, column: &str) -> String {
        format!("{column} IN ({})", self.list)
    }
}

/// The condition that trace `t` has an assessment, or shows an issue.
pub(super) fn fulfilled(condition: &Condition, within: &Within, dialect: Dialect) -> Sql {
    let said = said(condition, dialect);
    let mut sql = Sql::of(
        "EXISTS (SELECT 1 FROM assessments a WHERE a.trace_id = t.request_id AND ",
        Vec::new(),
    );
    sql.push(&said.text, said.values.iter().cloned());
    sql.push(")", []);
    if condition.field.kind == Kind::Issue {
        return sql;
    }
    sql.push(
        &format!(
            " OR t.session_id IS NOT NULL AND EXISTS (SELECT 1 FROM trace_info s JOIN assessments a ON a.trace_id = s.request_id WHERE s.session_id = t.session_id AND {} AND a.assessment_metadata LIKE ? AND ",
            within.of("s.experiment_id")
        ),
        [of_session().into()],
    );
    sql.push(&said.text, said.values);
    let not = if condition.operator == Operator::IsNull { "NOT " } else { "" };
    sql.text.insert_str(0, &format!("{not}("));
    sql.push("))", []);
    sql
}

/// The pattern of the metadata of an assessment of a session.
fn of_session() -> String {
    format!("%\"{SESSION}\":%")
}

/// What is true of assessment `a`. The kind is in a form that no index is used for: it says little.
fn said(condition: &Condition, dialect: Dialect) -> Sql {
    let kind = condition.field.kind.name();
    let mut sql = Sql::of(format!("a.assessment_type || '' = '{kind}' AND a.name = ?"), Vec::new());
    if condition.field.kind == Kind::Issue {
        sql.values = condition.operand.values();
        return sql;
    }
    sql.values.push((&condition.field.key).into());
    sql.push(" AND a.valid = TRUE", []);
    let value = value(condition, dialect);
    sql.push(&value.text, value.values);
    sql
}

/// What is true of the value of assessment `a`, which is JSON: a text is compared as it is and as JSON.
fn value(condition: &Condition, dialect: Dialect) -> Sql {
    let operator = condition.operator;
    match (operator, &condition.operand) {
        (Operator::IsNull | Operator::IsNotNull, _) => Sql::default(),
        (Operator::Equal | Operator::NotEqual, Operand::Text(text)) => {
            let not = if operator == Operator::NotEqual { "NOT " } else { "" };
            let values = vec![text.into(), json(text).into()];
            Sql::of(format!(" AND {not}(a.value = ? OR a.value = ?)"), values)
        }
        (_, Operand::Int(_) | Operand::Real(_)) => {
            let sign = operator.name();
            let number = match condition.operand {
                Operand::Int(number) => number as f64,
                Operand::Real(number) => number,
                _ => f64::NAN,
            };
            let text = format!(" AND a.is_numeric_value = TRUE AND a.aggregate_value {sign} ?");
            Sql::of(text, vec![number.into()])
        }
        _ => {
            let (text, values) = operator.sql("a.value", &condition.operand, dialect);
            Sql::of(format!(" AND {text}"), values)
        }
    }
}

/// A text as JSON in Python's form.
fn json(text: &str) -> String {
    let json = Json::from(text).to_string();
    dumps(&json).unwrap_or(json)
}

/// The traces that have an assessment, and those of their sessions.
pub(super) fn candidates(condition: &Condition, within: &Within) -> Option<Candidates> {
    let name = match (condition.field.kind, condition.operator, &condition.operand) {
        (Kind::Issue, _, Operand::Text(name)) => name,
        (_, Operator::IsNull, _) => return None,
        _ => &condition.field.key,
    };
    let text = format!(
        "SELECT a.trace_id AS id FROM assessments a WHERE {} AND a.name = ?",
        within.of("a.experiment_id")
    );
    let mut count = Sql::of(text, vec![name.into()]);
    if let (Kind::Feedback | Kind::Expectation, Operator::Equal, Operand::Text(text)) =
        (condition.field.kind, condition.operator, &condition.operand)
    {
        count.push(
            &format!(
                " AND substr(a.value, 1, {INDEXED}) IN (substr(?, 1, {INDEXED}), substr(?, 1, {INDEXED}))"
            ),
            [text.into(), json(text).into()],
        );
    }
    let mut ids = count.clone();
    ids.push(
        &format!(
            " UNION SELECT s.request_id FROM ({}) d JOIN trace_info x ON x.request_id = d.id JOIN trace_info s ON s.session_id = x.session_id AND {}",
            count.text,
            within.of("s.experiment_id")
        ),
        count.values.clone(),
    );
    Some(Candidates { count, ids })
}
