//! Support vector machines as libsvm answers: a kernel between a row and each support vector, a sum
//! for each pair of classes, a vote.

use crate::{
    Error, Inputs, Table, attributes,
    read::{Cursor, Kind},
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
    /// How many support vectors each class has; they lie in the order of the classes. One number
    /// without classes.
    counts: Vec<usize>,
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
        let counts = if classes == 1 {
            vec![total]
        } else {
            let name = if c.attr("_n_support").is_some() { "_n_support" } else { "n_support_" };
            let counts = attributes::numbers_of(c, name, classes)?;
            let counts: Vec<_> = counts.into_iter().map(|count| count as usize).collect();
            attributes::counted(
                c,
                name,
                counts.iter().fold(0, |sum, &it| sum.saturating_add(it)),
                total,
            )?;
            counts
        };
        let rows = (classes - 1).max(1);
        let weights = vectors::filled(c, "_dual_coef_", rows, total)?;
        let width = vectors.width();
        let inputs = attributes::inputs(c, Some(width));
        if let Some(columns) = inputs.columns.filter(|&columns| columns != width) {
            attributes::counted(c, vectors.name(), width, columns)?;
        }
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, kernel, vectors, counts, weights, intercepts })
    }

    /// What `answer` makes of the decision of each row: a number for each pair of classes, positive
    /// for the first of the two, or one number.
    fn decide(&self, table: &Table, mut answer: impl FnMut(&[f64])) -> Result<(), Error> {
        let table =
            check::numeric(table.clone(), Some(self.vectors.width()), Allow::Finite, &self.class)?;
        let mut kernels = vec![0.0; self.vectors.count()];
        let mut decision = vec![0.0; self.intercepts.len()];
        let mut rows = vectors::Rows::of(&table, &self.vectors, &self.class)?;
        while let Some(row) = rows.next() {
            self.vectors.kernels(self.kernel, row, &mut kernels);
            self.sums(&kernels, &mut decision);
            answer(&decision);
        }
        Ok(())
    }

    fn sums(&self, kernels: &[f64], decision: &mut [f64]) {
        let total = kernels.len();
        let weights =
            |row: usize| self.weights.get(row * total..(row + 1) * total).unwrap_or_default();
        if let &[_] = &self.counts[..] {
            let sum: f64 =
                weights(0).iter().zip(kernels).map(|(weight, value)| weight * value).sum();
            decision.fill(sum + self.intercepts.first().copied().unwrap_or_default());
            return;
        }
        let mut starts = Vec::with_capacity(self.counts.len());
        let mut start = 0;
        for &count in &self.counts {
            starts.push(start..start + count);
            start += count;
        }
        let mut out = decision.iter_mut().zip(&self.intercepts);
        for (i, first) in starts.iter().enumerate() {
            for (j, second) in starts.iter().enumerate().skip(i + 1) {
                let part = |row: usize, of: &std::ops::Range<usize>| -> f64 {
                    let weights = weights(row).get(of.clone()).unwrap_or_default();
                    let kernels = kernels.get(of.clone()).unwrap_or_default();
                    weights.iter().zip(kernels).map(|(weight, value)| weight * value).sum()
                };
                if let Some((out, intercept)) = out.next() {
                    *out = part(j - 1, first) + part(i, second) + intercept;
                }
            }
        }
    }
}

/// Refuses a kernel that is a function: the code of one is never executed.
fn refuse_function(c: Cursor<'_>, kernel: Cursor<'_>) -> Option<Error> {
    (!matches!(kernel.kind(), Kind::Text(_))).then(|| Error::Unsupported {
        what: format!("`{}.kernel`, {},", c.class_name(), kernel.describe()),
        reason: "a kernel of one's own is code, which is never executed".into(),
        hint: "Use `linear`, `poly`, `rbf` or `sigmoid`, or `precomputed` with the kernel's values as rows"
            .into(),
    })
}
