//! Support vectors, and the kernels of rows that are compared with them.

use std::ops::Range;

use super::kernel::Kernel;
use crate::{
    Csr, Data, Error, Table, attributes,
    read::Cursor,
    sklearn::{
        panels::{LANES, Panels},
        rows::doubles,
        sparse::{self, Columns},
    },
};

/// Cells for each stored value up to which sparse vectors are compared faster with their zeros.
const FILLED: usize = 12;

/// Support vectors as the file has them.
#[derive(Debug)]
pub(super) enum Stored {
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

impl Stored {
    pub(super) fn read(c: Cursor<'_>, kernel: Kernel) -> Result<Self, Error> {
        if kernel == Kernel::Precomputed {
            let places = attributes::numbers(c, "support_")?;
            let fitted = attributes::list(c, "shape_fit_")?;
            let columns = fitted.first().and_then(|it| usize::try_from(it.as_i64()?).ok());
            let columns = columns.ok_or_else(|| {
                let reason = "does not begin with the number of rows that the model was fitted on";
                Error::attribute(c.class_name(), "shape_fit_", reason)
            })?;
            if !places.iter().all(|place| (0.0..columns as f64).contains(place)) {
                let reason =
                    format!("names rows beyond the {columns} that the model was fitted on");
                return Err(Error::attribute(c.class_name(), "support_", reason));
            }
            let places = places.into_iter().map(|place| place as usize).collect();
            return Ok(Self::Places { columns, places });
        }
        let name = "support_vectors_";
        if attributes::flag(c, "_sparse", false) {
            return sparse::rows(c, name).map(Self::Sparse);
        }
        let grid = attributes::grid(c, name)?;
        let &[count, columns] = &grid.shape[..] else {
            let reason = format!("has {} dimensions instead of two", grid.shape.len());
            return Err(Error::attribute(c.class_name(), name, reason));
        };
        attributes::counted(c, name, grid.values.len(), count.saturating_mul(columns))?;
        Ok(Self::Dense { columns, count, values: grid.values })
    }

    /// The attribute that says how wide rows are.
    pub(super) fn name(&self) -> &'static str {
        if matches!(self, Self::Places { .. }) { "shape_fit_" } else { "support_vectors_" }
    }

    pub(super) fn is_sparse(&self) -> bool {
        matches!(self, Self::Sparse(_))
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

    /// Values that are stored.
    pub(super) fn values(&self) -> usize {
        match self {
            Self::Dense { values, .. } => values.len(),
            Self::Sparse(csr) => csr.values.len(),
            Self::Places { places, .. } => places.len(),
        }
    }

    /// Hands over each value of a vector with its column.
    pub(super) fn each(&self, vector: usize, mut found: impl FnMut(usize, f64)) {
        match self {
            Self::Dense { columns, values, .. } => {
                let own = values.get(vector * columns..(vector + 1) * columns).unwrap_or_default();
                own.iter().enumerate().for_each(|(column, &value)| found(column, value));
            }
            Self::Sparse(csr) => {
                let (columns, values) = csr.row(vector);
                let own = columns.iter().zip(values);
                own.for_each(|(&column, &value)| found(column as usize, value));
            }
            Self::Places { .. } => {}
        }
    }
}

/// The vectors of each class one after another, each class in whole blocks.
#[derive(Debug)]
pub(super) struct Order {
    /// For each place the vector that stands there, and whether it only fills the block.
    places: Vec<(usize, bool)>,
    /// The blocks of each class.
    pub(super) parts: Vec<Range<usize>>,
}

impl Order {
    pub(super) fn new(classes: &[Range<usize>]) -> Self {
        let mut places = Vec::new();
        let parts = classes.iter().map(|class| {
            let start = places.len() / LANES;
            places.extend(class.clone().map(|vector| (vector, false)));
            if let Some(last) = class.clone().next_back() {
                places.resize(places.len().next_multiple_of(LANES), (last, true));
            }
            start..places.len() / LANES
        });
        let parts = parts.collect();
        Self { places, parts }
    }

