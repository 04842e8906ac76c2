//! A row alone beside the same row in a batch.

use longshore_engine::{Output, OutputData};

use crate::report::Report;

/// Compares one row of an answer with the answer to that row alone, bit for bit.
pub(crate) fn same(all: &Output, row: usize, alone: &Output, method: &str, report: &mut Report) {
    let columns = all.columns.unwrap_or(1);
    let range = row * columns..(row + 1) * columns;
    let same = match (&all.data, &alone.data) {
        (OutputData::F64(a), OutputData::F64(b)) => {
            a[range].iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits()))
        }
        (OutputData::F32(a), OutputData::F32(b)) => {
            a[range].iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits()))
        }
        (OutputData::I64(a), OutputData::I64(b)) => a[range] == b[..],
        (OutputData::I32(a), OutputData::I32(b)) => a[range] == b[..],
        (OutputData::Bool(a), OutputData::Bool(b)) => a[range] == b[..],
        (OutputData::Text(a), OutputData::Text(b)) => {
            range.map(|at| a.get(at)).eq(b.iter()) && alone.rows == 1
        }
        _ => false,
    };
    if !same {
        report.fault(method, &format!("row {row} alone gives another answer than in the batch"));
    }
}
