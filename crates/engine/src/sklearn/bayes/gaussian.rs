use std::f64::consts::PI;

use super::by_class;
use crate::{Error, attributes, read::Cursor, sklearn::sums::pairwise, table::Real};

/// A normal distribution for each class and column.
#[derive(Debug)]
pub(super) struct Gaussian {
    columns: usize,
    /// Classes × columns.
    means: Vec<f64>,
    /// Classes × columns.
    variances: Vec<f64>,
    /// What each class has before the rows are looked at: the logarithm of its prior, and that of
    /// its normalisation.
    constants: Vec<(f64, f64)>,
}

impl Gaussian {
    pub(super) fn read(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        // `sigma_` up to 0.24
        let name = if c.attr("var_").is_some() { "var_" } else { "sigma_" };
        let (columns, variances) = by_class(c, name, classes)?;
        let means = attributes::numbers_of(c, "theta_", classes * columns)?;
        let priors = attributes::numbers_of(c, "class_prior_", classes)?;
        let constant = |(prior, variances): (&f64, &[f64])| {
            let logs: Vec<_> = variances.iter().map(|v| (2.0 * PI * v).ln()).collect();
            (prior.ln(), -0.5 * pairwise(&logs))
        };
        let constants = priors.iter().zip(variances.chunks_exact(columns)).map(constant).collect();
        Ok(Self { columns, means, variances, constants })
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn rows<T: Real>(&self, rows: &[T], joint: &mut [f64]) {
        let mut terms = vec![0.0; self.columns];
        let rows = rows.chunks_exact(self.columns);
        for (row, joint) in rows.zip(joint.chunks_exact_mut(self.constants.len())) {
            let means = self.means.chunks_exact(self.columns);
            let classes = means.zip(self.variances.chunks_exact(self.columns));
            for ((out, &(prior, constant)), (means, variances)) in
                joint.iter_mut().zip(&self.constants).zip(classes)
            {
                for (((term, x), mean), variance) in
                    terms.iter_mut().zip(row).zip(means).zip(variances)
                {
                    let apart = x.to_f64() - mean;
                    *term = apart * apart / variance;
                }
                *out = prior + (constant - 0.5 * pairwise(&terms));
            }
        }
    }
}