    /// Number of places.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The vector at a place, unless it only fills the block.
    pub(super) fn vector(&self, place: usize) -> Option<usize> {
        self.places.get(place).filter(|(_, fills)| !fills).map(|(vector, _)| *vector)
    }
}

/// Support vectors in their order, ready to be compared with rows.
#[derive(Debug)]
pub(super) enum Vectors {
    /// Compared column by column.
    Filled(Panels<f64>),
    /// With few values in many columns.
    Thin(Thin),
    /// Places in rows of similarities.
    Places { columns: usize, places: Vec<usize> },
}

#[derive(Debug)]
pub(super) struct Thin {
    rows: Csr,
    columns: Columns,
    squares: Vec<f64>,
    largest: f64,
}

impl Vectors {
    pub(super) fn new(stored: Stored, order: &Order) -> Self {
        let width = stored.width();
        let csr = match stored {
            Stored::Dense { columns, values, .. } => {
                return Self::Filled(Panels::new(columns, order.len(), |column, place| {
                    values.get(order.places.get(place)?.0 * columns + column).copied()
                }));
            }
            Stored::Places { columns, places } => {
                let own = order.places.iter().map(|&(vector, _)| places.get(vector).copied());
                return Self::Places {
                    columns,
                    places: own.map(Option::unwrap_or_default).collect(),
                };
            }
            Stored::Sparse(csr) => csr,
        };
        let mut rows = Csr::with_capacity(width, order.len(), csr.values.len());
        for &(vector, fills) in &order.places {
            if !fills {
                let (columns, values) = csr.row(vector);
                rows.indices.extend(columns);
                rows.values.extend(values);
            }
            rows.end_row();
        }
        if order.len().saturating_mul(width) <= csr.values.len().saturating_mul(FILLED) {
            let value = |column: usize, place: usize| {
                let (columns, values) = rows.row(place);
                let at = columns.binary_search(&(column as u32)).ok()?;
                values.get(at).copied()
            };
            return Self::Filled(Panels::new(width, order.len(), value));
        }
        let square = |row: usize| rows.row(row).1.iter().map(|v| v * v).sum::<f64>();
        let squares: Vec<f64> = (0..order.len()).map(square).collect();
        let largest = squares.iter().copied().fold(0.0, f64::max);
        Self::Thin(Thin { columns: Columns::of(&rows), rows, squares, largest })
    }

    /// About the nanoseconds that a row takes.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Filled(panels) => panels.outputs().saturating_mul(panels.columns() + 32) / 16,
            Self::Thin(thin) => 4 * thin.squares.len() + thin.rows.values.len() / 8,
            Self::Places { places, .. } => places.len(),
        }
    }

    /// The kernels between some rows of a table of floats and the vector at each place, place by
    /// place, row after row.
    pub(super) fn kernels(
        &self,
        kernel: Kernel,
        table: &Table,
        rows: Range<usize>,
        scratch: &mut Vec<f64>,
        out: &mut [f64],
    ) {
        match self {
            Self::Filled(panels) => {
                let rows = doubles(table, rows, scratch);
                if kernel.is_of_distance() {
                    panels.distances(rows, panels.columns(), out);
                } else {
                    panels.multiply(rows, panels.columns(), out);
                }
                kernel.apply(out);
            }
            Self::Thin(thin) => {
                let width = thin.squares.len().max(1);
                for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
                    if let Data::Sparse(csr) = &table.data {
                        thin.compare(kernel, csr.row(row), out);
                    } else {
                        let values = doubles(table, row..row + 1, scratch).iter().enumerate();
                        let values = values.filter(|(_, value)| **value != 0.0);
                        let row: (Vec<u32>, Vec<f64>) =
                            values.map(|(column, value)| (column as u32, value)).unzip();
                        thin.compare(kernel, (&row.0, &row.1), out);
                    }
                }
                kernel.apply(out);
            }
            Self::Places { columns, places } => {
                let rows = doubles(table, rows, scratch).chunks_exact((*columns).max(1));
                for (row, out) in rows.zip(out.chunks_exact_mut(places.len().max(1))) {
                    for (out, &place) in out.iter_mut().zip(places) {
                        *out = row.get(place).copied().unwrap_or_default();
                    }
                }
            }
        }
    }
}

