//! Support vector machines as libsvm answers: a kernel between a row and each support vector, a sum
//! for each pair of classes, a vote.

use std::{iter, ops::Range};

use crate::{
    Data, Error, Inputs, Table, attributes,
    read::Cursor,
    sklearn::check::{self, Allow},
};

mod classifier;
mod coupling;
mod kernel;
mod regressor;
mod vectors;

pub(crate) use classifier::SupportVectorClassifier;
pub(crate) use regressor::{OutlierDetector, SupportVectorRegressor};

use kernel::Kernel;
use vectors::Vectors;

/// Support vectors with their weights.
#[derive(Debug)]
pub(crate) struct Machine {
    class: String,
    inputs: Inputs,
    kernel: Kernel,
    vectors: Vectors,
    /// The support vectors of each class, in the order of the classes; all of them without classes.
    parts: Vec<Range<usize>>,
    /// `max(1, classes − 1) × vectors`.
    weights: Vec<f64>,
    /// One for each pair of classes, or one.
    intercepts: Vec<f64>,
}

impl Machine {
    /// Reads the fitted state; `classes` is 1 for what is no classifier.
    fn read(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        let kernel = Kernel::read(c)?;
        let vectors = Vectors::read(c, kernel)?;
        let pairs = if classes == 1 { 1 } else { classes * (classes - 1) / 2 };
        // public attributes of two classes have the other sign
        let intercepts = attributes::numbers_of(c, "_intercept_", pairs)?;
        let total = vectors.count();
        let parts = match classes {
            1 => iter::once(0..total).collect(),
            _ => parts(c, classes, total)?,
        };
        let rows = (classes - 1).max(1);
        let weights = vectors::filled(c, "_dual_coef_", rows, total)?;
        let width = vectors.width();
        let inputs = attributes::inputs(c, Some(width));
        if let Some(columns) = inputs.columns.filter(|&columns| columns != width) {
            attributes::counted(c, vectors.name(), width, columns)?;
        }
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, kernel, vectors, parts, weights, intercepts })
    }

    /// What `answer` makes of the decision of each row: a number for each pair of classes, positive
    /// for the first of the two, or one number.
    fn decide(&self, table: &Table, mut answer: impl FnMut(&[f64])) -> Result<(), Error> {
        check::width(table, Some(self.vectors.width()), &self.class)?;
        let floats;
        let table = match &table.data {
            Data::F64(_) | Data::F32(_) | Data::Sparse(_) => table,
            _ => {
                floats = check::floats(table.clone())?;
                &floats
            }
        };
        check::finite(&table.data, Allow::Finite, &self.class)?;
        let mut kernels = vec![0.0; self.vectors.count()];
        let mut decision = vec![0.0; self.intercepts.len()];
        let mut rows = vectors::Rows::of(table, &self.vectors, &self.class)?;
        while let Some(row) = rows.next() {
            self.vectors.kernels(self.kernel, row, &mut kernels);
            self.sums(&kernels, &mut decision);
            answer(&decision);
        }
        Ok(())
    }

    fn sums(&self, kernels: &[f64], decision: &mut [f64]) {
        let total = kernels.len();
        let weighted = |row: usize, part: &Range<usize>| -> f64 {
            let weights = self.weights.get(row * total + part.start..row * total + part.end);
            let kernels = kernels.get(part.clone()).unwrap_or_default();
            weights
                .unwrap_or_default()
                .iter()
                .zip(kernels)
                .map(|(weight, value)| weight * value)
                .sum()
        };
        let mut out = decision.iter_mut().zip(&self.intercepts);
        if let [all] = &self.parts[..] {
            out.for_each(|(out, intercept)| *out = weighted(0, all) + intercept);
            return;
        }
        for (i, first) in self.parts.iter().enumerate() {
            for (j, second) in self.parts.iter().enumerate().skip(i + 1) {
                if let Some((out, intercept)) = out.next() {
                    *out = weighted(j - 1, first) + weighted(i, second) + intercept;
                }
            }
        }
    }
}

/// Which support vectors are of which class.
fn parts(c: Cursor<'_>, classes: usize, total: usize) -> Result<Vec<Range<usize>>, Error> {
    let name = if c.attr("_n_support").is_some() { "_n_support" } else { "n_support_" };
    let counts = attributes::numbers_of(c, name, classes)?;
    let mut end = 0_usize;
    let parts = counts.into_iter().map(|count| {
        let start = end;
        end = end.saturating_add(count as usize);
        start..end
    });
    let parts = parts.collect();
    attributes::counted(c, name, end, total)?;
    Ok(parts)
}
