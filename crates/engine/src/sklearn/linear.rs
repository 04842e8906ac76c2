//! Linear models: one dot product per output, then a link or a vote.

use std::convert::identity;

use crate::{
    Csr, Data, Error, Inputs, Scalar, Table,
    attributes::{self, Grid},
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        sparse,
        sums::sum,
    },
};

mod classifier;
mod link;
mod outlier;
mod regressor;

pub(crate) use classifier::LinearClassifier;
pub(crate) use outlier::LinearOutlierDetector;
pub(crate) use regressor::LinearRegressor;

/// Coefficients and intercepts.
#[derive(Debug)]
pub(crate) struct Weights {
    class: String,
    inputs: Inputs,
    columns: usize,
    outputs: usize,
    /// `columns × outputs`: the coefficients of one column lie together, so that dense and sparse
    /// rows both read them in order.
    coefficients: Vec<f64>,
    /// One for each output.
    intercepts: Vec<f64>,
    /// True when the products of rows of floats are floats.
    float_products: bool,
    /// True when rows of floats are answered in floats: intercepts may widen the products.
    yields_f32: bool,
    /// True when `coef_` has two dimensions.
    pub(crate) two_dimensional: bool,
}

/// Scores of all rows, `rows × outputs`.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) values: Vec<f64>,
    /// True when the library would answer in floats; the values are rounded to floats then.
    pub(crate) f32: bool,
}