impl Thin {
    /// The products, or the squared distances, of a row and each vector.
    fn compare(&self, kernel: Kernel, row: (&[u32], &[f64]), out: &mut [f64]) {
        let square: f64 = row.1.iter().map(|v| v * v).sum();
        if let Kernel::Radial { gamma } = kernel {
            // squares less products are off by a few roundings of the squares
            let off = (row.1.len() + 4) as f64 * f64::EPSILON * 2.0 * (square + self.largest);
            if (gamma * off).abs() > 1e-12 || off.is_nan() {
                for (at, out) in out.iter_mut().enumerate() {
                    *out = apart(row, self.rows.row(at));
                }
                return;
            }
        }
        out.fill(0.0);
        for (&column, x) in row.0.iter().zip(row.1) {
            for &(place, y) in self.columns.column(column as usize) {
                if let Some(sum) = out.get_mut(place as usize) {
                    *sum += x * y;
                }
            }
        }
        if kernel.is_of_distance() {
            for (out, other) in out.iter_mut().zip(&self.squares) {
                *out = (square - 2.0 * *out + other).max(0.0);
            }
        }
    }
}

/// The squared distance of two sparse rows, whose columns ascend.
fn apart(a: (&[u32], &[f64]), b: (&[u32], &[f64])) -> f64 {
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
        let apart = x.map_or(0.0, |(_, x)| *x) - y.map_or(0.0, |(_, y)| *y);
        sum += apart * apart;
    }
}

/// A matrix that may be stored sparse, row after row.
pub(super) fn matrix(
    c: Cursor<'_>,
    name: &str,
    rows: usize,
    columns: usize,
) -> Result<Vec<f64>, Error> {
    if c.require(name)?.attr("indptr").is_none() {
        return attributes::numbers_of(c, name, rows * columns);
    }
    let csr = sparse::rows(c, name)?;
    attributes::counted(c, name, csr.starts.len().saturating_sub(1), rows)?;
    attributes::counted(c, name, csr.columns, columns)?;
    sparse::filled(&csr, rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Order, Stored, Vectors};
    use crate::{Csr, Data, Table, sklearn::svm::kernel::Kernel};

    /// The kernels of two rows, dense or sparse, and vectors stored dense, sparse, or sparse among
    /// many empty columns.
    fn kernels(kernel: Kernel, rows: &[Vec<f64>], vectors: &[Vec<f64>], wide: bool) -> Vec<f64> {
        let columns = if wide { 1000 } else { 4 };
        let csr = |rows: &[Vec<f64>]| {
            let mut out = Csr::with_capacity(columns, rows.len(), 4 * rows.len());
            for row in rows {
                for (column, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                    out.indices.push(column as u32);
                    out.values.push(value);
                }
                out.end_row();
            }
            out
        };
        let order = Order::new(&[0..2, 2..vectors.len()]);
        let stored = Stored::Sparse(csr(vectors));
        let vectors = Vectors::new(stored, &order);
        assert_eq!(matches!(vectors, Vectors::Thin(_)), wide);
        let table = Table { rows: rows.len(), names: None, data: Data::Sparse(csr(rows)) };
        let mut out = vec![f64::NAN; rows.len() * order.len()];
        vectors.kernels(kernel, &table, 0..rows.len(), &mut Vec::new(), &mut out);
        out
    }

    proptest! {
        #[test]
        fn vectors_of_every_form_have_the_same_kernels(
            rows in prop::collection::vec(prop::collection::vec(-4i8..5, 4), 1..6),
            vectors in prop::collection::vec(prop::collection::vec(1i8..5, 4), 3..20),
            // far from the origin, products of squares cancel
            offset in prop_oneof![Just(0.0), Just(300.0)],
        ) {
            let numbers = |rows: &[Vec<i8>]| -> Vec<Vec<f64>> {
                rows.iter().map(|row| row.iter().map(|&v| f64::from(v) / 7.0 + offset).collect()).collect()
            };
            let (rows, vectors) = (numbers(&rows), numbers(&vectors));
            for kernel in [Kernel::Linear, Kernel::Radial { gamma: 0.3 }] {
                let filled = kernels(kernel, &rows, &vectors, false);
                let thin = kernels(kernel, &rows, &vectors, true);
                let order = Order::new(&[0..2, 2..vectors.len()]);
                for (at, (a, b)) in filled.iter().zip(&thin).enumerate() {
                    if order.vector(at % order.len()).is_some() {
                        prop_assert!((a - b).abs() <= 1e-10 * a.abs(), "{} {}", a, b);
                    }
                }
            }
        }
    }
}
