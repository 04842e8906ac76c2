use std::iter;

use crate::{Column, Data, Error, Limits, Output, OutputData, Table, TextColumn, read};
use read::DtypeKind;

/// The numbers, texts or booleans of a `.npy` file of one or two dimensions: an answer, or rows by
/// [`table`].
///
/// # Errors
/// [`Error::Malformed`] with the place of the fault, [`Error::Input`] for other dimensions and types.
pub fn array(bytes: Vec<u8>, limits: &Limits) -> Result<Output, Error> {
    let document = read::document(bytes, limits)?;
    let root = document.root();
    let of_kind = || Error::input("a `.npy` file of numbers, texts or booleans is expected");
    let array = root.as_array().ok_or_else(of_kind)?;
    let (rows, columns) = match array.shape[..] {
        [rows] => (rows, None),
        [rows, columns] => (rows, Some(columns)),
        _ => {
            let found = array.shape.len();
            return Err(Error::input(format!("the array has {found} dimensions, not one or two")));
        }
    };
    let data = match array.dtype.kind {
        DtypeKind::Bool => OutputData::Bool(array.bools(&document)?),
        DtypeKind::Int | DtypeKind::Uint => OutputData::I64(array.i64s(&document)?),
        DtypeKind::Float if array.dtype.size == 4 => OutputData::F32(array.f32s(&document)?),
        DtypeKind::Float => OutputData::F64(array.f64s(&document)?),
        DtypeKind::Unicode | DtypeKind::Bytes => OutputData::Text(
            array.texts(&document)?.iter().map(|text| Some(text.as_str())).collect(),
        ),
        _ => return Err(of_kind()),
    };
    Ok(Output { rows, columns, data })
}

/// An array as rows: texts of one dimension are documents, other single values a column.
///
/// # Errors
/// None for what [`array()`] gives.
pub fn table(array: Output) -> Result<Table, Error> {
    let Output { rows, columns, data } = array;
    let every = |at: usize, width: usize| (0..rows).map(move |row| row * width + at);
    let data = match (data, columns) {
        (OutputData::Text(texts), None) => Data::Documents(texts),
        (OutputData::Text(texts), Some(width)) => Data::Columns(
            (0..width)
                .map(|at| {
                    Column::Text(every(at, width).map(|at| texts.get(at)).collect::<TextColumn>())
                })
                .collect(),
        ),
        (OutputData::Bool(values), columns) => {
            let width = columns.unwrap_or(1);
            let column = |at| {
                let cells = every(at, width).filter_map(|at| values.get(at).copied());
                Column::Bool(cells.collect())
            };
            Data::Columns((0..width).map(column).collect())
        }
        (data, columns) => {
            return Output { rows, columns: columns.or(Some(1)), data }.into_table();
        }
    };
    Ok(Table { rows, names: None, data })
}

/// What a free answer, such as `[[0.25, 0.75]]`, holds: values row after row with their shape. A list
/// of several matrices, as multi-output classifiers give, is put side by side.
///
/// # Errors
/// [`Error::Input`] for rows of different lengths.
pub fn listed(answer: &serde_json::Value) -> Result<(Vec<usize>, Vec<serde_json::Value>), Error> {
    let ragged = || Error::input("the rows of the expected answer have different lengths");
    let rows = answer.as_array().ok_or_else(|| Error::input("the expected answer is no list"))?;
    let Some(first) = rows.first().and_then(serde_json::Value::as_array) else {
        return Ok((vec![rows.len()], rows.clone()));
    };
    let lists = rows.iter().map(serde_json::Value::as_array).collect::<Option<Vec<_>>>();
    let lists = lists.ok_or_else(ragged)?;
    if first.first().is_some_and(serde_json::Value::is_array) {
        let outputs = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
        let count = outputs.first().and_then(|(shape, _)| shape.first()).copied().unwrap_or(0);
        let width = |shape: &[usize]| shape.get(1).copied().unwrap_or(1);
        if outputs.iter().any(|(shape, _)| shape.first() != Some(&count)) {
            return Err(ragged());
        }
        let beside = (0..count).flat_map(|row| {
            outputs.iter().flat_map(move |(shape, values)| {
                values.iter().skip(row * width(shape)).take(width(shape)).cloned()
            })
        });
        let columns = outputs.iter().map(|(shape, _)| width(shape)).sum();
        return Ok((vec![count, columns], beside.collect()));
    }
    if lists.iter().any(|list| list.len() != first.len()) {
        return Err(ragged());
    }
    let shape = iter::once(rows.len()).chain([first.len()]).collect();
    Ok((shape, lists.into_iter().flatten().cloned().collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::listed;

    #[test]
    fn lists_of_any_depth_are_rows() {
        assert_eq!(listed(&json!([1, 2])).unwrap(), (vec![2], vec![json!(1), json!(2)]));
        assert_eq!(listed(&json!([[1, 2]])).unwrap().0, [1, 2]);
        let outputs = json!([[[1, 2], [3, 4]], [[5, 6, 7], [8, 9, 10]]]);
        let (shape, values) = listed(&outputs).unwrap();
        assert_eq!(shape, [2, 5]);
        assert_eq!(values, [1, 2, 5, 6, 7, 3, 4, 8, 9, 10].map(|v| json!(v)));
        for wrong in [json!({}), json!([[1], [2, 3]]), json!([[1], 2])] {
            assert!(listed(&wrong).is_err(), "{wrong}");
        }
    }
}
