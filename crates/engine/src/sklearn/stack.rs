//! Putting the outputs of several transformers side by side, as numpy and scipy do.

use std::sync::Arc;

use super::check;
use crate::{
    Cell, Column, Csr, Data, Error, Matrix, Scalar, Table, TextColumn, estimator::Transform,
    table::LIST,
};

/// Puts parts side by side. `sparse` says whether the library's answer is sparse; `None` means that
/// it is as soon as one part is.
pub(crate) fn beside(parts: Vec<Table>, rows: usize, sparse: Option<bool>) -> Result<Table, Error> {
    let any_sparse = parts.iter().any(|part| matches!(part.data, Data::Sparse(_)));
    if sparse.unwrap_or(any_sparse) {
        return Ok(Table { rows, names: None, data: Data::Sparse(sparse_beside(parts, rows)?) });
    }
    let mut parts = parts;
    if parts.len() == 1
        && let Some(mut only) = parts.pop()
    {
        only.data = dense(only.data, rows)?;
        only.names = None;
        return Ok(only);
    }
    let parts: Vec<_> =
        parts.into_iter().map(|part| dense(part.data, rows)).collect::<Result<_, _>>()?;
    // an array of booleans takes on the type of the numbers beside it
    let has_booleans = parts.iter().any(is_bool);
    let alone = if has_booleans { Common::Mixed } else { Common::F64 };
    let numbers = parts.iter().filter(|part| !is_bool(part));
    let data = match common(numbers).unwrap_or(alone) {
        Common::F64 => Data::F64(join(&parts, rows, as_f64)),
        Common::F32 => Data::F32(join(&parts, rows, as_f32)),
        Common::I64 => Data::I64(join(&parts, rows, as_i64)),
        Common::Mixed => Data::Columns(parts.into_iter().flat_map(columns).collect()),
    };
    Ok(Table { rows, names: None, data })
}

/// Whether the integers of parts side by side, each a transformer with its weight, are of 32 bits. `rows`
/// tells whether those of the rows are, which a part without a transformer hands on.
pub(crate) fn is_narrow<'a>(
    parts: impl IntoIterator<Item = (Option<&'a dyn Transform>, Option<f64>)>,
    rows: bool,
) -> bool {
    let of = |(inside, weight): (Option<&dyn Transform>, Option<f64>)| {
        weight.is_none() && inside.map_or(rows, |inside| inside.is_narrow(rows))
    };
    let mut parts = parts.into_iter().map(of).peekable();
    parts.peek().is_some() && parts.all(|narrow| narrow)
}

/// The type that holds all parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Common {
    F64,
    F32,
    I64,
    Mixed,
}

/// True for a part that holds nothing but booleans.
fn is_bool(part: &Data) -> bool {
    match part {
        Data::Columns(columns) => {
            !columns.is_empty() && columns.iter().all(|column| matches!(column, Column::Bool(_)))
        }
        Data::Sparse(csr) => csr.scalar == Scalar::Bool,
        _ => false,
    }
}

fn common<'a>(parts: impl Iterator<Item = &'a Data>) -> Option<Common> {
    let mut all: Option<Common> = None;
    let mut add = |one: Common| {
        all = Some(match (all, one) {
            (None, one) => one,
            (Some(all), one) if all == one => all,
            (Some(Common::Mixed), _) | (_, Common::Mixed) => Common::Mixed,
            _ => Common::F64,
        });
    };
    for part in parts {
        match part {
            Data::F32(_) => add(Common::F32),
            Data::I64(_) => add(Common::I64),
            Data::F64(_) | Data::Sparse(_) => add(Common::F64),
            Data::Documents(_) => add(Common::Mixed),
            Data::Columns(columns) => columns.iter().for_each(|column| match column {
                Column::F64(_) => add(Common::F64),
                Column::F32(_) => add(Common::F32),
                Column::I64(_) => add(Common::I64),
                Column::Bool(_) | Column::Text(_) | Column::Any(_) => add(Common::Mixed),
            }),
        }
    }
    all
}

/// Copies the columns of every part into one matrix.
fn join<T: Clone + Default>(
    parts: &[Data],
    rows: usize,
    fill: fn(&Data, usize, &mut [T]) -> usize,
) -> Matrix<T> {
    let width: usize = parts.iter().map(width).sum();
    let mut values = vec![T::default(); rows * width];
    for (row, out) in values.chunks_exact_mut(width.max(1)).enumerate() {
        let mut at = 0;
        for part in parts {
            if let Some(rest) = out.get_mut(at..) {
                at += fill(part, row, rest);
            }
        }
    }
    Matrix { columns: width, values }
}

