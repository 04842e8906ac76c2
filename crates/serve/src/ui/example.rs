//! A row that the model takes: from the example that MLflow keeps beside it, else from what the model knows.

use longshore_engine::{Limits as FileLimits, Source};
use serde_json::Value;

use super::{
    columns::{Column, Form},
    node::{Node, object},
};
use crate::{
    config::Limits,
    protocol::{Body, MediaType, Protocol, codec},
    repository::Served,
};

/// Files in which MLflow keeps an example beside a model: as the body of a request, and as a table.
const FILES: [&str; 2] = ["serving_input_example.json", "input_example.json"];

/// Largest file of an example that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// A row for a request, as an item of V1's `instances`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Example {
    pub(super) row: Node,
    /// Where it comes from, for people.
    pub(super) from: &'static str,
    /// Whether the model answers it.
    pub(super) works: bool,
}

/// The row; `None` when nothing is known of what a row has.
pub(super) fn of(
    served: &Served,
    form: Form,
    columns: &[Column],
    limits: &Limits,
) -> Option<Example> {
    let example = |row: Node, from| {
        let body = object([("instances", Node::List(vec![row.clone()]))]);
        let works = answers(served, Protocol::V1, &body, limits);
        Example { row, from, works }
    };
    if let Some(row) = served.files().and_then(|files| recorded(files, form, columns)) {
        let example = example(row, "the input example that was saved with the model");
        if example.works {
            return Some(example);
        }
    }
    let known = columns.iter().any(|column| !column.choices.is_empty() || column.typical.is_some());
    let from = if known { "what the model knows of its training" } else { "made up" };
    Some(example(made_up(form, columns)?, from))
}

fn made_up(form: Form, columns: &[Column]) -> Option<Node> {
    match form {
        Form::Document => Some("a text".into()),
        Form::Named | Form::Dict => {
            let cell = |column: &Column| {
                Some((column.name.as_deref()?.to_owned(), column.made_up().into()))
            };
            Some(Node::Object(columns.iter().map(cell).collect::<Option<_>>()?))
        }
        Form::List if columns.is_empty() => None,
        Form::List => Some(columns.iter().map(|column| column.made_up().into()).collect()),
    }
}

/// The first row of the example beside the model.
fn recorded(files: &Source, form: Form, columns: &[Column]) -> Option<Node> {
    let folder = match files {
        Source::Folder(_) | Source::Embedded { .. } => files,
        Source::Chain(links) => links.last()?,
        Source::File(_) => return None,
    };
    if matches!(folder, Source::File(_) | Source::Chain(_)) {
        return None;
    }
    let limits = FileLimits { model_bytes: LARGEST, ..FileLimits::default() };
    let read = |name: &&str| serde_json::from_slice(&folder.read(name, &limits).ok()?).ok();
    let body: Value = FILES.iter().find_map(read)?;
    row(&body, form, columns)
}

/// The first row of a body of `/invocations`, or of a data frame as pandas splits it.
fn row(body: &Value, form: Form, columns: &[Column]) -> Option<Node> {
    let split = body.get("dataframe_split").unwrap_or(body);
    let rows = ["dataframe_records", "instances", "inputs"].iter().find_map(|key| body.get(*key));
    let first = match rows {
        Some(Value::Array(rows)) => rows.first()?.clone(),
        // an object of columns
        Some(Value::Object(columns)) => Value::Object(
            columns
                .iter()
                .map(|(name, cells)| Some((name.clone(), first_of(cells)?)))
                .collect::<Option<_>>()?,
        ),
        Some(other) => other.clone(),
        None => match (split.get("data")?.as_array()?.first()?, split.get("columns")) {
            (Value::Array(cells), Some(Value::Array(names))) if form != Form::List => {
                let name =
                    |name: &Value| name.as_str().map_or_else(|| name.to_string(), str::to_owned);
                let names = names.iter().map(name);
                Value::Object(names.zip(cells.iter().cloned()).collect())
            }
            (cells, _) => cells.clone(),
        },
    };
    fit(first, form, columns)
}

fn first_of(cells: &Value) -> Option<Value> {
    match cells {
        Value::Array(cells) => cells.first().cloned(),
        other => Some(other.clone()),
    }
}

/// A row as the model's form has it.
fn fit(row: Value, form: Form, columns: &[Column]) -> Option<Node> {
    match (form, row) {
        (Form::Document, Value::Object(cells)) => cells.into_values().next().map(Node::from),
        (Form::Document, Value::Array(cells)) => cells.into_iter().next().map(Node::from),
        (Form::Document, text) => Some(text.into()),
        (Form::Named, Value::Object(mut cells)) => {
            let cell = |column: &Column| {
                let name = column.name.as_deref()?;
                Some((name.to_owned(), cells.remove(name)?.into()))
            };
            Some(Node::Object(columns.iter().filter_map(cell).collect()))
        }
        (Form::Named, Value::Array(cells)) if cells.len() == columns.len() => {
            let names = columns.iter().map(|column| column.name.as_deref().unwrap_or_default());
            let cells = cells.into_iter().map(Node::from);
            Some(Node::Object(names.map(str::to_owned).zip(cells).collect()))
        }
        (Form::Dict, Value::Object(cells)) => {
            Some(Node::Object(cells.into_iter().map(|(name, cell)| (name, cell.into())).collect()))
        }
        (Form::List, Value::Array(cells)) => Some(cells.into_iter().map(Node::from).collect()),
        _ => None,
    }
}

/// Whether the model answers a body, asked as a client asks it.
pub(super) fn answers(served: &Served, protocol: Protocol, body: &Node, limits: &Limits) -> bool {
    let Ok(bytes) = serde_json::to_vec(body) else { return false };
    let body = Body { bytes: &bytes, media_type: MediaType::Json, limits };
    let query = codec(protocol).decode(&served.contract, body);
    query.is_ok_and(|query| served.run(served.contract.default, &query.table).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(name: Option<&str>) -> Column {
        Column {
            name: name.map(Into::into),
            kind: None,
            is_text: false,
            required: true,
            may_lack: false,
            choices: Vec::new(),
            typical: None,
        }
    }

    #[test]
    fn examples_are_read_in_every_form_that_mlflow_wrote() {
        let columns = [column(Some("b")), column(Some("a"))];
        let expected = r#"{"b":2,"a":1}"#;
        for body in [
            json!({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}}),
            json!({"columns": ["a", "b"], "data": [[1, 2]]}),
            json!({"dataframe_records": [{"a": 1, "b": 2, "c": 3}]}),
            json!({"instances": [{"a": 1, "b": 2}]}),
            json!({"instances": [[2, 1]]}),
            json!({"inputs": {"a": [1, 5], "b": [2, 6]}}),
        ] {
            let row = row(&body, Form::Named, &columns).unwrap();
            assert_eq!(serde_json::to_string(&row).unwrap(), expected, "{body}");
        }
        let split = json!({"dataframe_split": {"columns": [0, 1], "data": [[1, 2]]}});
        let list = row(&split, Form::List, &[]).unwrap();
        assert_eq!(serde_json::to_string(&list).unwrap(), "[1,2]");
        let text = json!({"dataframe_split": {"columns": ["text"], "data": [["hi"]]}});
        assert_eq!(row(&text, Form::Document, &[]), Some("hi".into()));
        for body in [json!({}), json!([1]), json!({"instances": []}), json!({"data": 1})] {
            assert_eq!(row(&body, Form::Named, &columns), None, "{body}");
        }
    }
}
