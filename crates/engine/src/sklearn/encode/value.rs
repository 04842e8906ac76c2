use crate::{Cell, Column, Data};

/// Doubles from here on (2^53) may stand for several integers.
pub(super) const INEXACT: f64 = 9_007_199_254_740_992.0;

/// One value of a category column, comparable as Python compares: `1 == 1.0 == True`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Python's `None`.
    None,
    /// NaN beside texts or other objects.
    Nan,
    /// A text that is missing: `None` and NaN look the same once they were sent.
    NoText,
    /// A number that is missing: likewise.
    NoNumber,
    Bool(bool),
    /// A whole number; from doubles only those below 2^53.
    Int(i64),
    /// Any other number.
    Float(f64),
    Text(&'a str),
}

impl Value<'_> {
    /// A double of a column of numbers.
    pub(super) fn number(value: f64) -> Self {
        if value.is_nan() {
            Self::NoNumber
        } else if value.trunc() == value && value.abs() < INEXACT {
            Self::Int(value as i64)
        } else {
            Self::Float(value)
        }
    }

    /// A double among objects.
    pub(super) fn object(value: f64) -> Self {
        if value.is_nan() { Self::Nan } else { Self::number(value) }
    }

    pub(crate) fn is_missing(self) -> bool {
        matches!(self, Self::None | Self::Nan | Self::NoText | Self::NoNumber)
    }
}

/// The value at a place of a table.
pub(crate) fn value(data: &Data, row: usize, column: usize) -> Value<'_> {
    match data {
        Data::F64(m) => {
            m.values.get(row * m.columns + column).map_or(Value::None, |&v| Value::number(v))
        }
        Data::F32(m) => m
            .values
            .get(row * m.columns + column)
            .map_or(Value::None, |&v| Value::number(f64::from(v))),
        Data::I64(m) => {
            m.values.get(row * m.columns + column).map_or(Value::None, |&v| Value::Int(v))
        }
        Data::Documents(texts) => texts.get(row).map_or(Value::NoText, Value::Text),
        Data::Columns(columns) => columns.get(column).map_or(Value::None, |c| cell(c, row)),
        Data::Sparse(csr) => {
            let (indices, values) = csr.row(row);
            let at = indices.iter().position(|&index| index as usize == column);
            at.and_then(|at| values.get(at)).map_or(Value::Int(0), |&v| Value::number(v))
        }
    }
}

fn cell(column: &Column, row: usize) -> Value<'_> {
    match column {
        Column::F64(v) => v.get(row).map_or(Value::None, |&v| Value::number(v)),
        Column::F32(v) => v.get(row).map_or(Value::None, |&v| Value::number(f64::from(v))),
        Column::I64(v) => v.get(row).map_or(Value::None, |&v| Value::Int(v)),
        Column::Bool(v) => v.get(row).map_or(Value::None, |&v| Value::Bool(v)),
        Column::Text(v) => v.get(row).map_or(Value::NoText, Value::Text),
        Column::Any(v) => match v.get(row) {
            // no request puts several texts into a column of categories
            None | Some(Cell::Null | Cell::Absent | Cell::Texts(_)) => Value::None,
            Some(Cell::Bool(v)) => Value::Bool(*v),
            Some(Cell::I64(v)) => Value::Int(*v),
            Some(Cell::F64(v)) => Value::object(*v),
            Some(Cell::Text(v)) => Value::Text(v),
        },
    }
}
