//! A row as a line of JSON. Integers and fractions stay what they are: a fraction always has a point.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value as Json, json};

use crate::store::{Column, TableColumn, Value};

/// Writes a row. What SQLite keeps as a number becomes the truth value that its column says.
pub(super) fn print(columns: &[TableColumn], row: Vec<Value>) -> String {
    let cells = columns.iter().zip(row).map(|(column, value)| match value {
        Value::Null => Json::Null,
        Value::Int(number) if column.is_bool => (number != 0).into(),
        Value::Int(number) => number.into(),
        Value::Real(number) if number.is_finite() => number.into(),
        Value::Real(number) => json!({ "real": number.to_string() }),
        Value::Text(text) => text.into(),
        Value::Bool(flag) => flag.into(),
        Value::Bytes(bytes) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
    });
    Json::Array(cells.collect()).to_string()
}

/// Reads a row; `None` when it is none of so many values.
pub(super) fn parse(line: &str, columns: usize) -> Option<Vec<Value>> {
    let Json::Array(cells) = serde_json::from_str(line).ok()? else { return None };
    let row: Option<Vec<_>> = cells.into_iter().map(value).collect();
    row.filter(|row| row.len() == columns)
}

fn value(cell: Json) -> Option<Value> {
    Some(match cell {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::String(text) => Value::Text(text),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Real(number.as_f64()?),
        },
        Json::Object(cell) => match cell.iter().next()? {
            (kind, Json::String(text)) if kind == "real" => Value::Real(text.parse().ok()?),
            (kind, Json::String(text)) if kind == "base64" => {
                Value::Bytes(BASE64_STANDARD.decode(text).ok()?)
            }
            _ => return None,
        },
        Json::Array(_) => return None,
    })
}

/// All values of a row of a query.
pub(super) fn values(
    mut row: crate::store::Row,
    columns: usize,
) -> Result<Vec<Value>, crate::Error> {
    (0..columns).map(|column| row.take::<Any>(column).map(|Any(value)| value)).collect()
}

/// Any value.
struct Any(Value);

impl Column for Any {
    const WANTED: &'static str = "a value";

    fn of(value: Value) -> Result<Self, Value> {
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::{TableColumn, Value, parse, print};

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let row = vec![
            Value::Null,
            Value::Int(i64::MIN),
            Value::Real(1.0),
            Value::Real(0.1 + 0.2),
            Value::Real(f64::MAX),
            Value::Real(f64::NEG_INFINITY),
            Value::Text("a\n\"ü\"".into()),
            Value::Bytes(vec![0, 255]),
            Value::Bool(true),
        ];
        let column = |_| TableColumn { name: String::new(), is_bool: false, is_counted: false };
        let columns: Vec<_> = (0..row.len()).map(column).collect();
        let line = print(&columns, row.clone());
        assert!(!line.contains('\n'));
        assert_eq!(parse(&line, row.len()), Some(row));
        for wrong in
            ["", "{}", "[1, 2]", "[[1]]", r#"[{"real": "x"}]"#, r#"[{"base64": "?"}]"#, "[{}]"]
        {
            assert_eq!(parse(wrong, 1), None, "{wrong}");
        }
    }

    #[test]
    fn truth_values_are_the_same_for_all_databases() {
        let column = TableColumn { name: String::new(), is_bool: true, is_counted: false };
        for value in [Value::Int(1), Value::Bool(true)] {
            assert_eq!(print(std::slice::from_ref(&column), vec![value]), "[true]");
        }
    }
}
