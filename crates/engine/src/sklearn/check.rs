//! What scikit-learn checks of its rows before it looks at them.

use crate::{Column, Data, Error, Matrix, Scalar, Table, quantity};

/// Which values that are not finite an estimator lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    /// Neither NaN nor infinities.
    Finite,
    /// NaN, but no infinities.
    Nan,
    /// Everything.
    All,
}

/// Checks the number of columns.
pub(crate) fn width(table: &Table, expected: Option<usize>, class: &str) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != table.columns() => Err(Error::input(format!(
            "the rows have {}, and `{class}` was fitted on {expected}",
            quantity(table.columns(), "column")
        ))),
        _ => Ok(()),
    }
}

/// Turns the rows into floating-point numbers as `check_array(dtype=FLOAT_DTYPES)` does: floats
/// stay what they are, everything else becomes doubles. Sparse rows stay sparse.
pub(crate) fn floats(mut table: Table) -> Result<Table, Error> {
    let rows = table.rows;
    table.data = match table.data {
        Data::I64(m) => Data::F64(Matrix {
            columns: m.columns,
            values: m.values.into_iter().map(|v| v as f64).collect(),
        }),
        Data::Columns(columns) => from_columns(&columns, rows)?,
        Data::Documents(_) => {
            return Err(Error::input("the rows are texts, where columns of numbers are expected"));
        }
        kept => kept,
    };
    table.names = None;
    Ok(table)
}

fn from_columns(columns: &[Column], rows: usize) -> Result<Data, Error> {
    let width = columns.len();
    if width > 0 && columns.iter().all(|c| matches!(c, Column::F32(_))) {
        let mut values = vec![0f32; rows * width];
        for (place, column) in columns.iter().enumerate() {
            if let Column::F32(v) = column {
                spread(&mut values, place, width, v.iter().copied());
            }
        }
        return Ok(Data::F32(Matrix { columns: width, values }));
    }
    let mut values = vec![0f64; rows * width];
    for (place, column) in columns.iter().enumerate() {
        match column {
            Column::F64(v) => spread(&mut values, place, width, v.iter().copied()),
            Column::F32(v) => spread(&mut values, place, width, v.iter().map(|&v| f64::from(v))),
            Column::I64(v) => spread(&mut values, place, width, v.iter().map(|&v| v as f64)),
            _ => {
                for (row, out) in values.chunks_exact_mut(width).enumerate() {
                    if let Some(cell) = out.get_mut(place) {
                        *cell = column.number(row, place)?;
                    }
                }
            }
        }
    }
    Ok(Data::F64(Matrix { columns: width, values }))
}

/// Writes `column` into every `width`-th place.
fn spread<T>(values: &mut [T], place: usize, width: usize, column: impl Iterator<Item = T>) {
    for (to, from) in values.iter_mut().skip(place).step_by(width).zip(column) {
        *to = from;
    }
}

/// Checks that numbers are finite, as far as `allow` asks; other values pass.
pub(crate) fn finite(data: &Data, allow: Allow, class: &str) -> Result<(), Error> {
    if allow == Allow::All {
        return Ok(());
    }
    let fault = match data {
        Data::F64(m) => place(&m.values, m.columns, |&v| refuses(v, allow)),
        Data::F32(m) => place(&m.values, m.columns, |&v| refuses(f64::from(v), allow)),
        Data::Sparse(csr) => csr.values.iter().position(|&v| refuses(v, allow)).map(|at| {
            let row = csr.starts.partition_point(|&start| start <= at).saturating_sub(1);
            (row, csr.indices.get(at).map_or(0, |&column| column as usize))
        }),
        Data::Columns(columns) => columns.iter().enumerate().find_map(|(column, values)| {
            let row = match values {
                Column::F64(v) => v.iter().position(|&v| refuses(v, allow)),
                Column::F32(v) => v.iter().position(|&v| refuses(f64::from(v), allow)),
                _ => None,
            };
            row.map(|row| (row, column))
        }),
        Data::I64(_) | Data::Documents(_) => None,
    };
    match fault {
        None => Ok(()),
        Some((row, column)) => {
            let what = match allow {
                Allow::Nan => format!("is infinite, which `{class}` does not accept"),
                _ => format!(
                    "is NaN or infinite, which `{class}` does not accept; impute missing values \
                     first"
                ),
            };
            Err(Error::value(row, column, what))
        }
    }
}

fn refuses(value: f64, allow: Allow) -> bool {
    match allow {
        Allow::Finite => !value.is_finite(),
        Allow::Nan => value.is_infinite(),
        Allow::All => false,
    }
}

fn place<T>(values: &[T], columns: usize, wrong: impl Fn(&T) -> bool) -> Option<(usize, usize)> {
    // one pass without early exit first: it vectorises, and rows are nearly always right
    let any = values.iter().fold(false, |any, value| any | wrong(value));
    if !any {
        return None;
    }
    let at = values.iter().position(wrong)?;
    Some((at / columns.max(1), at % columns.max(1)))
}

/// The three usual steps of a numeric estimator: width, floats, finiteness.
pub(crate) fn numeric(
    table: Table,
    columns: Option<usize>,
    allow: Allow,
    class: &str,
) -> Result<Table, Error> {
    width(&table, columns, class)?;
    let table = floats(table)?;
    finite(&table.data, allow, class)?;
    Ok(table)
}

/// Rows of floats, dense or sparse.
pub(crate) fn is_f32(data: &Data) -> bool {
    match data {
        Data::F32(_) => true,
        Data::Sparse(csr) => csr.scalar == Scalar::F32,
        _ => false,
    }
}

/// Sparse rows for what takes only dense ones.
pub(crate) fn sparse_refused(class: &str) -> Error {
    Error::input(format!("`{class}` cannot take sparse rows: it was made for dense ones"))
}

/// A dense answer of `rows × columns` values, rounded to floats if `f32`.
pub(crate) fn answered(values: Vec<f64>, rows: usize, columns: usize, f32: bool) -> Table {
    let data = if f32 {
        let values = values.into_iter().map(|v| v as f32).collect();
        Data::F32(Matrix { columns, values })
    } else {
        Data::F64(Matrix { columns, values })
    };
    Table { rows, names: None, data }
}

/// Refuses sparse rows, for an estimator that takes none.
pub(crate) fn dense(table: &Table, class: &str) -> Result<(), Error> {
    match table.data {
        Data::Sparse(_) => Err(sparse_refused(class)),
        _ => Ok(()),
    }
}