fn width(data: &Data) -> usize {
    match data {
        Data::F64(m) => m.columns,
        Data::F32(m) => m.columns,
        Data::I64(m) => m.columns,
        Data::Columns(columns) => columns.len(),
        Data::Sparse(csr) => csr.columns,
        Data::Documents(_) => 1,
    }
}

fn row_of<T>(m: &Matrix<T>, row: usize) -> &[T] {
    m.values.get(row * m.columns..(row + 1) * m.columns).unwrap_or_default()
}

/// Writes one row of a part into `out`, and gives back the number of values written.
fn as_f64(data: &Data, row: usize, out: &mut [f64]) -> usize {
    match data {
        Data::F64(m) => write(row_of(m, row).iter().copied(), out),
        Data::F32(m) => write(row_of(m, row).iter().map(|&v| f64::from(v)), out),
        Data::I64(m) => write(row_of(m, row).iter().map(|&v| v as f64), out),
        Data::Columns(columns) => {
            let number = |(at, c): (usize, &Column)| c.number(row, at).unwrap_or(f64::NAN);
            write(columns.iter().enumerate().map(number), out)
        }
        Data::Sparse(_) | Data::Documents(_) => 0,
    }
}

fn as_f32(data: &Data, row: usize, out: &mut [f32]) -> usize {
    match data {
        Data::F32(m) => write(row_of(m, row).iter().copied(), out),
        Data::Columns(columns) => write(
            columns.iter().map(|column| match column {
                Column::F32(v) => v.get(row).copied().unwrap_or(f32::NAN),
                Column::Bool(v) => f32::from(u8::from(v.get(row).copied().unwrap_or_default())),
                _ => f32::NAN,
            }),
            out,
        ),
        _ => 0,
    }
}

fn as_i64(data: &Data, row: usize, out: &mut [i64]) -> usize {
    match data {
        Data::I64(m) => write(row_of(m, row).iter().copied(), out),
        Data::Columns(columns) => write(
            columns.iter().map(|column| match column {
                Column::I64(v) => v.get(row).copied().unwrap_or_default(),
                Column::Bool(v) => i64::from(v.get(row).copied().unwrap_or_default()),
                _ => 0,
            }),
            out,
        ),
        _ => 0,
    }
}

fn write<T>(from: impl Iterator<Item = T>, out: &mut [T]) -> usize {
    out.iter_mut().zip(from).map(|(to, from)| *to = from).count()
}

/// Fills sparse values in.
pub(crate) fn dense(data: Data, rows: usize) -> Result<Data, Error> {
    let Data::Sparse(csr) = data else { return Ok(data) };
    csr.may_be_filled(rows)?;
    let mut values = vec![0.0; rows * csr.columns];
    for (row, out) in values.chunks_exact_mut(csr.columns.max(1)).enumerate() {
        let (indices, stored) = csr.row(row);
        for (&column, &value) in indices.iter().zip(stored) {
            if let Some(cell) = out.get_mut(column as usize) {
                *cell += value;
            }
        }
    }
    let columns = csr.columns;
    Ok(match csr.scalar {
        Scalar::F64 => Data::F64(Matrix { columns, values }),
        Scalar::F32 => {
            Data::F32(Matrix { columns, values: values.into_iter().map(|v| v as f32).collect() })
        }
        Scalar::I64 => {
            Data::I64(Matrix { columns, values: values.into_iter().map(|v| v as i64).collect() })
        }
        Scalar::Bool => {
            let of_column = |at| values.iter().skip(at).step_by(columns).map(|&v| v != 0.0);
            Data::Columns((0..columns).map(|at| Column::Bool(of_column(at).collect())).collect())
        }
    })
}

/// Every column on its own.
pub(crate) fn columns(data: Data) -> Vec<Column> {
    fn pick<T: Copy>(m: &Matrix<T>, column: usize) -> Vec<T> {
        m.values.iter().skip(column).step_by(m.columns.max(1)).copied().collect()
    }
    match data {
        Data::F64(m) => (0..m.columns).map(|at| Column::F64(pick(&m, at))).collect(),
        Data::F32(m) => (0..m.columns).map(|at| Column::F32(pick(&m, at))).collect(),
        Data::I64(m) => (0..m.columns).map(|at| Column::I64(pick(&m, at))).collect(),
        Data::Columns(columns) => columns,
        Data::Documents(texts) => vec![Column::Text(texts)],
        Data::Sparse(_) => Vec::new(),
    }
}

