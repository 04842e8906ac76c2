use serde::Deserialize;
use serde_json::Value;

use crate::Error;

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
    let tensors = raw.iter().filter(|column| column.tensor.is_some()).count();
    if tensors != 0 && tensors != raw.len() {
        let reason = "columns and tensors are mixed".into();
        return Err(Error::Signature { part, reason });
    }
    if tensors != 0 {
        let specs = raw.into_iter().filter_map(|column| {
            let tensor = column.tensor?;
            Some(TensorSpec { name: name(column.name), dtype: tensor.dtype, shape: tensor.shape })
        });
        return Ok(Some(Schema::Tensors(specs.collect())));
    }
    let specs = raw.into_iter().map(|column| ColumnSpec {
        name: name(column.name),
        kind: ColumnType::parse(&column.kind),
        required: column.required && !column.optional,
    });
    Ok(Some(Schema::Columns(specs.collect())))
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
    let params = raw.into_iter().map(|param| Param {
        name: param.name,
        kind: ColumnType::parse(&param.kind),
        default: param.default,
        list: param.shape.is_some(),
    });
    Ok(params.collect())
}

fn list<T: for<'de> Deserialize<'de>>(
    part: &'static str,
    text: Option<&str>,
) -> Result<Option<Vec<T>>, Error> {
    let Some(text) = text else { return Ok(None) };
    serde_json::from_str(text).map_err(|error| Error::Signature { part, reason: error.to_string() })
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
