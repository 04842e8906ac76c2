//! The rows and the answers of a model, as JSON Schema.

use longshore_engine::{Labels, Method};
use longshore_kserve::v2::{Datatype, TensorInfo};
use longshore_mlflow::{ColumnType, Param};
use serde_json::{Value, json};

use super::super::{
    columns::{Column, Form},
    node::{Node, object},
};

/// Most categories that a description lists.
const MOST_CHOICES: usize = 20;

/// The schema of a row.
pub(super) fn row(form: Form, columns: &[Column], count: usize) -> Node {
    match form {
        Form::Document => json!({"type": "string", "description": "One text."}).into(),
        Form::Dict => json!({
            "type": "object",
            "description": "Any columns by name: texts, numbers, booleans or lists of texts.",
        })
        .into(),
        Form::Named => {
            let required = columns.iter().filter(|column| column.required);
            let names: Value = required.filter_map(|column| column.name.as_deref()).collect();
            let properties = columns.iter().filter_map(|column| {
                Some((column.name.as_deref()?.to_owned(), self::column(column).into()))
            });
            object([
                ("type", "object".into()),
                ("required", names.into()),
                ("properties", Node::Object(properties.collect())),
            ])
        }
        Form::List => {
            let items = match columns {
                [] => json!({"type": ["number", "null"]}),
                [first, rest @ ..] if rest.iter().all(|c| column(c) == column(first)) => {
                    column(first)
                }
                _ => json!({}),
            };
            let mut schema = json!({"type": "array", "items": items});
            if count > 0 {
                schema["minItems"] = json!(count);
                schema["maxItems"] = json!(count);
            }
            schema.into()
        }
    }
}

/// The schema of a value of a column.
fn column(column: &Column) -> Value {
    let mut schema = match column.kind {
        Some(kind) => typed(kind),
        None if column.is_text => json!({"type": "string"}),
        None => json!({"type": "number"}),
    };
    if column.may_lack
        && let Some(kind) = schema.get("type").cloned()
    {
        schema["type"] = json!([kind, "null"]);
    }
    if !column.choices.is_empty() {
        let known = column.choices.iter().take(MOST_CHOICES);
        let known: Vec<String> = known.map(|choice| format!("`{}`", plain(choice))).collect();
        let more = if column.choices.len() > MOST_CHOICES { ", …" } else { "" };
        schema["description"] = json!(format!("Known from training: {}{more}", known.join(", ")));
        schema["examples"] = column.choices.iter().take(MOST_CHOICES).cloned().collect();
    }
    schema
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The schema of a value of a type of MLflow's.
fn typed(kind: ColumnType) -> Value {
    match kind {
        ColumnType::Boolean => json!({"type": "boolean"}),
        ColumnType::Integer => json!({"type": "integer", "format": "int32"}),
        ColumnType::Long => json!({"type": "integer", "format": "int64"}),
        ColumnType::Float => json!({"type": "number", "format": "float"}),
        ColumnType::Double => json!({"type": "number", "format": "double"}),
        ColumnType::String => json!({"type": "string"}),
        ColumnType::Binary => json!({"type": "string", "contentEncoding": "base64"}),
        ColumnType::Datetime => json!({"type": "string", "description": "ISO 8601."}),
        ColumnType::Nested => json!({}),
    }
}

/// The schema of the parameters that a request of `/invocations` may carry, beside `method`.
pub(super) fn params(params: &[Param], methods: &[&str]) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert("method".to_owned(), json!({"type": "string", "enum": methods}));
    for param in params {
        let mut schema = typed(param.kind);
        if param.list {
            schema = json!({"type": "array", "items": schema});
        }
        if !param.default.is_null() {
            schema["default"] = param.default.clone();
        }
        properties.insert(param.name.clone(), schema);
    }
    json!({"type": "object", "properties": properties})
}

/// The schema of an answer to one row, by any of the methods. What `predict` gives is of the type of the classes, where
/// there are some: a model that refuses made-up rows could not be asked.
pub(super) fn answer(outputs: &[TensorInfo], classes: Option<&Labels>) -> Value {
    let mut kinds: Vec<Value> = Vec::new();
    for output in outputs {
        let label = classes.filter(|_| output.name == Method::Predict.name()).map(datatype);
        let value = match label.unwrap_or(output.datatype) {
            Datatype::Bool => json!({"type": "boolean"}),
            // a label may be missing
            Datatype::Bytes => json!({"type": ["string", "null"]}),
            Datatype::Fp16 | Datatype::Bf16 | Datatype::Fp32 | Datatype::Fp64 => {
                json!({"type": ["number", "null"]})
            }
            _ => json!({"type": "integer"}),
        };
        let kind =
            if output.shape.len() > 1 { json!({"type": "array", "items": value}) } else { value };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    match <[Value; 1]>::try_from(kinds) {
        Ok([only]) => only,
        Err(kinds) if kinds.is_empty() => json!({}),
        Err(kinds) => json!({ "anyOf": kinds }),
    }
}

/// The datatype of a class.
fn datatype(classes: &Labels) -> Datatype {
    match classes {
        Labels::I64(_) => Datatype::Int64,
        Labels::I32(_) => Datatype::Int32,
        Labels::F64(_) => Datatype::Fp64,
        Labels::Bool(_) => Datatype::Bool,
        Labels::Text(_) => Datatype::Bytes,
    }
}
