//! Support vectors, dense or sparse, and the rows that are compared with them.

use super::kernel::Kernel;
use crate::{Csr, Data, Error, Scalar, Table, attributes, read::Cursor, sklearn::sums::sum};

/// Support vectors in the form that the model was fitted in.
#[derive(Debug)]
pub(super) enum Vectors {
    /// Row after row.
    Dense {
        /// Values of a row.
        columns: usize,
        /// Rows.
        count: usize,
        /// `count × columns`.
        values: Vec<f64>,
    },
    /// For models that were fitted on sparse rows.
    Sparse(Csr),
    /// Places in rows of similarities.
    Places {
        /// Values of such a row.
        columns: usize,
        /// A place for each support vector, below `columns`.
        places: Vec<usize>,
    },
}

/// One row, in the form of the support vectors.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'r> {
    Dense(&'r [f64]),
    Sparse(&'r [u32], &'r [f64]),
}

impl Vectors {
    pub(super) fn read(c: Cursor<'_>, kernel: Kernel) -> Result<Self, Error> {
        if kernel == Kernel::Precomputed {
            let places = attributes::numbers(c, "support_")?;
            let fitted = attributes::list(c, "shape_fit_")?;
            let columns = fitted.first().and_then(|it| it.as_i64()).unwrap_or(0);
            let columns = usize::try_from(columns).unwrap_or(0);
            let places: Vec<_> = places.into_iter().map(|place| place as usize).collect();
            if places.iter().any(|&place| place >= columns) {
                let reason =
                    format!("names rows beyond the {columns} that the model was fitted on");
                return Err(Error::attribute(c.class_name(), "support_", reason));
            }
            return Ok(Self::Places { columns, places });
        }
        if attributes::flag(c, "_sparse", false) {
            return sparse(c, "support_vectors_").map(Self::Sparse);
        }
        let grid = attributes::grid(c, "support_vectors_")?;
        let &[count, columns] = &grid.shape[..] else {
            let reason = format!("has {} dimensions instead of two", grid.shape.len());
            return Err(Error::attribute(c.class_name(), "support_vectors_", reason));
        };
        Ok(Self::Dense { columns, count, values: grid.values })
    }

    /// The attribute that says how wide rows are.
    pub(super) fn name(&self) -> &'static str {
        if matches!(self, Self::Places { .. }) { "shape_fit_" } else { "support_vectors_" }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Dense { count, .. } => *count,
            Self::Sparse(csr) => csr.starts.len().saturating_sub(1),
            Self::Places { places, .. } => places.len(),
        }
    }

    /// Columns of a row.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Dense { columns, .. } | Self::Places { columns, .. } => *columns,
            Self::Sparse(csr) => csr.columns,
        }
    }

    /// The kernel between a row and each support vector.
    pub(super) fn kernels(&self, kernel: Kernel, row: Row<'_>, out: &mut [f64]) {
        let combine =
            if kernel.is_of_distance() { |x: f64, y: f64| (x - y) * (x - y) } else { |x, y| x * y };
        match (self, row) {
            (Self::Dense { columns, values, .. }, Row::Dense(row)) => {
                for (out, vector) in out.iter_mut().zip(values.chunks_exact((*columns).max(1))) {
                    *out = kernel.of(sum(row, vector, |&x, y| combine(x, y)));
                }
            }
            (Self::Sparse(csr), Row::Sparse(columns, values)) => {
                for (at, out) in out.iter_mut().enumerate() {
                    *out = kernel.of(merged((columns, values), csr.row(at), combine));
                }
            }
            (Self::Places { places, .. }, Row::Dense(row)) => {
                for (out, &place) in out.iter_mut().zip(places) {
                    *out = row.get(place).copied().unwrap_or_default();
                }
            }
            // rows come in the form of the support vectors
            (_, _) => out.fill(f64::NAN),
        }
    }
}

/// The sum of what `combine` makes of each pair of two sparse rows, whose columns ascend.
fn merged(a: (&[u32], &[f64]), b: (&[u32], &[f64]), combine: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sum = 0.0;
    let mut left = a.0.iter().zip(a.1).peekable();
    let mut right = b.0.iter().zip(b.1).peekable();
    loop {
        let (x, y) = match (left.peek(), right.peek()) {
            (Some((i, _)), Some((j, _))) if i == j => (left.next(), right.next()),
            (Some((i, _)), Some((j, _))) if i < j => (left.next(), None),
            (Some(_), None) => (left.next(), None),
            (_, Some(_)) => (None, right.next()),
            (None, None) => return sum,
        };
        sum += combine(x.map_or(0.0, |(_, &x)| x), y.map_or(0.0, |(_, &y)| y));
    }
}

/// A matrix that may be stored sparse, row after row.
pub(super) fn filled(
    c: Cursor<'_>,
    name: &str,
    rows: usize,
    columns: usize,
) -> Result<Vec<f64>, Error> {
    if c.require(name)?.attr("indptr").is_none() {
        return attributes::numbers_of(c, name, rows * columns);
    }
    let csr = sparse(c, name)?;
    attributes::counted(c, name, csr.starts.len().saturating_sub(1), rows)?;
    attributes::counted(c, name, csr.columns, columns)?;
    let mut values = vec![0.0; rows * columns];
    for (row, out) in values.chunks_exact_mut(columns.max(1)).enumerate() {
        let (places, found) = csr.row(row);
        for (&place, &value) in places.iter().zip(found) {
            if let Some(out) = out.get_mut(place as usize) {
                *out = value;
            }
        }
    }
    Ok(values)
}

