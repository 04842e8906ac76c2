//! Rows as a request wrote them, before they are held against the model's schema.

use std::borrow::Cow;

use longshore_engine::{Column, Data, Matrix};

#[cfg(feature = "arrow")]
pub(crate) mod arrow;
mod builder;
pub(crate) mod columns;
pub(crate) mod csv;
#[cfg(feature = "arrow")]
mod moment;
#[cfg(feature = "arrow")]
pub(crate) mod parquet;
pub(crate) mod records;
pub(crate) mod rows;
#[cfg(feature = "arrow")]
mod typed;
#[cfg(feature = "arrow")]
mod unpack;

pub(crate) use builder::Builder;

use crate::failure::Failure;

/// Rows with or without column names, in the order they were sent.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) rows: usize,
    /// As many as there are columns.
    pub(crate) names: Option<Vec<Cow<'a, str>>>,
    pub(crate) data: Data,
    /// Some of the columns that were left out, for a message that guesses what was meant.
    pub(crate) unknown: Vec<Cow<'a, str>>,
}

/// Most names that [`Frame::unknown`] keeps.
pub(crate) const UNKNOWN: usize = 32;

/// The failure of a column that one row lacks while others have it.
pub(crate) fn lacks(name: &str, row: usize) -> Failure {
    Failure::unfit(format!(
        "column {} is missing in row {row} while other rows have it; send null where there is no value",
        crate::names::quoted(name)
    ))
}

/// True for an integer that a double holds as it is.
pub(crate) fn is_exact(value: i64) -> bool {
    value.unsigned_abs() <= 1 << 53
}

/// What a request may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most rows. Flag `--max-rows`.
    pub(crate) rows: usize,
    /// Most values; keeps rows of ever new columns from growing beyond what was sent.
    pub(crate) cells: usize,
}

impl Bounds {
    /// Bounds for a body of `bytes` bytes.
    pub(crate) fn new(rows: usize, bytes: usize) -> Self {
        Self { rows, cells: bytes.saturating_mul(8).saturating_add(1 << 20) }
    }

    pub(crate) fn check_rows(&self, rows: usize) -> Result<(), Failure> {
        if rows > self.rows {
            return Err(Failure::too_large("the number of rows", self.rows, "rows", "--max-rows"));
        }
        Ok(())
    }

    pub(crate) fn check_cells(&self, rows: usize, columns: usize) -> Result<(), Failure> {
        if rows.saturating_mul(columns) > self.cells {
            let message = format!(
                "{rows} rows of {columns} columns are mostly missing values; send fewer rows at a time"
            );
            return Err(Failure::new(longshore_daemon::Code::TooLarge, message));
        }
        Ok(())
    }
}

/// Columns as the engine's table data: one matrix when all are numbers of one type. Integers become
/// doubles unless one of them would change.
pub(crate) fn collapse(columns: Vec<Column>, rows: usize) -> Data {
    let exact = |column: &Column| match column {
        Column::F64(_) => true,
        Column::I64(values) => values.iter().all(|&value| is_exact(value)),
        _ => false,
    };
    if columns.iter().all(exact) {
        return Data::F64(interleave(&columns, rows, |column, row| match column {
            Column::F64(values) => values.get(row).copied(),
            Column::I64(values) => values.get(row).map(|&value| value as f64),
            _ => None,
        }));
    }
    if columns.iter().all(|c| matches!(c, Column::I64(_))) {
        return Data::I64(interleave(&columns, rows, |column, row| match column {
            Column::I64(values) => values.get(row).copied(),
            _ => None,
        }));
    }
    if columns.iter().all(|c| matches!(c, Column::F32(_))) {
        return Data::F32(interleave(&columns, rows, |column, row| match column {
            Column::F32(values) => values.get(row).copied(),
            _ => None,
        }));
    }
    Data::Columns(columns)
}

/// Row-major values of columns that all have `rows` values.
pub(crate) fn interleave<T>(
    columns: &[Column],
    rows: usize,
    get: impl Fn(&Column, usize) -> Option<T>,
) -> Matrix<T> {
    let mut values = Vec::with_capacity(rows * columns.len());
    for row in 0..rows {
        values.extend(columns.iter().filter_map(|column| get(column, row)));
    }
    Matrix { columns: columns.len(), values }
}

/// The columns of any table data; the reverse of [`collapse`].
pub(crate) fn split(data: Data, rows: usize) -> Vec<Column> {
    fn strided<T: Copy>(matrix: &Matrix<T>, column: usize) -> Vec<T> {
        matrix.values.iter().skip(column).step_by(matrix.columns.max(1)).copied().collect()
    }
    match data {
        Data::Columns(columns) => columns,
        Data::F64(m) => (0..m.columns).map(|c| Column::F64(strided(&m, c))).collect(),
        Data::F32(m) => (0..m.columns).map(|c| Column::F32(strided(&m, c))).collect(),
        Data::I64(m) => (0..m.columns).map(|c| Column::I64(strided(&m, c))).collect(),
        Data::Documents(texts) => vec![Column::Text(texts)],
        Data::Sparse(csr) => (0..csr.columns)
            .map(|column| {
                let mut values = vec![0.0; rows];
                for (row, value) in values.iter_mut().enumerate() {
                    let (indices, stored) = csr.row(row);
                    let here = indices.iter().zip(stored).filter(|(i, _)| **i as usize == column);
                    *value = here.map(|(_, v)| v).sum();
                }
                Column::F64(values)
            })
            .collect(),
    }
}
