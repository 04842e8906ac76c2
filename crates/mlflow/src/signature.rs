use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;

mod data_type;
mod print;

pub use data_type::{DataType, Property};

/// What a model takes and gives, as MLflow records it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    /// What rows look like.
    pub inputs: Option<Schema>,
    /// What answers look like.
    pub outputs: Option<Schema>,
    /// Parameters a request may carry; empty when none were declared.
    pub params: Vec<Param>,
}

/// Columns of a data frame, or tensors; never both.
#[derive(Clone, Debug, PartialEq)]
pub enum Schema {
    /// Columns, all named or none.
    Columns(Vec<ColumnSpec>),
    /// Tensors, all named or a single one without a name.
    Tensors(Vec<TensorSpec>),
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSpec {
    /// Its name; columns without names are taken by position.
    pub name: Option<String>,
    /// Its type.
    pub kind: ColumnType,
    /// The same type in full, with what it holds when it is nested.
    pub data_type: DataType,
    /// Whether a request must have it.
    pub required: bool,
}

/// MLflow's column types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// True or false.
    Boolean,
    /// 32-bit integer.
    Integer,
    /// 64-bit integer.
    Long,
    /// 32-bit float.
    Float,
    /// 64-bit float.
    Double,
    /// Text.
    String,
    /// Bytes, base64 in JSON.
    Binary,
    /// A point in time, ISO 8601 in JSON.
    Datetime,
    /// Arrays, objects, maps and vectors: not tabular, not checked.
    Nested,
}

/// One tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name, when there are several.
    pub name: Option<String>,
    /// numpy's name of the item type, such as `float32`.
    pub dtype: String,
    /// Dimensions; −1 is any.
    pub shape: Vec<i64>,
}

/// One inference parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
    /// The same type in full, with what it holds when it is nested.
    pub data_type: DataType,
    /// The value when a request does not give it.
    pub default: Value,
    /// True when it is a list.
    pub list: bool,
}

#[derive(Deserialize)]
struct RawColumn {
    #[serde(default)]
    name: Option<Value>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "yes")]
    required: bool,
    #[serde(default)]
    optional: bool,
    #[serde(rename = "tensor-spec", default)]
    tensor: Option<RawTensor>,
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<i64>,
}

#[derive(Deserialize)]
struct RawParam {
    name: String,
    #[serde(rename = "type", alias = "dtype")]
    kind: String,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    shape: Option<Vec<i64>>,
}

fn yes() -> bool {
    true
}

impl Signature {
    /// Reads the three JSON texts of the `signature` key.
    ///
    /// # Errors
    /// [`Error::Signature`] naming the part.
    pub fn parse(
        inputs: Option<&str>,
        outputs: Option<&str>,
        params: Option<&str>,
    ) -> Result<Self, Error> {
        Ok(Self {
            inputs: schema("inputs", inputs)?,
            outputs: schema("outputs", outputs)?,
            params: self::params(params)?,
        })
    }
}

fn schema(part: &'static str, text: Option<&str>) -> Result<Option<Schema>, Error> {
    let Some(raw) = list::<RawColumn>(part, text)? else { return Ok(None) };
    let tensors = raw.iter().filter(|(column, _)| column.tensor.is_some()).count();
    if tensors != 0 && tensors != raw.len() {
        let reason = "columns and tensors are mixed".into();
        return Err(Error::Signature { part, reason });
    }
    if tensors != 0 {
        let specs = raw.into_iter().filter_map(|(column, _)| {
            let tensor = column.tensor?;
            Some(TensorSpec { name: name(column.name), dtype: tensor.dtype, shape: tensor.shape })
        });
        return Ok(Some(Schema::Tensors(specs.collect())));
    }
    let specs = raw.into_iter().map(|(column, map)| {
        Ok(ColumnSpec {
            name: name(column.name),
            kind: ColumnType::parse(&column.kind),
            data_type: data_type(part, &map)?,
            required: column.required && !column.optional,
        })
    });
    Ok(Some(Schema::Columns(specs.collect::<Result<_, Error>>()?)))
}

