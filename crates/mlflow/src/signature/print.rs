use serde_json::Value;

use super::{ColumnSpec, Param, Schema, Signature, TensorSpec};
use crate::text::{double, quote_ascii};

impl Signature {
    /// The three JSON texts of the `signature` key, `inputs`, `outputs` and `params`, as MLflow writes them.
    pub fn print(&self) -> [Option<String>; 3] {
        let params = (!self.params.is_empty()).then(|| list(&self.params, param));
        let schema = |schema: &Option<Schema>| {
            schema.as_ref().map(|schema| match schema {
                Schema::Columns(columns) => list(columns, column),
                Schema::Tensors(tensors) => list(tensors, tensor),
            })
        };
        [schema(&self.inputs), schema(&self.outputs), params]
    }
}

fn list<T>(items: &[T], print: impl Fn(&T, &mut String)) -> String {
    let mut out = String::from("[");
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index > 0 { ", {" } else { "{" });
        print(item, &mut out);
        out.push('}');
    }
    out.push(']');
    out
}

fn column(column: &ColumnSpec, out: &mut String) {
    column.data_type.write(out);
    if let Some(name) = &column.name {
        out.push_str(", \"name\": ");
        out.push_str(&quote_ascii(name));
    }
    out.push_str(if column.required { ", \"required\": true" } else { ", \"required\": false" });
}

fn tensor(tensor: &TensorSpec, out: &mut String) {
    if let Some(name) = &tensor.name {
        out.push_str("\"name\": ");
        out.push_str(&quote_ascii(name));
        out.push_str(", ");
    }
    out.push_str("\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": ");
    out.push_str(&quote_ascii(&tensor.dtype));
    let shape: Vec<_> = tensor.shape.iter().map(ToString::to_string).collect();
    out.push_str(", \"shape\": [");
    out.push_str(&shape.join(", "));
    out.push_str("]}");
}

fn param(param: &Param, out: &mut String) {
    out.push_str("\"name\": ");
    out.push_str(&quote_ascii(&param.name));
    out.push_str(", \"default\": ");
    value(&param.default, out);
    out.push_str(if param.list { ", \"shape\": [-1], " } else { ", \"shape\": null, " });
    param.data_type.write(out);
}

/// A value as Python's `json` module prints it. The keys of an object are in alphabetical order.
fn value(json: &Value, out: &mut String) {
    match json {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => double(number, out),
            None => out.push_str(&number.to_string()),
        },
        Value::String(text) => out.push_str(&quote_ascii(text)),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                value(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&quote_ascii(key));
                out.push_str(": ");
                value(item, out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) => out.push_str(&json.to_string()),
    }
}
