use longshore_engine::{Method, Output};
use longshore_kserve::v2::{Datatype, TensorInfo};
use longshore_mlflow::{ColumnType, Schema as Declared, Signature};

use crate::{
    contract::datatype,
    schema::{Field, Need, Schema},
};

/// The tensors that a request may send: a column each when their names are known, else one matrix.
pub(super) fn inputs(schema: &Schema) -> Vec<TensorInfo> {
    let named = || schema.names().and_then(|names| names.iter().next());
    if schema.is_documents() {
        let name = named().unwrap_or("input-0").to_owned();
        return vec![TensorInfo { name, datatype: Datatype::Bytes, shape: vec![-1] }];
    }
    let mixed = schema.row().any(|field| field.text || field.kind != schema.uniform());
    if named().is_some() || mixed {
        let column = |(at, field): (usize, &Field)| TensorInfo {
            name: field.name.as_deref().map_or_else(|| format!("input-{at}"), str::to_owned),
            datatype: if field.text { Datatype::Bytes } else { item(field.kind) },
            shape: vec![-1, 1],
        };
        // without names every column has its place
        let all = schema.row().filter(|field| named().is_none() || field.need != Need::Ignored);
        return all.enumerate().map(column).collect();
    }
    if schema.are_dicts() {
        // any keys are taken, and none is known
        return Vec::new();
    }
    let columns = schema.width().and_then(|columns| i64::try_from(columns).ok()).unwrap_or(-1);
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
/// Where it cannot, the signature tells what `predict` gives.
pub(super) fn outputs(
    methods: &[Method],
    signature: Option<&Signature>,
    run: impl Fn(Method) -> Option<Output>,
) -> Vec<TensorInfo> {
    let declared = signature.and_then(|signature| signature.outputs.as_ref());
    let describe = |&method: &Method| {
        let name = method.name().to_owned();
        if let Some(output) = run(method) {
            let columns = output.columns.and_then(|columns| i64::try_from(columns).ok());
            let shape = [-1].into_iter().chain(columns).collect();
            return TensorInfo { name, datatype: datatype(&output.data), shape };
        }
        if method != Method::Predict {
            return TensorInfo { name, datatype: Datatype::Fp64, shape: vec![-1, -1] };
        }
        let datatype = match declared {
            Some(Declared::Tensors(tensors)) => tensors.first().and_then(|t| dtype(&t.dtype)),
            Some(Declared::Columns(columns)) => columns.first().map(|c| item(Some(c.kind))),
            None => None,
        };
        TensorInfo { name, datatype: datatype.unwrap_or(Datatype::Fp64), shape: vec![-1] }
    };
    methods.iter().map(describe).collect()
}

/// The datatype of numpy's item type.
fn dtype(name: &str) -> Option<Datatype> {
    match name {
        "str" | "object" => Some(Datatype::Bytes),
        "float64" => Some(Datatype::Fp64),
        "float32" => Some(Datatype::Fp32),
        "float16" => Some(Datatype::Fp16),
        other => other.to_ascii_uppercase().parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_those_that_a_request_is_asked_for() {
        use longshore_engine::{ColumnUse, Inputs};
        let uses = [ColumnUse::Text, ColumnUse::Unread, ColumnUse::Value];
        let model = |names: &[&str]| Inputs {
            columns: Some(3),
            names: (!names.is_empty()).then(|| names.iter().map(|&name| name.into()).collect()),
            uses: Some(uses.into()),
            ..Inputs::default()
        };
        let columns = r#"[{"name":"c","type":"long"},{"name":"b","type":"double","required":false},
            {"name":"a","type":"string"}]"#;
        let signature = Signature::parse(Some(columns), None, None).unwrap();
        let cases: [(_, &[&str], &[_]); 3] = [
            (None, &["a", "b", "c"], &[("a", Datatype::Bytes), ("c", Datatype::Fp64)]),
            (
                Some(&signature),
                &["a", "b", "c"],
                &[("c", Datatype::Int64), ("b", Datatype::Fp64), ("a", Datatype::Bytes)],
            ),
            // without names each column has its place
            (
                None,
                &[],
                &[
                    ("input-0", Datatype::Bytes),
                    ("input-1", Datatype::Fp64),
                    ("input-2", Datatype::Fp64),
                ],
            ),
        ];
        for (signature, names, expected) in cases {
            let described = inputs(&Schema::new(signature, &model(names)));
            let described: Vec<_> = described.iter().map(|i| (&*i.name, i.datatype)).collect();
            assert_eq!(described, expected);
        }
    }

    #[test]
    fn a_model_that_refuses_made_up_rows_is_described_by_its_signature() {
        for (dtype, expected) in
            [("str", Datatype::Bytes), ("int64", Datatype::Int64), ("uint8", Datatype::Uint8)]
        {
            let outputs = format!(
                r#"[{{"type":"tensor","tensor-spec":{{"dtype":"{dtype}","shape":[-1]}}}}]"#
            );
            let signature = Signature::parse(None, Some(&outputs), None).unwrap();
            let described = super::outputs(&[Method::Predict], Some(&signature), |_| None);
            assert_eq!(described[0].datatype, expected);
        }
    }
}
