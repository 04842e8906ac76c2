use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ColumnType;
use crate::text::quote_ascii;

/// The type of a column or a parameter that holds more than one value.
#[derive(Clone, Debug, PartialEq)]
pub enum DataType {
    /// One value.
    Scalar(ColumnType),
    /// A list of one type.
    Array(Box<DataType>),
    /// Named values, in the order of their names.
    Object(BTreeMap<String, Property>),
    /// Values of one type by names that are data.
    Map(Box<DataType>),
    /// A type known by its name only: `any`, `sparkml_vector`, and those of releases to come.
    Named(String),
}

/// A value of a [`DataType::Object`].
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its type.
    pub data_type: DataType,
    /// Whether it must be there.
    pub required: bool,
}

/// Deepest nesting that is read.
const DEPTH: usize = 64;

impl DataType {
    /// Reads a type from its keys; other keys may stand among them.
    pub(super) fn read(map: &Map<String, Value>) -> Result<Self, String> {
        read(map, 0)
    }

    /// Appends the keys of the type, without braces.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(kind) => word(out, kind.name()),
            Self::Named(name) => word(out, name),
            Self::Array(items) => {
                word(out, "array");
                inside(out, "items", items);
            }
            Self::Map(values) => {
                word(out, "map");
                inside(out, "values", values);
            }
            Self::Object(properties) => {
                word(out, "object");
                out.push_str(", \"properties\": {");
                for (index, (name, property)) in properties.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(&quote_ascii(name));
                    out.push_str(": {");
                    property.data_type.write(out);
                    out.push_str(if property.required {
                        ", \"required\": true}"
                    } else {
                        ", \"required\": false}"
                    });
                }
                out.push('}');
            }
        }
    }
}

fn read(map: &Map<String, Value>, depth: usize) -> Result<DataType, String> {
    if depth > DEPTH {
        return Err(format!("types are nested deeper than {DEPTH}"));
    }
    let Some(Value::String(name)) = map.get("type") else {
        return Err("a type has no `type`".into());
    };
    let within = |key: &str| match map.get(key) {
        Some(Value::Object(inner)) => read(inner, depth + 1).map(Box::new),
        _ => Err(format!("a type `{name}` has no `{key}`")),
    };
    Ok(match &**name {
        "array" => DataType::Array(within("items")?),
        "map" => DataType::Map(within("values")?),
        "object" => {
            let Some(Value::Object(properties)) = map.get("properties") else {
                return Err("a type `object` has no `properties`".into());
            };
            let properties = properties.iter().map(|(name, property)| {
                let Value::Object(inner) = property else {
                    return Err(format!("the property `{name}` is no object"));
                };
                let required = inner.get("required").and_then(Value::as_bool).unwrap_or(true);
                let data_type = read(inner, depth + 1)?;
                Ok((name.clone(), Property { data_type, required }))
            });
            DataType::Object(properties.collect::<Result<_, String>>()?)
        }
        name => match ColumnType::parse(name) {
            ColumnType::Nested => DataType::Named(name.to_owned()),
            kind => DataType::Scalar(kind),
        },
    })
}

fn word(out: &mut String, name: &str) {
    out.push_str("\"type\": ");
    out.push_str(&quote_ascii(name));
}

fn inside(out: &mut String, key: &str, inner: &DataType) {
    out.push_str(", \"");
    out.push_str(key);
    out.push_str("\": {");
    inner.write(out);
    out.push('}');
}
