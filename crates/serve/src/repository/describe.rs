use longshore_engine::{Method, Output};
use longshore_kserve::v2::{Datatype, TensorInfo};
use longshore_mlflow::ColumnType;

use crate::{json::write, protocol::v2::datatype, schema::Schema};

/// The beginning of every V2 reply of a model.
pub(super) fn v2_head(name: &str, version: &str) -> Vec<u8> {
    let mut head = b"{\"model_name\":".to_vec();
    write::text(&mut head, name);
    head.extend_from_slice(b",\"model_version\":");
    write::text(&mut head, version);
    head
}

/// The tensors that a request may send: a column each when their names are known, else one matrix.
pub(super) fn inputs(schema: &Schema) -> Vec<TensorInfo> {
    if schema.is_documents() {
        let name = schema.fields().first().map_or("input-0", |field| &*field.name).to_owned();
        return vec![TensorInfo { name, datatype: Datatype::Bytes, shape: vec![-1] }];
    }
    if !schema.fields().is_empty() {
        let column = |field: &crate::schema::Field| TensorInfo {
            name: field.name.to_string(),
            datatype: item(field.kind),
            shape: vec![-1, 1],
        };
        return schema.fields().iter().map(column).collect();
    }
    let columns = schema.columns().and_then(|columns| i64::try_from(columns).ok()).unwrap_or(-1);
    let name = schema.tensor().unwrap_or("input-0").to_owned();
    vec![TensorInfo { name, datatype: item(schema.uniform()), shape: vec![-1, columns] }]
}

fn item(kind: Option<ColumnType>) -> Datatype {
    match kind {
        Some(ColumnType::Boolean) => Datatype::Bool,
        Some(ColumnType::Integer) => Datatype::Int32,
        Some(ColumnType::Long) => Datatype::Int64,
        Some(ColumnType::Float) => Datatype::Fp32,
        Some(ColumnType::String | ColumnType::Binary | ColumnType::Datetime) => Datatype::Bytes,
        Some(ColumnType::Double | ColumnType::Nested) | None => Datatype::Fp64,
    }
}

/// The tensors that the model can answer with; `run` answers for one made-up row when it can.
pub(super) fn outputs(
    methods: &[Method],
    run: impl Fn(Method) -> Option<Output>,
) -> Vec<TensorInfo> {
    let describe = |&method: &Method| {
        let output = run(method);
        let mut shape = vec![-1];
        match &output {
            Some(output) => shape.extend(output.columns.and_then(|c| i64::try_from(c).ok())),
            None if method == Method::Predict => {}
            None => shape.push(-1),
        }
        let datatype = output.map_or(Datatype::Fp64, |output| datatype(&output.data));
        TensorInfo { name: method.name().to_owned(), datatype, shape }
    };
    methods.iter().map(describe).collect()
}
