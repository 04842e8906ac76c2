//! New values and columns for rows that lack some.

use std::sync::Arc;

use super::Missing;
use crate::{Cell, Column, Csr, Data, Matrix, Table};

/// A column of numbers with `fill` where a value is missing; `None` for other columns.
pub(super) fn with_text(column: &Column, missing: &Missing, fill: &Arc<str>) -> Option<Column> {
    fn filled<T: Copy>(
        values: &[T],
        missing: impl Fn(T) -> bool,
        fill: &Arc<str>,
        cell: impl Fn(T) -> Cell,
    ) -> Column {
        if values.iter().all(|&v| missing(v)) {
            let texts = std::iter::repeat_n(Some(&**fill), values.len());
            return Column::Text(texts.collect());
        }
        let value = |&v: &T| if missing(v) { Cell::Text(Arc::clone(fill)) } else { cell(v) };
        Column::Any(values.iter().map(value).collect())
    }
    Some(match column {
        Column::F64(v) => filled(v, |v| missing.is_float(v), fill, Cell::F64),
        Column::F32(v) => {
            let widened = |v| Cell::F64(f64::from(v));
            filled(v, |v| missing.is_float(f64::from(v)), fill, widened)
        }
        Column::I64(v) => filled(v, |v| missing.is_float(v as f64), fill, Cell::I64),
        Column::Bool(_) | Column::Text(_) | Column::Any(_) => return None,
    })
}

/// Appends the indicator's columns, as 0 and 1 in the type of the rows.
pub(super) fn append(table: Table, marks: &[bool], count: usize) -> Table {
    fn matrix<T: Copy>(m: &Matrix<T>, marks: &[bool], count: usize, one: T, zero: T) -> Matrix<T> {
        let columns = m.columns + count;
        let mut values = Vec::with_capacity(m.values.len() + marks.len());
        if m.columns == 0 {
            values.extend(marks.iter().map(|&set| if set { one } else { zero }));
        } else {
            for (row, marks) in m.values.chunks_exact(m.columns).zip(marks.chunks_exact(count)) {
                values.extend_from_slice(row);
                values.extend(marks.iter().map(|&set| if set { one } else { zero }));
            }
        }
        Matrix { columns, values }
    }
    let rows = table.rows;
    let data =
        match table.data {
            Data::F64(m) => Data::F64(matrix(&m, marks, count, 1.0, 0.0)),
            Data::F32(m) => Data::F32(matrix(&m, marks, count, 1.0, 0.0)),
            Data::I64(m) => Data::I64(matrix(&m, marks, count, 1, 0)),
            Data::Columns(mut columns) => {
                columns.extend((0..count).map(|at| {
                    Column::Bool(marks.iter().skip(at).step_by(count).copied().collect())
                }));
                Data::Columns(columns)
            }
            Data::Sparse(csr) => {
                let mut out = Csr::with_capacity(csr.columns + count, rows, csr.values.len());
                out.scalar = csr.scalar;
                for (row, marks) in marks.chunks_exact(count).enumerate().take(rows) {
                    let (indices, values) = csr.row(row);
                    out.indices.extend_from_slice(indices);
                    out.values.extend_from_slice(values);
                    for (at, _) in marks.iter().enumerate().filter(|&(_, &set)| set) {
                        out.indices.push((csr.columns + at) as u32);
                        out.values.push(1.0);
                    }
                    out.end_row();
                }
                Data::Sparse(out)
            }
            Data::Documents(texts) => Data::Documents(texts),
        };
    Table { rows, names: None, data }
}
