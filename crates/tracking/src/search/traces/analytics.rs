//! Metadata that are kept in columns: how many tokens a trace took, and what it cost.

use serde_json::{Map, Value as Json};

use crate::{
    figures,
    search::{condition::Condition, operand::Operand, operator::Operator, select::Sql},
    store::Value,
};

/// The metadata of tokens with the columns of its items, which have the names of the items.
const TOKENS: (&str, &[&str]) = (figures::TOKENS, &figures::TOKEN_KEYS);

/// The same of costs.
const COST: (&str, &[&str]) = (figures::COST, &figures::COST_KEYS);

/// The columns of metadata.
fn columns(key: &str) -> Option<&'static [&'static str]> {
    [TOKENS, COST].into_iter().find(|(it, _)| *it == key).map(|(_, columns)| columns)
}

/// Whether metadata are kept in several columns.
pub(super) fn is_column(key: &str) -> bool {
    columns(key).is_some()
}

/// The condition that the columns of trace `t` fulfil, for metadata that are kept so.
pub(super) fn fulfilled(condition: &Condition) -> Option<Sql> {
    let columns = columns(&condition.field.key)?;
    let some: Vec<_> = columns.iter().map(|it| format!("t.{it} IS NOT NULL")).collect();
    let some = format!("({})", some.join(" OR "));
    Some(match (condition.operator, &condition.operand) {
        (Operator::IsNull, _) => Sql::of(format!("NOT {some}"), Vec::new()),
        (Operator::IsNotNull, _) => Sql::of(some, Vec::new()),
        (operator, Operand::Text(text)) => {
            let is_cost = condition.field.key == COST.0;
            let same = same(columns, is_cost, text);
            if operator == Operator::Equal {
                same
            } else {
                Sql::of(format!("{some} AND NOT ({})", same.text), same.values)
            }
        }
        _ => Sql::of("FALSE", Vec::new()),
    })
}

/// The condition that columns say the same as a text, which is JSON in the form that clients are told.
fn same(columns: &[&str], is_cost: bool, text: &str) -> Sql {
    let nothing = || Sql::of("FALSE", Vec::new());
    let Ok(Json::Object(items)) = serde_json::from_str::<Json>(text) else { return nothing() };
    let Some(values) = values(columns, is_cost, &items) else { return nothing() };
    if told(columns, &items) != text {
        return nothing();
    }
    let mut sql = Sql::default();
    for (index, (column, value)) in columns.iter().zip(values).enumerate() {
        sql.push(if index > 0 { " AND " } else { "" }, []);
        match value {
            // a missing value must make the whole false, where it would make it unknown
            Some(value) => {
                sql.push(&format!("(t.{column} IS NOT NULL AND t.{column} = ?)"), [value]);
            }
            None => sql.push(&format!("t.{column} IS NULL"), []),
        }
    }
    sql
}

/// The value of each column; none at all for an item that no column keeps.
fn values(
    columns: &[&str],
    is_cost: bool,
    items: &Map<String, Json>,
) -> Option<Vec<Option<Value>>> {
    let is_known = !items.is_empty() && items.keys().all(|it| columns.contains(&it.as_str()));
    let value = |item: &Json| match (is_cost, item) {
        (true, Json::Number(number)) if number.is_f64() => number.as_f64().map(Value::Real),
        (false, Json::Number(number)) => number.as_i64().map(Value::Int),
        _ => None,
    };
    let found: Vec<_> = columns.iter().map(|it| items.get(*it).and_then(value)).collect();
    let is_whole = found.iter().flatten().count() == items.len();
    (is_known && is_whole).then_some(found)
}

/// Items as clients are told them: in the order of their columns, in Python's form.
fn told(columns: &[&str], items: &Map<String, Json>) -> String {
    let items = columns.iter().filter_map(|it| Some((it, items.get(*it)?)));
    let items = items.map(|(name, item)| format!("\"{name}\": {item}"));
    let text = format!("{{{}}}", items.collect::<Vec<_>>().join(", "));
    longshore_mlflow::rest::dumps(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{COST, TOKENS, same};

    #[test]
    fn only_the_form_that_clients_are_told_is_the_same() {
        let tokens = |text: &str| same(TOKENS.1, false, text).text != "FALSE";
        assert!(tokens(r#"{"input_tokens": 5, "output_tokens": 7}"#));
        assert!(!tokens(r#"{"output_tokens": 7, "input_tokens": 5}"#));
        assert!(!tokens(r#"{"input_tokens":5}"#));
        assert!(!tokens(r#"{"input_tokens": 5.0}"#));
        assert!(!tokens(r#"{"other": 5}"#));
        assert!(!tokens("{}"));
        let cost = |text: &str| same(COST.1, true, text).text != "FALSE";
        assert!(cost(r#"{"input_cost": 0.5, "total_cost": 1e-05}"#));
        assert!(!cost(r#"{"input_cost": 1}"#));
    }
}
