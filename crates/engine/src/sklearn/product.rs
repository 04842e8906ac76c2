//! Rows times a matrix.

use std::ops::Range;

use super::{panels::Panels, rows::doubles};
use crate::{Csr, Data, Table, table::Real};

/// Rows that are multiplied at once.
const GROUP: usize = 32;

/// A matrix that rows are multiplied by, `columns × outputs`.
///
/// Every sum runs over the columns in order, whatever the number of rows, so that a row alone has the
/// bits that it has among others.
#[derive(Debug)]
pub(crate) struct Product(Panels<f64>);

impl Product {
    /// From `columns × outputs` values; `None` when there are not so many.
    #[expect(clippy::needless_pass_by_value, reason = "callers have no more use for the values")]
    pub(crate) fn new(weights: Vec<f64>, columns: usize, outputs: usize) -> Option<Self> {
        let weight = |column: usize, output: usize| weights.get(column * outputs + output).copied();
        let fits = Some(weights.len()) == columns.checked_mul(outputs);
        fits.then(|| Self(Panels::new(columns, outputs, weight)))
    }

    /// From the transposed matrix: `outputs` rows of `columns` values, as `components_` has them;
    /// `None` when there are not so many.
    pub(crate) fn transposed(rows: &[f64], columns: usize, outputs: usize) -> Option<Self> {
        let weight = |column: usize, output: usize| rows.get(output * columns + column).copied();
        let fits = Some(rows.len()) == columns.checked_mul(outputs);
        fits.then(|| Self(Panels::new(columns, outputs, weight)))
    }

    /// Values of a row.
    pub(crate) fn columns(&self) -> usize {
        self.0.columns()
    }

    /// Values of an answer.
    pub(crate) fn outputs(&self) -> usize {
        self.0.outputs()
    }

    /// Adds `value` times the weights of one column to the products of one row.
    pub(crate) fn add(&self, column: usize, value: f64, out: &mut [f64]) {
        self.0.add(column, value, out);
    }

    /// The products of dense rows, `rows × outputs`.
    pub(crate) fn dense<T: Real>(&self, rows: &[T], count: usize) -> Vec<f64> {
        let (columns, outputs, stride) = (self.columns().max(1), self.outputs(), self.0.stride());
        let mut out = vec![0.0; count * outputs];
        let mut sums = vec![0.0; GROUP.min(count) * stride];
        let mut doubles = Vec::with_capacity(GROUP.min(count) * columns);
        let groups = rows.chunks(GROUP * columns).zip(out.chunks_mut((GROUP * outputs).max(1)));
        for (rows, out) in groups {
            doubles.clear();
            doubles.extend(rows.iter().map(|v| v.to_f64()));
            let sums = sums.get_mut(..rows.len() / columns * stride).unwrap_or_default();
            self.0.multiply(&doubles, columns, sums);
            let each = sums.chunks_exact(stride.max(1)).zip(out.chunks_exact_mut(outputs.max(1)));
            for (sums, out) in each {
                out.copy_from_slice(sums.get(..outputs).unwrap_or_default());
            }
        }
        out
    }

    /// The products of sparse rows, `rows × outputs`: what is not stored costs nothing.
    pub(crate) fn sparse(&self, rows: &Csr, count: usize) -> Vec<f64> {
        self.thin(rows, 0..count)
    }

    fn thin(&self, rows: &Csr, range: Range<usize>) -> Vec<f64> {
        let mut out = vec![0.0; range.len() * self.outputs()];
        for (row, out) in range.zip(out.chunks_exact_mut(self.outputs().max(1))) {
            let (columns, values) = rows.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                self.add(column as usize, value, out);
            }
        }
        out
    }

    /// The products of some rows of a table of floats.
    pub(crate) fn of(&self, table: &Table, rows: Range<usize>) -> Vec<f64> {
        match &table.data {
            Data::Sparse(csr) => self.thin(csr, rows),
            _ => self.dense(doubles(table, rows.clone(), &mut Vec::new()), rows.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Product;
    use crate::Csr;

    fn plain(rows: &[f64], weights: &[f64], columns: usize, outputs: usize) -> Vec<f64> {
        let mut out = Vec::new();
        for row in rows.chunks_exact(columns) {
            for output in 0..outputs {
                let mut sum = 0.0;
                for (column, value) in row.iter().enumerate() {
                    sum += value * weights[column * outputs + output];
                }
                out.push(sum);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn every_way_adds_in_the_same_order(
            count in 0usize..7, columns in 1usize..6, outputs in 1usize..20, seed in 0u64..99
        ) {
            let number = |at: usize| ((at as u64 * 2_654_435_761 + seed) % 1000) as f64 / 7.0 - 60.0;
            let rows: Vec<f64> = (0..count * columns).map(number).collect();
            let weights: Vec<f64> = (0..columns * outputs).map(|at| number(at + 31)).collect();
            let expected = plain(&rows, &weights, columns, outputs);
            let product = Product::new(weights.clone(), columns, outputs).unwrap();
            prop_assert_eq!(&product.dense(&rows, count), &expected);
            let mut turned = Vec::new();
            for output in 0..outputs {
                turned.extend((0..columns).map(|column| weights[column * outputs + output]));
            }
            let product = Product::transposed(&turned, columns, outputs).unwrap();
            prop_assert_eq!(&product.dense(&rows, count), &expected);
            let mut sparse = Csr::with_capacity(columns, count, rows.len());
            for row in rows.chunks_exact(columns) {
                sparse.indices.extend(0..columns as u32);
                sparse.values.extend(row);
                sparse.end_row();
            }
            prop_assert_eq!(&product.sparse(&sparse, count), &expected);
        }
    }

    #[test]
    fn a_matrix_has_as_many_values_as_its_shape_says() {
        assert!(Product::new(vec![0.0; 5], 2, 3).is_none());
        assert!(Product::transposed(&[0.0; 5], 2, 3).is_none());
        assert!(Product::new(Vec::new(), usize::MAX, 3).is_none());
    }
}