/// One column as documents: what a vectorizer inside a column transformer gets. A missing number
/// is a missing text.
pub(super) fn documents(column: &Column) -> Result<TextColumn, Error> {
    let none = |count| std::iter::repeat_n(None, count).collect();
    let number = |row: usize, shown: &dyn std::fmt::Display| {
        Error::value(row, 0, format!("is the number `{shown}`, where a text is expected"))
    };
    match column {
        Column::Text(texts) => return Ok(texts.clone()),
        Column::Any(cells) => {
            let text = |(row, cell): (usize, &Cell)| match cell {
                Cell::Text(text) => Ok(Some(Arc::clone(text))),
                Cell::Null | Cell::Absent => Ok(None),
                Cell::F64(v) if v.is_nan() => Ok(None),
                Cell::F64(v) => Err(number(row, v)),
                Cell::I64(v) => Err(number(row, v)),
                Cell::Bool(v) => Err(boolean(row, *v)),
                Cell::Texts(_) => Err(Error::value(row, 0, LIST)),
            };
            let texts = cells.iter().enumerate().map(text).collect::<Result<Vec<_>, _>>()?;
            return Ok(texts.iter().map(|text| text.as_deref()).collect());
        }
        Column::F64(v) => {
            if let Some((row, v)) = v.iter().enumerate().find(|(_, v)| !v.is_nan()) {
                return Err(number(row, v));
            }
        }
        Column::F32(v) => {
            if let Some((row, v)) = v.iter().enumerate().find(|(_, v)| !v.is_nan()) {
                return Err(number(row, v));
            }
        }
        Column::I64(v) => {
            if let Some(v) = v.first() {
                return Err(number(0, v));
            }
        }
        Column::Bool(v) => {
            if let Some(&v) = v.first() {
                return Err(boolean(0, v));
            }
        }
    }
    Ok(none(column.len()))
}

fn boolean(row: usize, value: bool) -> Error {
    Error::value(row, 0, format!("is the boolean `{value}`, where a text is expected"))
}

fn sparse_beside(parts: Vec<Table>, rows: usize) -> Result<Csr, Error> {
    let mut before = 0;
    let numbers = |part: Table| {
        let start = before;
        before += part.columns();
        if matches!(part.data, Data::I64(_)) {
            return Ok((Scalar::I64, part));
        }
        let scalar = if is_bool(&part.data) { Some(Scalar::Bool) } else { None };
        let place = |at| crate::ColumnPlace::At(start + at);
        let part = check::floats(part).map_err(|error| error.map_column(place))?;
        Ok((scalar.unwrap_or(self::scalar(&part.data)), part))
    };
    let parts: Vec<(Scalar, Table)> = parts.into_iter().map(numbers).collect::<Result<_, _>>()?;
    let (scalars, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let width: usize = parts.iter().map(|part| width(&part.data)).sum();
    let stored: usize = parts
        .iter()
        .map(|part| match &part.data {
            Data::Sparse(csr) => csr.values.len(),
            data => rows * self::width(data),
        })
        .sum();
    let mut out = Csr::with_capacity(width, rows, stored);
    let both = |a, b| match (a, b) {
        (one, Scalar::Bool) | (Scalar::Bool, one) => one,
        (one, other) if one == other => one,
        _ => Scalar::F64,
    };
    out.scalar = scalars.into_iter().reduce(both).unwrap_or_default();
    for row in 0..rows {
        let mut offset = 0;
        for part in &parts {
            match &part.data {
                Data::Sparse(csr) => {
                    let (indices, values) = csr.row(row);
                    out.indices.extend(indices.iter().map(|&column| column + offset));
                    out.values.extend_from_slice(values);
                }
                Data::F64(m) => push(row_of(m, row).iter().copied(), offset, &mut out),
                Data::F32(m) => {
                    push(row_of(m, row).iter().map(|&v| f64::from(v)), offset, &mut out);
                }
                Data::I64(m) => push(row_of(m, row).iter().map(|&v| v as f64), offset, &mut out),
                Data::Columns(_) | Data::Documents(_) => {}
            }
            offset += self::width(&part.data) as u32;
        }
        out.end_row();
    }
    Ok(out)
}

fn push(values: impl Iterator<Item = f64>, offset: u32, out: &mut Csr) {
    for (column, value) in (offset..).zip(values) {
        if value != 0.0 {
            out.indices.push(column);
            out.values.push(value);
        }
    }
}

fn scalar(data: &Data) -> Scalar {
    match data {
        Data::F32(_) => Scalar::F32,
        Data::I64(_) => Scalar::I64,
        Data::Sparse(csr) => csr.scalar,
        _ => Scalar::F64,
    }
}
