use std::sync::Arc;

use longshore_engine::Inputs;
use longshore_mlflow::{ColumnSpec, ColumnType, Schema as Declared, Signature, TensorSpec};

use super::{Field, Names, Schema};

/// What the model takes: the predictor says which columns in which order, the signature their
/// types and which may be left out.
pub(super) fn schema(signature: Option<&Signature>, inputs: &Inputs) -> Schema {
    let declared = signature.and_then(|signature| signature.inputs.as_ref());
    let mut schema = match declared {
        Some(Declared::Columns(columns)) => from_columns(columns, inputs),
        Some(Declared::Tensors(tensors)) => from_tensors(tensors, inputs),
        None => Schema { fields: recorded(inputs), ..Schema::default() },
    };
    schema.documents = inputs.documents;
    if inputs.columns.is_some_and(|columns| {
        !inputs.documents && !schema.fields.is_empty() && columns != schema.fields.len()
    }) {
        // a signature that does not describe the model's rows would refuse every request
        tracing::warn!(
            signature = schema.fields.len(),
            model = inputs.columns,
            "the signature has another number of columns than the model: it is not used"
        );
        schema.fields = recorded(inputs);
        schema.uniform = None;
    }
    let fields = (!schema.fields.is_empty()).then_some(schema.fields.len());
    schema.columns = inputs.columns.or(fields).or(schema.columns);
    schema.names = Names::new(schema.fields.iter().map(|field| field.name.clone()));
    if schema.names.places.len() != schema.fields.len() {
        schema.fields.clear();
        schema.names = Names::default();
    }
    schema
}

/// The columns that the model itself recorded.
fn recorded(inputs: &Inputs) -> Vec<Field> {
    let names = inputs.names.as_deref().unwrap_or_default();
    names.iter().map(|name| Field { name: name.clone(), kind: None, required: true }).collect()
}

fn from_columns(columns: &[ColumnSpec], inputs: &Inputs) -> Schema {
    let declared: Vec<Field> = columns
        .iter()
        .filter_map(|column| {
            let name = Arc::from(column.name.as_deref()?);
            Some(Field { name, kind: checked(column.kind), required: column.required })
        })
        .collect();
    if declared.len() != columns.len() {
        // columns without names are told apart by place: one type for all, or none
        let kind = columns.first().map(|column| column.kind);
        let same = columns.iter().all(|column| Some(column.kind) == kind);
        let uniform = kind.filter(|_| same).and_then(checked);
        let columns = Some(columns.len()).filter(|&count| count > 0);
        return Schema { fields: recorded(inputs), uniform, columns, ..Schema::default() };
    }
    let mut fields = recorded(inputs);
    let known = |field: &Field| {
        let exact = declared.iter().find(|other| other.name == field.name);
        exact.or_else(|| declared.iter().find(|other| lightgbm_name(&other.name) == *field.name))
    };
    if fields.is_empty() || !fields.iter().any(|field| known(field).is_some()) {
        return Schema { fields: declared, ..Schema::default() };
    }
    for field in &mut fields {
        if let Some(declared) = known(field) {
            *field = declared.clone();
        }
    }
    Schema { fields, ..Schema::default() }
}

/// LightGBM keeps names with underscores instead of spaces (`Dataset::set_feature_names`), while the
/// signature and the clients have the table's own names.
fn lightgbm_name(name: &str) -> String {
    name.replace(' ', "_")
}

fn from_tensors(tensors: &[TensorSpec], inputs: &Inputs) -> Schema {
    if let [tensor] = tensors {
        let columns = tensor.shape.get(1).and_then(|&size| usize::try_from(size).ok());
        return Schema {
            fields: recorded(inputs),
            uniform: item(&tensor.dtype),
            columns,
            tensor: tensor.name.clone(),
            ..Schema::default()
        };
    }
    // several named tensors: each a column
    let fields = tensors.iter().filter_map(|tensor| {
        let name = Arc::from(tensor.name.as_deref()?);
        Some(Field { name, kind: item(&tensor.dtype), required: true })
    });
    Schema { fields: fields.collect(), ..Schema::default() }
}

/// Types that values can be held against.
fn checked(kind: ColumnType) -> Option<ColumnType> {
    Some(kind).filter(|kind| *kind != ColumnType::Nested)
}

/// The column type of numpy's item type.
fn item(dtype: &str) -> Option<ColumnType> {
    Some(match dtype {
        "bool" => ColumnType::Boolean,
        "int8" | "int16" | "int32" | "uint8" | "uint16" => ColumnType::Integer,
        "int64" | "uint32" | "uint64" => ColumnType::Long,
        "float16" | "float32" => ColumnType::Float,
        "float64" => ColumnType::Double,
        _ => return None,
    })
}
