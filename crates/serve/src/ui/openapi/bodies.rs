//! The same row as a body of each protocol. A body that the model does not answer is none.

use longshore_kserve::v2::TensorInfo;
use serde_json::{Value, json};

use super::super::{
    columns::Form,
    example,
    node::{Node, object},
};
use crate::{config::Limits, protocol::Protocol, repository::Served};

/// A body of V1.
pub(super) fn v1(row: &Node) -> Node {
    object([("instances", Node::List(vec![row.clone()]))])
}

/// A body of V2.
pub(super) fn v2(served: &Served, row: &Node, limits: &Limits) -> Option<Node> {
    let cells = |input: &TensorInfo| -> Option<Vec<Node>> {
        match row {
            Node::Object(cells) => {
                let (_, cell) = cells.iter().find(|(name, _)| *name == input.name)?;
                Some(vec![cell.clone()])
            }
            Node::List(cells) => match &served.inputs[..] {
                [_] => Some(cells.clone()),
                all => {
                    let at = all.iter().position(|other| other.name == input.name)?;
                    Some(vec![cells.get(at)?.clone()])
                }
            },
            Node::Value(_) => Some(vec![row.clone()]),
        }
    };
    let tensor = |input: &TensorInfo| {
        let data = cells(input)?;
        let mut shape = vec![1];
        if input.shape.len() > 1 {
            shape.push(data.len() as i64);
        }
        Some(object([
            ("name", input.name.as_str().into()),
            ("shape", shape.into()),
            ("datatype", input.datatype.name().into()),
            ("data", Node::List(data)),
        ]))
    };
    let inputs: Vec<Node> = served.inputs.iter().filter_map(tensor).collect();
    let body = object([("inputs", Node::List(inputs))]);
    example::answers(served, Protocol::V2, &body, limits).then_some(body)
}

/// A body of `/invocations`.
pub(super) fn invocations(
    served: &Served,
    form: Form,
    row: &Node,
    limits: &Limits,
) -> Option<Node> {
    let split = match (form, row) {
        (Form::Named, Node::Object(cells)) => {
            let names = cells.iter().map(|(name, _)| Node::from(name.as_str())).collect();
            let data = cells.iter().map(|(_, cell)| cell.clone()).collect();
            Some(object([(
                "dataframe_split",
                object([("columns", names), ("data", Node::List(vec![data]))]),
            )]))
        }
        (Form::Dict, row) => Some(object([("dataframe_records", Node::List(vec![row.clone()]))])),
        _ => None,
    };
    let plain = [v1(row), object([("inputs", Node::List(vec![row.clone()]))])];
    let works = |body: &Node| example::answers(served, Protocol::Mlflow, body, limits);
    split.into_iter().chain(plain).find(works)
}

/// The rows of `/invocations` as CSV.
pub(super) fn csv(row: &Node) -> Option<Value> {
    let Node::Object(cells) = row else { return None };
    let quoted = |text: &str| {
        let special = text.contains(['"', ',', '\n', '\r']) || text.is_empty();
        if special { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let cell = |cell: &Node| match cell {
        Node::Value(Value::Null) => Some(String::new()),
        Node::Value(Value::String(text)) => Some(quoted(text)),
        Node::Value(value @ (Value::Bool(_) | Value::Number(_))) => Some(value.to_string()),
        _ => None,
    };
    let names: Vec<_> = cells.iter().map(|(name, _)| quoted(name)).collect();
    let values = cells.iter().map(|(_, value)| cell(value)).collect::<Option<Vec<_>>>()?;
    Some(json!(format!("{}\n{}\n", names.join(","), values.join(","))))
}