/// A column of a frame with numbered columns is named by a number.
fn name(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn params(text: Option<&str>) -> Result<Vec<Param>, Error> {
    let raw = list::<RawParam>("params", text)?.unwrap_or_default();
    let params = raw.into_iter().map(|(param, mut map)| {
        // the key that MLflow 2.6 had for it
        if let Some(kind) = map.remove("dtype") {
            map.entry("type").or_insert(kind);
        }
        Ok(Param {
            name: param.name,
            kind: ColumnType::parse(&param.kind),
            data_type: data_type("params", &map)?,
            default: param.default,
            list: param.shape.is_some(),
        })
    });
    params.collect()
}

fn data_type(part: &'static str, map: &Map<String, Value>) -> Result<DataType, Error> {
    DataType::read(map).map_err(|reason| Error::Signature { part, reason })
}

/// An item of a list, with all of its keys.
type Item<T> = (T, Map<String, Value>);

/// The items of a list.
fn list<T: for<'de> Deserialize<'de>>(
    part: &'static str,
    text: Option<&str>,
) -> Result<Option<Vec<Item<T>>>, Error> {
    let Some(text) = text else { return Ok(None) };
    let wrong = |error: serde_json::Error| Error::Signature { part, reason: error.to_string() };
    // the typed reading first: its errors name line and column
    let items: Vec<T> = serde_json::from_str(text).map_err(wrong)?;
    let maps: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(wrong)?;
    Ok(Some(items.into_iter().zip(maps).collect()))
}

impl ColumnType {
    /// The name MLflow writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Datetime => "datetime",
            Self::Nested => "nested",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "string" => Self::String,
            "binary" => Self::Binary,
            "datetime" => Self::Datetime,
            _ => Self::Nested,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Signature;

    /// What `Schema.to_json` and `ParamSchema.to_json` of MLflow 3.17.2 print.
    #[test]
    fn a_signature_is_printed_as_mlflow_writes_it() {
        let inputs = r#"[{"type": "double", "name": "a", "required": true}, {"type": "string", "name": "b", "required": false}, {"type": "array", "items": {"type": "long"}, "name": "c", "required": true}, {"type": "object", "properties": {"x": {"type": "double", "required": true}, "y": {"type": "array", "items": {"type": "string"}, "required": false}}, "name": "d", "required": true}, {"type": "map", "values": {"type": "string"}, "name": "e", "required": false}, {"type": "any", "name": "f", "required": true}, {"type": "array", "items": {"type": "array", "items": {"type": "map", "values": {"type": "object", "properties": {"z": {"type": "binary", "required": true}}}}}, "name": "g", "required": true}, {"type": "datetime", "name": "\u00e9", "required": true}, {"type": "sparkml_vector", "name": "v", "required": true}]"#;
        let params = r#"[{"name": "t", "default": 0.1, "shape": null, "type": "double"}, {"name": "n", "default": 3, "shape": null, "type": "long"}, {"name": "s", "default": "\u00e9", "shape": null, "type": "string"}, {"name": "l", "default": [1.0, 2.0], "shape": [-1], "type": "double"}, {"name": "d", "default": "2024-01-01T00:00:00", "shape": null, "type": "datetime"}, {"name": "b", "default": true, "shape": null, "type": "boolean"}, {"name": "f", "default": 1e-07, "shape": null, "type": "float"}, {"name": "i", "default": null, "shape": null, "type": "integer"}, {"name": "o", "default": {"x": 1.5}, "shape": null, "type": "object", "properties": {"x": {"type": "double", "required": true}}}]"#;
        let tensors = [
            r#"[{"type": "float", "required": true}]"#,
            r#"[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}]"#,
            r#"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}, {"name": "y", "type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1]}}]"#,
        ];
        for outputs in tensors {
            let texts = [Some(inputs), Some(outputs), Some(params)];
            let signature = Signature::parse(texts[0], texts[1], texts[2]).unwrap();
            let printed = signature.print();
            assert_eq!(printed.each_ref().map(Option::as_deref), texts);
        }
        assert_eq!(Signature::parse(None, None, None).unwrap().print(), [None, None, None]);
    }

    #[test]
    fn types_that_are_not_whole_are_refused() {
        let deep = format!(
            "[{}{}]",
            r#"{"type":"array","items":"#.repeat(70),
            "1".to_owned() + &"}".repeat(70)
        );
        for text in [
            r#"[{"type":"array","name":"a"}]"#,
            r#"[{"type":"object","properties":[]}]"#,
            r#"[{"type":"map","values":3}]"#,
            &deep,
        ] {
            Signature::parse(Some(text), None, None).unwrap_err();
        }
    }
}
