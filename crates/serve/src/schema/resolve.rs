use std::sync::Arc;

use longshore_engine::{ColumnUse, Inputs};
use longshore_mlflow::{ColumnSpec, ColumnType, Schema as Declared, Signature, TensorSpec};

use super::{Field, Form, Names, Need, Schema, is_textual, names::underscored};

/// The signature says which columns a request has, in which order and of which types; the predictor
/// what the model does with them.
pub(super) fn schema(signature: Option<&Signature>, inputs: &Inputs) -> Schema {
    let declared = signature.and_then(|signature| signature.inputs.as_ref());
    if inputs.dicts {
        return dicts(declared, inputs);
    }
    let mut schema = match declared {
        Some(Declared::Columns(columns)) => from_columns(columns, inputs),
        Some(Declared::Tensors(tensors)) => from_tensors(tensors, inputs),
        None => Schema { fields: recorded(inputs), ..Schema::default() },
    };
    if inputs.documents {
        schema.form = Form::Document;
    }
    let made = schema.places.as_ref().map_or(schema.fields.len(), Vec::len);
    if inputs
        .columns
        .is_some_and(|columns| !inputs.documents && !schema.fields.is_empty() && columns != made)
    {
        // a signature that does not describe the model's rows would refuse every request
        tracing::warn!(
            signature = schema.fields.len(),
            model = inputs.columns,
            "the signature has another number of columns than the model: it is not used"
        );
        schema = Schema { fields: recorded(inputs), form: schema.form, ..Schema::default() };
    }
    let fields = (!schema.fields.is_empty()).then_some(schema.fields.len());
    schema.columns = inputs.columns.or(fields).or(schema.columns);
    let asked = schema.fields.iter().enumerate().filter(|(_, field)| field.need != Need::Ignored);
    let names: Option<Vec<_>> =
        asked.map(|(at, field)| field.name.clone().map(|name| (name, at))).collect();
    let optional = schema.fields.iter().enumerate();
    let optional = optional.filter(|(_, field)| field.need == Need::Optional).map(|(at, _)| at);
    schema.names = Names::new(names.unwrap_or_default()).with_optional(optional);
    if schema.names.count() != schema.names.iter().len() {
        // a name that two columns share tells neither of them
        schema.names = Names::default();
        for field in &mut schema.fields {
            field.name = None;
        }
    }
    let own = || schema.fields.iter().map(|field| field.name.clone()).collect::<Option<Vec<_>>>();
    schema.table_names = match &inputs.names {
        Some(names) => Some(names.clone()),
        None if schema.places.is_none() => own().filter(|names| !names.is_empty()).map(Arc::from),
        None => None,
    };
    let kinds = schema.fields.iter().map(|field| field.kind).chain([schema.uniform]);
    let text = schema.fields.iter().any(|field| field.text);
    let double = |kind| matches!(kind, None | Some(ColumnType::Double));
    schema.doubles = !text && kinds.clone().all(double);
    schema.free = !text && kinds.flatten().next().is_none();
    schema
}

/// Dicts: the keys of the signature and those that the model knows are columns that a request may
/// have.
fn dicts(declared: Option<&Declared>, inputs: &Inputs) -> Schema {
    let known = |name: &str| inputs.names.iter().any(|names| names.iter().any(|n| **n == *name));
    let mut fields = recorded(inputs);
    if let Some(Declared::Columns(columns)) = declared {
        for column in columns {
            let Some(name) = column.name.as_deref().filter(|name| !known(name)) else { continue };
            let kind = checked(column.kind);
            let text = is_textual(kind);
            fields.push(Field { name: Some(Arc::from(name)), kind, text, ..Field::default() });
        }
    }
    for field in &mut fields {
        field.need = Need::Optional;
    }
    let named = fields.iter().enumerate();
    let named = named.filter_map(|(at, field)| Some((field.name.clone()?, at)));
    let names = Names::new(named).of_dicts();
    Schema { fields, names, form: Form::Dict, ..Schema::default() }
}

/// What the model does with its column `at`.
fn usage(inputs: &Inputs, at: usize) -> ColumnUse {
    inputs.uses.as_ref().and_then(|uses| uses.get(at)).copied().unwrap_or_default()
}

/// The columns of the model itself. Without names, they are listed only when something is known of
/// them.
fn recorded(inputs: &Inputs) -> Vec<Field> {
    let names = inputs.names.as_deref().unwrap_or_default();
    let known = inputs.uses.iter().any(|uses| uses.iter().any(|at| *at != ColumnUse::Value));
    let count = if known { inputs.columns.unwrap_or(names.len()) } else { names.len() };
    let field = |at: usize| Field {
        name: names.get(at).cloned(),
        text: usage(inputs, at) == ColumnUse::Text,
        need: if usage(inputs, at) == ColumnUse::Unread { Need::Ignored } else { Need::Required },
        ..Field::default()
    };
    (0..count).map(field).collect()
}