/// A `scipy.sparse` matrix in compressed rows, its columns in order.
fn sparse(c: Cursor<'_>, name: &str) -> Result<Csr, Error> {
    let wrong = |reason: &str| Error::attribute(c.class_name(), name, reason.to_owned());
    let matrix = c.require(name)?;
    let values = attributes::numbers(matrix, "data")?;
    let whole = |part: &str| -> Result<Vec<usize>, Error> {
        Ok(attributes::numbers(matrix, part)?.into_iter().map(|it| it as usize).collect())
    };
    let (columns_of, starts) = (whole("indices")?, whole("indptr")?);
    let shape = attributes::list(matrix, "_shape")?;
    let columns = shape.get(1).and_then(|it| it.as_i64()).and_then(|it| usize::try_from(it).ok());
    let columns = columns.ok_or_else(|| wrong("has no number of columns"))?;
    let ascend = starts.windows(2).all(|pair| pair[0] <= pair[1]);
    let is_whole = starts.first() == Some(&0) && starts.last() == Some(&values.len());
    if !ascend || !is_whole || columns_of.len() != values.len() {
        return Err(wrong("is no matrix of compressed rows"));
    }
    if columns_of.iter().any(|&column| column >= columns) || u32::try_from(columns).is_err() {
        return Err(wrong("has values beyond its columns"));
    }
    let mut out =
        Csr { scalar: Scalar::F64, ..Csr::with_capacity(columns, starts.len(), values.len()) };
    let mut row: Vec<(u32, f64)> = Vec::new();
    for bounds in starts.windows(2) {
        let range = bounds[0]..bounds[1];
        let found = columns_of.get(range.clone()).unwrap_or_default().iter();
        let found = found
            .map(|&column| column as u32)
            .zip(values.get(range).unwrap_or_default().iter().copied());
        row.extend(found);
        row.sort_by_key(|(column, _)| *column);
        for (column, value) in row.drain(..) {
            out.indices.push(column);
            out.values.push(value);
        }
        out.end_row();
    }
    Ok(out)
}

/// The rows of a request, one after another, in the form of the support vectors.
pub(super) struct Rows<'t> {
    table: &'t Table,
    is_sparse: bool,
    next: usize,
    dense: Vec<f64>,
    columns: Vec<u32>,
}

impl<'t> Rows<'t> {
    /// # Errors
    /// Sparse rows for a model that was fitted on dense ones, as the library refuses them.
    pub(super) fn of(table: &'t Table, vectors: &Vectors, class: &str) -> Result<Self, Error> {
        let is_sparse = matches!(vectors, Vectors::Sparse(_));
        if matches!(table.data, Data::Sparse(_)) && !is_sparse {
            return Err(Error::input(format!(
                "the rows are sparse, and `{class}` was trained on dense data"
            )));
        }
        Ok(Self { table, is_sparse, next: 0, dense: Vec::new(), columns: Vec::new() })
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Option<Row<'_>> {
        let at = self.next;
        if at >= self.table.rows {
            return None;
        }
        self.next += 1;
        self.dense.clear();
        match &self.table.data {
            Data::Sparse(csr) => {
                let (columns, values) = csr.row(at);
                return Some(Row::Sparse(columns, values));
            }
            Data::F64(m) => {
                let row = m.values.get(at * m.columns..(at + 1) * m.columns).unwrap_or_default();
                if !self.is_sparse {
                    return Some(Row::Dense(row));
                }
                self.dense.extend(row);
            }
            Data::F32(m) => {
                let row = m.values.get(at * m.columns..(at + 1) * m.columns).unwrap_or_default();
                self.dense.extend(row.iter().map(|&v| f64::from(v)));
            }
            // the rows are floats
            _ => {}
        }
        if !self.is_sparse {
            return Some(Row::Dense(&self.dense));
        }
        self.columns.clear();
        for (column, &value) in self.dense.iter().enumerate() {
            if value != 0.0 {
                self.columns.push(column as u32);
            }
        }
        self.dense.retain(|&value| value != 0.0);
        Some(Row::Sparse(&self.columns, &self.dense))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::merged;
    use crate::sklearn::sums::sum;

    proptest! {
        #[test]
        fn sparse_rows_give_what_dense_ones_give(pairs in prop::collection::vec((-2i8..3, -2i8..3), 0..20)) {
            let dense = |pick: fn(&(i8, i8)) -> i8| pairs.iter().map(|it| f64::from(pick(it))).collect::<Vec<_>>();
            let (a, b) = (dense(|it| it.0), dense(|it| it.1));
            let thin = |row: &[f64]| -> (Vec<u32>, Vec<f64>) {
                row.iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(i, v)| (i as u32, *v)).unzip()
            };
            let (thin_a, thin_b) = (thin(&a), thin(&b));
            let pair = || ((&thin_a.0[..], &thin_a.1[..]), (&thin_b.0[..], &thin_b.1[..]));
            let product = |x: f64, y: f64| x * y;
            let distance = |x: f64, y: f64| (x - y) * (x - y);
            prop_assert_eq!(merged(pair().0, pair().1, product), sum(&a, &b, |&x, y| product(x, y)));
            prop_assert_eq!(merged(pair().0, pair().1, distance), sum(&a, &b, |&x, y| distance(x, y)));
        }
    }
}
