//! Rows times a matrix.

use crate::{Csr, table::Real};

/// A matrix that rows are multiplied by, `columns × outputs`.
///
/// Every sum runs over the columns in order, whatever the number of rows, so that a row alone has the
/// bits that it has among others.
#[derive(Debug)]
pub(crate) struct Product {
    columns: usize,
    outputs: usize,
    weights: Vec<f64>,
}

impl Product {
    /// From `columns × outputs` values; `None` when there are not so many.
    pub(crate) fn new(weights: Vec<f64>, columns: usize, outputs: usize) -> Option<Self> {
        (Some(weights.len()) == columns.checked_mul(outputs)).then_some(Self {
            columns,
            outputs,
            weights,
        })
    }

    /// From the transposed matrix: `outputs` rows of `columns` values, as `components_` has them;
    /// `None` when there are not so many.
    pub(crate) fn transposed(rows: &[f64], columns: usize, outputs: usize) -> Option<Self> {
        if Some(rows.len()) != columns.checked_mul(outputs) {
            return None;
        }
        let mut weights = vec![0.0; rows.len()];
        for (output, row) in rows.chunks_exact(columns.max(1)).enumerate() {
            for (to, &value) in weights.iter_mut().skip(output).step_by(outputs.max(1)).zip(row) {
                *to = value;
            }
        }
        Some(Self { columns, outputs, weights })
    }

    /// Values of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Values of an answer.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The matrix, row-major.
    pub(crate) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The products of dense rows, `rows × outputs`.
    pub(crate) fn dense<T: Real>(&self, rows: &[T], count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count * self.outputs];
        let (width, outputs) = (self.columns.max(1), self.outputs);
        let mut start = 0;
        while start < outputs {
            start += match outputs - start {
                left if left >= 8 => self.tiles::<2, 8, T>(rows, width, start, &mut out),
                left if left >= 4 => self.tiles::<4, 4, T>(rows, width, start, &mut out),
                left if left >= 2 => self.tiles::<4, 2, T>(rows, width, start, &mut out),
                _ => self.tiles::<4, 1, T>(rows, width, start, &mut out),
            };
        }
        out
    }

    /// Fills the outputs from `start` on, `OUTPUTS` of them, `ROWS` rows at a time, so that the sums
    /// stay in registers.
    fn tiles<const ROWS: usize, const OUTPUTS: usize, T: Real>(
        &self,
        rows: &[T],
        width: usize,
        start: usize,
        out: &mut [f64],
    ) -> usize {
        let several = rows.chunks_exact(ROWS * width);
        let left = several.remainder();
        let mut answers = out.chunks_exact_mut(ROWS * self.outputs);
        for (rows, out) in several.zip(answers.by_ref()) {
            self.tile::<ROWS, OUTPUTS, T>(rows, width, start, out);
        }
        let answers = answers.into_remainder().chunks_exact_mut(self.outputs);
        for (row, out) in left.chunks_exact(width).zip(answers) {
            self.tile::<1, OUTPUTS, T>(row, width, start, out);
        }
        OUTPUTS
    }

    fn tile<const ROWS: usize, const OUTPUTS: usize, T: Real>(
        &self,
        rows: &[T],
        width: usize,
        start: usize,
        out: &mut [f64],
    ) {
        let mut sums = [[0.0; OUTPUTS]; ROWS];
        let weights = self.weights.chunks_exact(self.outputs.max(1));
        for (column, weights) in weights.enumerate() {
            let Some(weights) = weights.get(start..).and_then(|w| w.first_chunk::<OUTPUTS>())
            else {
                return;
            };
            for (row, sums) in sums.iter_mut().enumerate() {
                let Some(value) = rows.get(row * width + column) else { return };
                let value = value.to_f64();
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(self.outputs)) {
            if let Some(out) = out.get_mut(start..start + OUTPUTS) {
                out.copy_from_slice(sums);
            }
        }
    }

    /// The products of sparse rows, `rows × outputs`: what is not stored costs nothing.
    pub(crate) fn sparse(&self, rows: &Csr, count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count * self.outputs];
        for (row, out) in out.chunks_exact_mut(self.outputs.max(1)).enumerate() {
            let (columns, values) = rows.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                let start = column as usize * self.outputs;
                let weights = self.weights.get(start..start + self.outputs).unwrap_or_default();
                out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
        }
        out
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