/// A column of the signature, which may be the model's column `at`.
fn declared(column: &ColumnSpec, at: Option<usize>, inputs: &Inputs) -> Field {
    let usage = at.map_or(ColumnUse::Unread, |at| usage(inputs, at));
    let kind = checked(column.kind);
    let text = usage == ColumnUse::Text || kind == Some(ColumnType::String);
    let optional = !column.required && usage == ColumnUse::Unread;
    Field {
        name: column.name.as_deref().map(Arc::from),
        // where the model was trained on texts, another type describes other rows
        kind: kind.filter(|&kind| !text || is_textual(Some(kind))),
        text: text && !matches!(kind, Some(ColumnType::Binary | ColumnType::Datetime)),
        need: if optional { Need::Optional } else { Need::Required },
        may_lack: !column.required,
    }
}

fn from_columns(columns: &[ColumnSpec], inputs: &Inputs) -> Schema {
    if columns.iter().any(|column| column.name.is_none()) {
        return from_places(columns, inputs);
    }
    let model = inputs.names.as_deref().unwrap_or_default();
    let name = |column: &ColumnSpec| column.name.clone().unwrap_or_default();
    // where the model has a column of the signature, under its own name or as LightGBM writes it
    let place = |column: &ColumnSpec| {
        let wanted = name(column);
        let exact = model.iter().position(|known| **known == *wanted);
        exact.or_else(|| {
            let changed = underscored(&wanted);
            let taken = |known: &Arc<str>| columns.iter().any(|other| name(other) == **known);
            model.iter().position(|known| **known == *changed && !taken(known))
        })
    };
    let mut found: Vec<Option<usize>> = columns.iter().map(place).collect();
    let by_name = found.iter().any(Option::is_some);
    if !by_name {
        found = (0..columns.len()).map(Some).collect();
    }
    let mut fields: Vec<Field> =
        columns.iter().zip(&found).map(|(column, at)| declared(column, *at, inputs)).collect();
    if !by_name {
        return Schema { fields, ..Schema::default() };
    }
    let mut places: Vec<Option<usize>> = vec![None; model.len()];
    for (field, at) in found.iter().enumerate() {
        if let Some(place) = at.and_then(|at| places.get_mut(at)) {
            *place = Some(field);
        }
    }
    // the signature leaves out a column: one that the model reads is asked for all the same
    for (field, (at, place)) in recorded(inputs).into_iter().zip(places.iter_mut().enumerate()) {
        if place.is_none() && usage(inputs, at) != ColumnUse::Unread {
            *place = Some(fields.len());
            fields.push(field);
        }
    }
    let same = places.len() == fields.len()
        && places.iter().enumerate().all(|(at, place)| *place == Some(at));
    Schema { fields, places: (!same).then_some(places), ..Schema::default() }
}

/// Columns without names are told apart by place.
fn from_places(columns: &[ColumnSpec], inputs: &Inputs) -> Schema {
    let names = inputs.names.as_deref().unwrap_or_default();
    let field = |(at, column): (usize, &ColumnSpec)| Field {
        name: names.get(at).cloned(),
        ..declared(column, Some(at), inputs)
    };
    Schema { fields: columns.iter().enumerate().map(field).collect(), ..Schema::default() }
}

fn from_tensors(tensors: &[TensorSpec], inputs: &Inputs) -> Schema {
    if let [tensor] = tensors {
        let columns = tensor.shape.get(1).and_then(|&size| usize::try_from(size).ok());
        let uniform = item(&tensor.dtype);
        let mut fields = recorded(inputs);
        for field in &mut fields {
            field.kind = uniform.filter(|_| !field.text && field.need != Need::Ignored);
        }
        return Schema {
            fields,
            uniform,
            columns,
            tensor: tensor.name.clone(),
            ..Schema::default()
        };
    }
    // several named tensors: each a column
    let fields = tensors.iter().enumerate().filter_map(|(at, tensor)| {
        let name = Some(Arc::from(tensor.name.as_deref()?));
        let text = usage(inputs, at) == ColumnUse::Text;
        let kind = item(&tensor.dtype).filter(|_| !text);
        Some(Field { name, kind, text, ..Field::default() })
    });
    Schema { fields: fields.collect(), ..Schema::default() }
}

/// The type when values can be checked against it.
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
