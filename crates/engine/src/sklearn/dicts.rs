//! Rows that are dicts to columns: a key of a row need not be in the next one.

mod hasher;
mod vectorizer;

use std::sync::Arc;

pub(crate) use hasher::FeatureHasher;
pub(crate) use vectorizer::DictVectorizer;

use crate::{Cell, Column, Data, Error, Scalar, Table, attributes, read::Cursor};

/// What a row has at a key.
#[derive(Clone, Copy, Debug)]
enum Entry<'a> {
    Absent,
    /// Python's `None`. Among numbers it comes as NaN, which both libraries' classes take alike.
    Null,
    Number(f64),
    Text(&'a str),
    Texts(&'a [Arc<str>]),
}

/// The keys of the rows: the names of their columns.
fn keys<'a>(input: &'a Table, class: &str) -> Result<&'a [Arc<str>], Error> {
    match (&input.names, &input.data) {
        (Some(names), data)
            if names.len() == input.columns()
                && !matches!(data, Data::Sparse(_) | Data::Documents(_)) =>
        {
            Ok(names)
        }
        _ => Err(Error::input(format!(
            "`{class}` takes rows that are objects of values by key, and these have no keys"
        ))),
    }
}

/// What `row` has in the column `at`.
fn entry(data: &Data, row: usize, at: usize) -> Entry<'_> {
    let found = match data {
        Data::F64(m) => m.values.get(row * m.columns + at).map(|&v| Entry::Number(v)),
        Data::F32(m) => m.values.get(row * m.columns + at).map(|&v| Entry::Number(f64::from(v))),
        Data::I64(m) => m.values.get(row * m.columns + at).map(|&v| Entry::Number(v as f64)),
        Data::Columns(columns) => columns.get(at).and_then(|column| of_column(column, row)),
        Data::Sparse(_) | Data::Documents(_) => None,
    };
    found.unwrap_or(Entry::Absent)
}

fn of_column(column: &Column, row: usize) -> Option<Entry<'_>> {
    Some(match column {
        Column::F64(v) => Entry::Number(*v.get(row)?),
        Column::F32(v) => Entry::Number(f64::from(*v.get(row)?)),
        Column::I64(v) => Entry::Number(*v.get(row)? as f64),
        Column::Bool(v) => Entry::Number(f64::from(u8::from(*v.get(row)?))),
        Column::Text(v) => v.get(row).map_or(Entry::Null, Entry::Text),
        Column::Any(v) => match v.get(row)? {
            Cell::Absent => Entry::Absent,
            Cell::Null => Entry::Null,
            Cell::Bool(v) => Entry::Number(f64::from(u8::from(*v))),
            Cell::I64(v) => Entry::Number(*v as f64),
            Cell::F64(v) => Entry::Number(*v),
            Cell::Text(v) => Entry::Text(v),
            Cell::Texts(v) => Entry::Texts(v),
        },
    })
}

/// The `dtype` of what is made of the rows.
fn scalar(c: Cursor<'_>) -> Result<Scalar, Error> {
    let Some(dtype) = c.attr("dtype").filter(|dtype| !dtype.is_none()) else {
        return Ok(Scalar::F64);
    };
    let bools = dtype.describe().contains("bool") || dtype.as_str().is_some_and(|s| s == "bool");
    attributes::scalar(c, "dtype").filter(|_| !bools).ok_or_else(|| {
        let reason = format!(
            "is {}, where `float64`, `float32` or an integer type is expected",
            dtype.describe()
        );
        Error::attribute(c.class_name(), "dtype", reason)
    })
}

/// A value in the type that numpy makes of it, as a double.
fn as_scalar(value: f64, scalar: Scalar, row: usize, at: usize) -> Result<f64, Error> {
    match scalar {
        Scalar::F64 => Ok(value),
        Scalar::F32 => Ok(f64::from(value as f32)),
        // 2^63 is the first double beyond the integers of 64 bits
        Scalar::Bool => Ok(f64::from(u8::from(value != 0.0))),
        Scalar::I64 if value.abs() < 9_223_372_036_854_775_808.0 => Ok(value.trunc()),
        Scalar::I64 => Err(Error::value(row, at, "is no integer, which this model counts in")),
    }
}
