use std::sync::Arc;

use crate::{Error, error::shown};

mod convert;
mod csr;
mod join;
mod text;

pub(crate) use convert::Real;
pub use csr::{Csr, Scalar};
pub use text::TextColumn;

/// Rows on their way through a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// Column names, when the caller sent them.
    pub names: Option<Arc<[Arc<str>]>>,
    /// The values.
    pub data: Data,
}

/// The values of a [`Table`], in the layout they came in.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A homogeneous matrix of doubles: numpy's `float64`.
    F64(Matrix<f64>),
    /// A homogeneous matrix of floats: numpy's `float32`.
    F32(Matrix<f32>),
    /// A homogeneous matrix of integers.
    I64(Matrix<i64>),
    /// Columns of their own types: a data frame.
    Columns(Vec<Column>),
    /// A sparse matrix of doubles.
    Sparse(Csr),
    /// One text per row: what vectorizers take.
    Documents(TextColumn),
}

/// A dense row-major matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<T> {
    /// Values in a row.
    pub columns: usize,
    /// `rows × columns` values, row after row.
    pub values: Vec<T>,
}

/// One column of a data frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Doubles; a missing value is NaN.
    F64(Vec<f64>),
    /// Floats; a missing value is NaN.
    F32(Vec<f32>),
    /// Integers of any width.
    I64(Vec<i64>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Texts, any of which may be missing.
    Text(TextColumn),
    /// Values of mixed types: numpy's `object`.
    Any(Vec<Cell>),
}

/// One value of a mixed column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Python's `None`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// A double.
    F64(f64),
    /// A text.
    Text(Arc<str>),
    /// Several texts, as a row of a model of dicts may hold them at one key.
    Texts(Arc<[Arc<str>]>),
    /// Nothing: the row has no such key, in a model that takes dicts. Elsewhere it is a missing value.
    Absent,
}

impl Table {
    /// A matrix of doubles without column names; `values` holds `rows × columns` values.
    pub fn matrix(rows: usize, columns: usize, values: Vec<f64>) -> Self {
        debug_assert_eq!(values.len(), rows * columns);
        Self { rows, names: None, data: Data::F64(Matrix { columns, values }) }
    }

    /// Number of columns; one for documents.
    pub fn columns(&self) -> usize {
        match &self.data {
            Data::F64(m) => m.columns,
            Data::F32(m) => m.columns,
            Data::I64(m) => m.columns,
            Data::Columns(columns) => columns.len(),
            Data::Sparse(csr) => csr.columns,
            Data::Documents(_) => 1,
        }
    }
}

impl Column {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Any(v) => v.len(),
        }
    }

    /// True when there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Column {
    /// The value at `row` as a double, the way `float(value)` would give it; `at` is the column's
    /// position, for the error.
    pub(crate) fn number(&self, row: usize, at: usize) -> Result<f64, Error> {
        let missing = || Error::value(row, at, "is not there");
        match self {
            Self::F64(v) => v.get(row).copied().ok_or_else(missing),
            Self::F32(v) => v.get(row).map(|&x| f64::from(x)).ok_or_else(missing),
            Self::I64(v) => v.get(row).map(|&x| x as f64).ok_or_else(missing),
            Self::Bool(v) => v.get(row).map(|&x| f64::from(u8::from(x))).ok_or_else(missing),
            Self::Text(v) => text_number(v.get(row), row, at),
            Self::Any(v) => match v.get(row).ok_or_else(missing)? {
                Cell::Null | Cell::Absent => Ok(f64::NAN),
                Cell::Bool(x) => Ok(f64::from(u8::from(*x))),
                Cell::I64(x) => Ok(*x as f64),
                Cell::F64(x) => Ok(*x),
                Cell::Text(x) => text_number(Some(x), row, at),
                Cell::Texts(_) => Err(Error::value(row, at, LIST)),
            },
        }
    }
}

/// What is wrong with several texts at one place.
pub(crate) const LIST: &str = "is a list of texts where a single value is expected";

fn text_number(text: Option<&str>, row: usize, at: usize) -> Result<f64, Error> {
    let Some(text) = text else { return Ok(f64::NAN) };
    text.trim().parse().map_err(|_| {
        Error::value(row, at, format!("is the text `{}` where a number is expected", shown(text)))
    })
}