impl Weights {
    /// Reads `coef_` and `intercept_`.
    pub(crate) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let intercept = attributes::grid(c, "intercept_")?;
        Self::with(c, intercept.values, intercept.yields_f32)
    }

    /// Reads `coef_` alone; `yields_f32` tells whether what stands for an intercept keeps floats.
    pub(crate) fn without_intercept(c: Cursor<'_>, yields_f32: bool) -> Result<Self, Error> {
        Self::with(c, vec![0.0], yields_f32)
    }

    fn with(c: Cursor<'_>, intercepts: Vec<f64>, yields_f32: bool) -> Result<Self, Error> {
        let coef = coefficients(c)?;
        let (outputs, columns) = match coef.shape[..] {
            [columns] => (1, columns),
            [outputs, columns] => (outputs, columns),
            // a model without features is fitted to one number
            [] => (1, 1),
            _ => {
                return Err(Error::attribute(
                    c.class_name(),
                    "coef_",
                    format!("has {} dimensions instead of one or two", coef.shape.len()),
                ));
            }
        };
        attributes::counted(c, "coef_", coef.values.len(), outputs * columns)?;
        if outputs == 0 {
            return Err(Error::attribute(c.class_name(), "coef_", "has no row"));
        }
        let intercepts = if intercepts.len() == outputs {
            intercepts
        } else if let &[one] = &intercepts[..] {
            vec![one; outputs]
        } else {
            attributes::counted(c, "intercept_", intercepts.len(), outputs)?;
            Vec::new()
        };
        let inputs = attributes::inputs(c, Some(columns));
        if inputs.columns != Some(columns) {
            let expected = inputs.columns.unwrap_or_default();
            attributes::counted(c, "coef_", columns, expected)?;
        }
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            columns,
            outputs,
            coefficients: transposed(&coef.values, outputs, columns),
            intercepts,
            float_products: coef.yields_f32,
            yields_f32: coef.yields_f32 && yields_f32,
            two_dimensional: coef.shape.len() == 2,
        })
    }

    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The scores of every row.
    pub(crate) fn scores(&self, table: &Table) -> Result<Scores, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        check::finite(&table.data, Allow::Finite, &self.class)?;
        let mut values = vec![0.0; table.rows * self.outputs];
        let mut f32 = false;
        match &table.data {
            Data::F64(m) => self.dense(&m.values, |&v| v, identity, &mut values),
            Data::F32(m) => {
                f32 = self.yields_f32;
                let number = |&v: &f32| f64::from(v);
                if self.float_products && !f32 {
                    let rounded = |product| f64::from(product as f32);
                    self.dense(&m.values, number, rounded, &mut values);
                } else {
                    self.dense(&m.values, number, identity, &mut values);
                }
            }
            Data::I64(m) => self.dense(&m.values, |&v| v as f64, identity, &mut values),
            Data::Sparse(csr) => self.sparse(csr, &mut values),
            Data::Columns(_) | Data::Documents(_) => {
                let table = check::floats(table.clone())?;
                check::finite(&table.data, Allow::Finite, &self.class)?;
                return self.scores(&table);
            }
        }
        if f32 {
            for v in &mut values {
                *v = f64::from(*v as f32);
            }
        }
        Ok(Scores { values, f32 })
    }

    /// Scores of dense rows; `product` is what becomes of a dot product before its intercept.
    fn dense<T>(
        &self,
        rows: &[T],
        number: impl Fn(&T) -> f64,
        product: impl Fn(f64) -> f64,
        out: &mut [f64],
    ) {
        let width = self.columns.max(1);
        if let &[intercept] = &self.intercepts[..] {
            for (row, out) in rows.chunks_exact(width).zip(out) {
                *out = product(sum(row, &self.coefficients, |v, w| number(v) * w)) + intercept;
            }
            return;
        }
        match self.outputs {
            2 => return self.few::<2, T>(rows, number, product, out),
            3 => return self.few::<3, T>(rows, number, product, out),
            4 => return self.few::<4, T>(rows, number, product, out),
            _ => {}
        }
        for (row, out) in rows.chunks_exact(width).zip(out.chunks_exact_mut(self.outputs)) {
            for (value, weights) in row.iter().zip(self.coefficients.chunks_exact(self.outputs)) {
                let value = number(value);
                out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            out.iter_mut().zip(&self.intercepts).for_each(|(sum, add)| *sum = product(*sum) + add);
        }
    }

    /// Does what `dense` does, addition by addition, for so few outputs that their sums stay in
    /// registers.
    fn few<const OUTPUTS: usize, T>(
        &self,
        rows: &[T],
        number: impl Fn(&T) -> f64,
        product: impl Fn(f64) -> f64,
        out: &mut [f64],
    ) {
        let (weights, _) = self.coefficients.as_chunks::<OUTPUTS>();
        let outs = out.chunks_exact_mut(OUTPUTS);
        for (row, out) in rows.chunks_exact(self.columns.max(1)).zip(outs) {
            let mut sums = [0.0; OUTPUTS];
            for (value, weights) in row.iter().zip(weights) {
                let value = number(value);
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            for ((out, sum), add) in out.iter_mut().zip(sums).zip(&self.intercepts) {
                *out = product(sum) + add;
            }
        }
    }

    fn sparse(&self, csr: &Csr, out: &mut [f64]) {
        for (row, out) in out.chunks_exact_mut(self.outputs.max(1)).enumerate() {
            let (indices, values) = csr.row(row);
            for (&column, &value) in indices.iter().zip(values) {
                let start = column as usize * self.outputs;
                let weights = self.coefficients.get(start..start + self.outputs);
                let weights = weights.unwrap_or_default();
                out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            out.iter_mut().zip(&self.intercepts).for_each(|(sum, add)| *sum += add);
        }
    }
}

/// `coef_`, which `sparsify()` makes sparse.
fn coefficients(c: Cursor<'_>) -> Result<Grid, Error> {
    if c.require("coef_")?.attr("indptr").is_none() {
        return attributes::grid(c, "coef_");
    }
    let csr = sparse::rows(c, "coef_")?;
    let rows = csr.starts.len().saturating_sub(1);
    let yields_f32 = csr.scalar == Scalar::F32;
    Ok(Grid { shape: vec![rows, csr.columns], values: sparse::filled(&csr, rows)?, yields_f32 })
}

fn transposed(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    if rows == 1 {
        return values.to_vec();
    }
    let mut out = vec![0.0; values.len()];
    for (row, from) in values.chunks_exact(columns.max(1)).enumerate() {
        for (to, &value) in out.iter_mut().skip(row).step_by(rows).zip(from) {
            *to = value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::transposed;

    proptest! {
        #[test]
        fn transposing_twice_changes_nothing(rows in 1usize..6, columns in 1usize..6) {
            let values: Vec<f64> = (0..rows * columns).map(|v| v as f64).collect();
            let there = transposed(&values, rows, columns);
            prop_assert_eq!(transposed(&there, columns, rows), values);
        }
    }
}
