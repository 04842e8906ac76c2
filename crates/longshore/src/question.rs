//! The same rows as a body for each protocol, made from what a model says it takes.

pub(crate) mod source;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use longshore_engine::quantity;
use longshore_kserve::v2::{Datatype, TensorInfo};
use serde_json::{Map, Value, json};

/// Most values of a made-up tensor.
const LARGEST: i64 = 1 << 20;

/// A question in each protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Rows asked for.
    pub(crate) rows: usize,
    /// A body of V1.
    pub(crate) v1: Bytes,
    /// A body of V2; none without metadata.
    pub(crate) v2: Option<Bytes>,
    /// A body of `/invocations`.
    pub(crate) invocations: Bytes,
}

impl Question {
    /// One made-up row: numbers are 0.5 or 0, texts are `a`, lengths that are free are 1.
    pub(crate) fn made_up(inputs: &[TensorInfo]) -> Result<Self> {
        if inputs.is_empty() {
            bail!("the model does not say what it takes: give a request with `--body FILE`");
        }
        let row = inputs.iter().map(made_up).collect::<Result<Vec<_>>>()?;
        Ok(Self::new(inputs, &[row]))
    }

    /// The rows of a V1 body, `{"instances": […]}`, for a model that may have said what it takes.
    pub(crate) fn from_instances(body: &[u8], inputs: &[TensorInfo]) -> Result<Self> {
        let body: Value = serde_json::from_slice(body).context("the request is not JSON")?;
        let instances = body.get("instances").and_then(Value::as_array);
        let instances = instances.context("the request has no list `instances`")?;
        if inputs.is_empty() {
            let bytes = bytes(&body);
            return Ok(Self {
                rows: instances.len(),
                v1: bytes.clone(),
                v2: None,
                invocations: bytes,
            });
        }
        let rows = instances.iter().map(|row| cells(row, inputs)).collect::<Result<Vec<_>>>()?;
        Ok(Self::new(inputs, &rows))
    }

    /// Rows that hold a value for each input.
    fn new(inputs: &[TensorInfo], rows: &[Vec<Value>]) -> Self {
        let instances: Vec<Value> = rows.iter().map(|row| instance(inputs, row)).collect();
        let tensors = inputs.iter().enumerate().map(|(index, tensor)| {
            let column = rows.iter().filter_map(|row| row.get(index));
            let mut data = Vec::new();
            column.for_each(|cell| flatten(cell, &mut data));
            let shape = shape_of(tensor, rows.len(), data.len());
            json!({"name": tensor.name, "datatype": tensor.datatype, "shape": shape, "data": data})
        });
        let v2 = json!({"inputs": tensors.collect::<Vec<_>>()});
        let invocations = if inputs.iter().all(is_column) {
            let names: Vec<_> = inputs.iter().map(|tensor| &tensor.name).collect();
            json!({"dataframe_split": {"columns": names, "data": rows}})
        } else {
            json!({"instances": instances})
        };
        Self {
            rows: rows.len(),
            v1: bytes(&json!({"instances": instances})),
            v2: Some(bytes(&v2)),
            invocations: bytes(&invocations),
        }
    }
}

/// How many columns a model takes, when it says it.
pub(crate) fn columns(inputs: &[TensorInfo]) -> Option<usize> {
    match inputs {
        [] => None,
        [only] if only.shape.len() == 2 => usize::try_from(only.shape[1]).ok(),
        all => Some(all.len()),
    }
}

/// One value a row.
fn is_column(tensor: &TensorInfo) -> bool {
    row_shape(tensor).iter().product::<i64>() == 1
}

/// The shape of a row; free lengths are 1.
fn row_shape(tensor: &TensorInfo) -> Vec<i64> {
    tensor.shape.iter().skip(1).map(|&length| if length < 1 { 1 } else { length }).collect()
}

/// The shape of a tensor with `rows` rows and `values` values in all.
fn shape_of(tensor: &TensorInfo, rows: usize, values: usize) -> Vec<i64> {
    let mut shape = vec![rows as i64];
    shape.extend(row_shape(tensor));
    // a free length of a matrix takes what the rows have
    if let [_, -1] = tensor.shape[..]
        && rows > 0
    {
        shape = vec![rows as i64, (values / rows) as i64];
    }
    shape
}

/// The value of one row: a scalar for a column, nested lists otherwise.
fn made_up(tensor: &TensorInfo) -> Result<Value> {
    let value = match tensor.datatype {
        Datatype::Bool => json!(false),
        Datatype::Bytes => json!("a"),
        Datatype::Fp16 | Datatype::Bf16 | Datatype::Fp32 | Datatype::Fp64 => json!(0.5),
        _ => json!(0),
    };
    let shape = row_shape(tensor);
    let values = shape.iter().try_fold(1_i64, |all, &length| all.checked_mul(length));
    if values.is_none_or(|values| values > LARGEST) {
        bail!(
            "`{}` of shape {:?} is too large to make up: give a request with `--body FILE`",
            tensor.name,
            tensor.shape
        );
    }
    if is_column(tensor) {
        return Ok(value);
    }
    Ok(shape.iter().rev().fold(value, |inner, &length| json!(vec![inner; length as usize])))
}

