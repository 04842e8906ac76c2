//! Rows of a table, some at a time.

use std::ops::Range;

use crate::{Data, Table};

/// Dense rows of doubles, in `scratch` when the table has others.
pub(crate) fn doubles<'r>(
    table: &'r Table,
    rows: Range<usize>,
    scratch: &'r mut Vec<f64>,
) -> &'r [f64] {
    scratch.clear();
    match &table.data {
        Data::F64(m) => {
            return m.values.get(rows.start * m.columns..rows.end * m.columns).unwrap_or_default();
        }
        Data::F32(m) => {
            let values = m.values.get(rows.start * m.columns..rows.end * m.columns);
            scratch.extend(values.unwrap_or_default().iter().map(|&v| f64::from(v)));
        }
        Data::Sparse(csr) => {
            scratch.resize(rows.len() * csr.columns, 0.0);
            for (row, out) in rows.zip(scratch.chunks_exact_mut(csr.columns.max(1))) {
                let (columns, values) = csr.row(row);
                for (&column, &value) in columns.iter().zip(values) {
                    if let Some(out) = out.get_mut(column as usize) {
                        *out = value;
                    }
                }
            }
        }
        // the rows are floats
        _ => {}
    }
    scratch
}
