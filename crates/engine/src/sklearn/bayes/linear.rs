use super::{by_class, turned};
use crate::{Csr, Error, Scalar, attributes, read::Cursor, sklearn::sums::pairwise, table::Real};

/// A likelihood that is a dot product for each class.
#[derive(Debug)]
pub(super) struct Linear {
    columns: usize,
    classes: usize,
    /// Columns × classes.
    weights: Vec<f64>,
    /// One for each class.
    constants: Vec<f64>,
    /// Values above it count as one, others as zero.
    threshold: Option<f64>,
}

impl Linear {
    pub(super) fn multinomial(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        let constants = attributes::numbers_of(c, "class_log_prior_", classes)?;
        Self::with(c, classes, constants)
    }

    /// The prior counts only when there is one class.
    pub(super) fn complement(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        match attributes::labels(c, "classes_")?.len() {
            1 => Self::multinomial(c, classes),
            _ => Self::with(c, classes, vec![0.0; classes]),
        }
    }

    /// What a row lacks counts too: Σ log(1 − p) over all columns, and for each one that it has
    /// log p − log(1 − p).
    pub(super) fn bernoulli(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        let (columns, mut logs) = by_class(c, FEATURES, classes)?;
        let priors = attributes::numbers_of(c, "class_log_prior_", classes)?;
        let mut constants = Vec::with_capacity(classes);
        for (row, prior) in logs.chunks_exact_mut(columns).zip(priors) {
            let absent: Vec<_> = row.iter().map(|log| (1.0 - log.exp()).ln()).collect();
            row.iter_mut().zip(&absent).for_each(|(log, absent)| *log -= absent);
            constants.push(prior + pairwise(&absent));
        }
        let threshold = match c.attr("binarize") {
            Some(value) if value.is_none() => None,
            None => Some(0.0),
            Some(value) => Some(value.as_f64().ok_or_else(|| {
                let reason = format!("holds {}, where a number is expected", value.describe());
                Error::attribute(c.class_name(), "binarize", reason)
            })?),
        };
        let weights = turned(&logs, columns);
        Ok(Self { columns, classes, weights, constants, threshold })
    }

    fn with(c: Cursor<'_>, classes: usize, constants: Vec<f64>) -> Result<Self, Error> {
        let (columns, logs) = by_class(c, FEATURES, classes)?;
        let weights = turned(&logs, columns);
        Ok(Self { columns, classes, weights, constants, threshold: None })
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn dense<T: Real>(&self, rows: &[T], joint: &mut [f64]) {
        // the library compares in the type of the rows
        let threshold = self.threshold.map(|it| T::from_f64(it));
        let rows = rows.chunks_exact(self.columns);
        for (row, joint) in rows.zip(joint.chunks_exact_mut(self.classes)) {
            for (&value, weights) in row.iter().zip(self.weights.chunks_exact(self.classes)) {
                let value = match threshold {
                    Some(threshold) => f64::from(u8::from(value > threshold)),
                    None => value.to_f64(),
                };
                joint.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            joint.iter_mut().zip(&self.constants).for_each(|(sum, constant)| *sum += constant);
        }
    }

    /// # Errors
    /// A threshold below zero: what sparse rows do not store would be ones.
    pub(super) fn sparse(&self, csr: &Csr, joint: &mut [f64]) -> Result<(), Error> {
        let threshold = match (self.threshold, csr.scalar) {
            (Some(threshold), _) if threshold < 0.0 => {
                return Err(Error::input(format!(
                    "the rows are sparse, and `BernoulliNB.binarize` is {threshold}: with a \
                     threshold below zero the rows must be dense"
                )));
            }
            (threshold, Scalar::F32) => threshold.map(|it| f64::from(it as f32)),
            (threshold, _) => threshold,
        };
        for (row, joint) in joint.chunks_exact_mut(self.classes).enumerate() {
            let (columns, values) = csr.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                let value = match threshold {
                    Some(threshold) if value > threshold => 1.0,
                    Some(_) => continue,
                    None => value,
                };
                let start = column as usize * self.classes;
                let weights = self.weights.get(start..start + self.classes).unwrap_or_default();
                joint.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            joint.iter_mut().zip(&self.constants).for_each(|(sum, constant)| *sum += constant);
        }
        Ok(())
    }
}

const FEATURES: &str = "feature_log_prob_";
