//! The columns of a frame as one answer.

use super::OutputData;
use crate::{Cell, Column, Error, TextColumn};

impl OutputData {
    /// Joins columns into one row-major answer: all texts, or all numbers in the widest type.
    pub(super) fn of_columns(columns: &[Column], rows: usize) -> Result<Self, Error> {
        let total = rows * columns.len();
        if columns.iter().any(holds_text) {
            let mut out = TextColumn::with_capacity(total);
            for row in 0..rows {
                for column in columns {
                    push_text(column, row, &mut out);
                }
            }
            return Ok(Self::Text(out));
        }
        if columns.iter().all(|c| matches!(c, Column::Bool(_))) && !columns.is_empty() {
            let mut out = Vec::with_capacity(total);
            for row in 0..rows {
                for column in columns {
                    if let Column::Bool(v) = column {
                        out.extend(v.get(row));
                    }
                }
            }
            return Ok(Self::Bool(out));
        }
        if columns.iter().all(|c| matches!(c, Column::F32(_))) && !columns.is_empty() {
            let mut out = Vec::with_capacity(total);
            for row in 0..rows {
                for column in columns {
                    if let Column::F32(v) = column {
                        out.extend(v.get(row));
                    }
                }
            }
            return Ok(Self::F32(out));
        }
        if columns.iter().all(|c| matches!(c, Column::I64(_))) {
            let mut out = Vec::with_capacity(total);
            for row in 0..rows {
                for column in columns {
                    if let Column::I64(v) = column {
                        out.extend(v.get(row));
                    }
                }
            }
            return Ok(Self::I64(out));
        }
        let mut out = Vec::with_capacity(total);
        for row in 0..rows {
            for (at, column) in columns.iter().enumerate() {
                out.push(column.number(row, at)?);
            }
        }
        Ok(Self::F64(out))
    }
}

fn holds_text(column: &Column) -> bool {
    match column {
        Column::Text(_) => true,
        Column::Any(cells) => cells.iter().any(|cell| matches!(cell, Cell::Text(_))),
        _ => false,
    }
}

/// Appends the value at `row` as a text, the way `str(value)` would write it.
fn push_text(column: &Column, row: usize, out: &mut TextColumn) {
    let float = |v: f64| if v.is_nan() { None } else { Some(format!("{v:?}")) };
    let written = match column {
        Column::Text(v) => return out.push(v.get(row)),
        Column::F64(v) => v.get(row).copied().and_then(float),
        Column::F32(v) => v.get(row).filter(|v| !v.is_nan()).map(|v| format!("{v:?}")),
        Column::I64(v) => v.get(row).map(i64::to_string),
        Column::Bool(v) => v.get(row).map(|&v| if v { "True" } else { "False" }.to_owned()),
        Column::Any(v) => match v.get(row) {
            Some(Cell::Text(v)) => return out.push(Some(v)),
            Some(Cell::Bool(v)) => Some(if *v { "True" } else { "False" }.to_owned()),
            Some(Cell::I64(v)) => Some(v.to_string()),
            Some(Cell::F64(v)) => float(*v),
            Some(Cell::Texts(_) | Cell::Absent | Cell::Null) | None => None,
        },
    };
    out.push(written.as_deref());
}
