use std::collections::HashSet;

use longshore_engine::{Column, Data, Matrix, TextColumn};

use super::tensor::{Tensor, Values};
use crate::{
    failure::Failure,
    frame::{Bounds, Frame, collapse},
    json::twice,
    schema::Schema,
};

/// Rows from the tensors of a request: one tensor is a matrix or a column, several are the
/// columns of a data frame (as `MLServer`'s pandas codec sends it).
pub(in crate::protocol) fn frame<'a>(
    mut tensors: Vec<Tensor<'a>>,
    schema: &Schema,
    bounds: &Bounds,
) -> Result<Frame<'a>, Failure> {
    if tensors.len() == 1 {
        return match tensors.pop() {
            Some(tensor) => single(tensor, schema),
            None => Err(Failure::invalid("`inputs` is empty")),
        };
    }
    let Some(first) = tensors.first() else {
        return Err(Failure::invalid("`inputs` is empty"));
    };
    let rows = first.shape.first().copied().unwrap_or(0);
    let first_name = first.name.clone();
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(tensors.len());
    let mut columns = Vec::with_capacity(tensors.len());
    for Tensor { name, shape, values } in tensors {
        if !seen.insert(name.clone()) {
            return Err(twice(&name));
        }
        if !matches!(shape[..], [_] | [_, 1]) {
            return Err(Failure::invalid(format!(
                "input `{name}` has the shape {shape:?}; with several inputs each is a column, [n] or [n, 1]"
            )));
        }
        let length = shape.first().copied().unwrap_or(0);
        if length != rows {
            return Err(Failure::invalid(format!(
                "input `{name}` has {length} rows while `{first_name}` has {rows}"
            )));
        }
        names.push(name);
        columns.push(column(values));
    }
    bounds.check_cells(rows, columns.len())?;
    Ok(Frame { rows, names: Some(names), data: collapse(columns, rows) })
}

fn single<'a>(tensor: Tensor<'a>, schema: &Schema) -> Result<Frame<'a>, Failure> {
    let Tensor { name, shape, values } = tensor;
    let (rows, columns) = match shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => {
            return Err(Failure::invalid(format!(
                "input `{name}` has the shape {shape:?}; the model takes [rows] or [rows, columns]"
            )));
        }
    };
    if rows == 0 {
        // a shape without rows may promise any number of columns
        return Err(Failure::invalid("there are no rows"));
    }
    let data = match values {
        Values::F64(values) => Data::F64(Matrix { columns, values }),
        Values::F32(values) => Data::F32(Matrix { columns, values }),
        Values::I64(values) => Data::I64(Matrix { columns, values }),
        Values::Bool(values) => {
            let column = |at| values.iter().skip(at).step_by(columns.max(1)).copied().collect();
            Data::Columns((0..columns).map(|at| Column::Bool(column(at))).collect())
        }
        Values::Text(texts) => {
            let column =
                |at| -> TextColumn { (0..rows).map(|row| texts.get(row * columns + at)).collect() };
            Data::Columns((0..columns).map(|at| Column::Text(column(at))).collect())
        }
    };
    // one named column of several: what is missing is then said by name
    let partial = columns == 1 && schema.fields().len() > 1;
    let named = partial && schema.names().is_some_and(|names| names.contains(&name));
    Ok(Frame { rows, names: named.then(|| vec![name]), data })
}

fn column(values: Values) -> Column {
    match values {
        Values::F64(values) => Column::F64(values),
        Values::F32(values) => Column::F32(values),
        Values::I64(values) => Column::I64(values),
        Values::Bool(values) => Column::Bool(values),
        Values::Text(values) => Column::Text(values),
    }
}