/// A row's value for each input.
fn cells(row: &Value, inputs: &[TensorInfo]) -> Result<Vec<Value>> {
    match (row, inputs) {
        (Value::Object(named), _) => {
            inputs.iter().map(|tensor| cell(named, &tensor.name)).collect()
        }
        (Value::Array(cells), _) if cells.len() == inputs.len() => Ok(cells.clone()),
        (row, [_]) => Ok(vec![row.clone()]),
        (Value::Array(cells), _) => {
            bail!(
                "a row of the request has {}, and the model takes {}",
                quantity(cells.len(), "value"),
                inputs.len()
            )
        }
        _ => bail!("a row of the request is one value, the model takes {}", inputs.len()),
    }
}

fn cell(row: &Map<String, Value>, name: &str) -> Result<Value> {
    row.get(name).cloned().with_context(|| format!("a row of the request has no `{name}`"))
}

/// A row as V1 writes it: a list of its columns, the one tensor itself, or an object of tensors.
fn instance(inputs: &[TensorInfo], row: &[Value]) -> Value {
    match (inputs, row) {
        ([only], [value]) if !is_column(only) || only.shape.len() < 2 => value.clone(),
        _ if inputs.iter().all(is_column) => json!(row),
        _ => inputs.iter().map(|t| t.name.clone()).zip(row.iter().cloned()).collect(),
    }
}

fn flatten(value: &Value, into: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, into)),
        other => into.push(other.clone()),
    }
}

fn bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, datatype: &str, shape: &[i64]) -> TensorInfo {
        let datatype = datatype.parse().unwrap();
        TensorInfo { name: name.into(), datatype, shape: shape.to_vec() }
    }

    fn read(bytes: &Bytes) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn columns_become_a_list_a_tensor_each_and_a_data_frame() {
        let inputs = [tensor("kind", "BYTES", &[-1, 1]), tensor("size", "INT64", &[-1])];
        let question = Question::made_up(&inputs).unwrap();
        assert_eq!(read(&question.v1), json!({"instances": [["a", 0]]}));
        assert_eq!(
            read(&question.v2.unwrap()),
            json!({"inputs": [
                {"name": "kind", "datatype": "BYTES", "shape": [1, 1], "data": ["a"]},
                {"name": "size", "datatype": "INT64", "shape": [1], "data": [0]},
            ]})
        );
        assert_eq!(
            read(&question.invocations),
            json!({"dataframe_split": {"columns": ["kind", "size"], "data": [["a", 0]]}})
        );
    }

    #[test]
    fn a_matrix_and_a_picture_keep_their_shapes() {
        let question = Question::made_up(&[tensor("x", "FP32", &[-1, 2, 3])]).unwrap();
        let nested = json!([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]);
        assert_eq!(read(&question.v1), json!({"instances": [nested]}));
        assert_eq!(read(&question.v2.unwrap())["inputs"][0]["shape"], json!([1, 2, 3]));
        assert!(Question::made_up(&[tensor("x", "FP32", &[-1, 1 << 40, 1 << 40])]).is_err());
    }

    #[test]
    fn texts_are_one_value_a_row() {
        let question = Question::made_up(&[tensor("text", "BYTES", &[-1])]).unwrap();
        assert_eq!(read(&question.v1), json!({"instances": ["a"]}));
    }

    #[test]
    fn instances_are_put_in_the_models_order() {
        let inputs = [tensor("a", "FP64", &[-1, 1]), tensor("b", "FP64", &[-1, 1])];
        let by_name = br#"{"instances": [{"b": 2, "a": 1, "c": 0}, {"a": 3, "b": 4}]}"#;
        let by_place = br#"{"instances": [[1, 2], [3, 4]]}"#;
        let question = Question::from_instances(by_name, &inputs).unwrap();
        assert_eq!(question, Question::from_instances(by_place, &inputs).unwrap());
        assert_eq!(question.rows, 2);
        let v2 = read(&question.v2.unwrap());
        assert_eq!(v2["inputs"][1]["data"], json!([2, 4]));
        let matrix = Question::from_instances(by_place, &[tensor("x", "FP64", &[-1, -1])]).unwrap();
        let v2 = read(&matrix.v2.unwrap());
        assert_eq!(v2["inputs"][0]["shape"], json!([2, 2]));
        assert_eq!(v2["inputs"][0]["data"], json!([1, 2, 3, 4]));
        for wrong in [&b"{"[..], b"{}", br#"{"instances": [[1]]}"#, br#"{"instances": [{"a": 1}]}"#]
        {
            assert!(Question::from_instances(wrong, &inputs).is_err());
        }
    }
}
