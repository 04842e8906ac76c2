//! The `gblinear` booster: a weight for each feature and output.

use std::fmt;

use super::json::{get, malformed};
use crate::{Error, quantity, read::tree_json::Json};

/// A linear model in single precision.
pub(super) struct Linear {
    pub(super) features: usize,
    outputs: usize,
    /// `(features + 1) × outputs`, the biases last.
    weights: Box<[f32]>,
}

impl fmt::Debug for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linear").field("weights", &self.weights.len()).finish_non_exhaustive()
    }
}

impl Linear {
    /// Reads the booster of a learner.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there is not a weight for each feature and output.
    pub(super) fn read(booster: &Json, features: usize, outputs: usize) -> Result<Self, Error> {
        let wrong = |reason: String| malformed("`gradient_booster.model.weights`", reason);
        let weights = get(booster, &["model", "weights"])?.numbers();
        let weights = weights.ok_or_else(|| wrong("is not a list of numbers".into()))?.f32s();
        let needed = features.checked_add(1).and_then(|rows| rows.checked_mul(outputs));
        if Some(weights.len()) != needed {
            return Err(wrong(format!(
                "has {} for {} and {}",
                quantity(weights.len(), "value"),
                quantity(features, "feature"),
                quantity(outputs, "output")
            )));
        }
        Ok(Self { features, outputs, weights: weights.into() })
    }

    /// Adds the products of each row, in the order of the features, to `base` and the bias. What is
    /// missing adds nothing.
    pub(super) fn margins(&self, rows: &[f32], count: usize, base: f32) -> Vec<f32> {
        let (weights, biases) = self.parts();
        let mut sums = Vec::with_capacity(count * self.outputs);
        for index in 0..count {
            let row = self.row(rows, index);
            let start = sums.len();
            sums.extend(biases.iter().map(|bias| bias + base));
            let sums = sums.get_mut(start..).unwrap_or_default();
            for (&x, weights) in row.iter().zip(weights.chunks_exact(self.outputs)) {
                if x.is_nan() {
                    continue;
                }
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += x * weight;
                }
            }
        }
        sums
    }

    /// What each feature adds, rows × outputs × (features + 1), the last value being the bias with
    /// `base`.
    pub(super) fn contributions(&self, rows: &[f32], count: usize, base: f32) -> Vec<f32> {
        let (weights, biases) = self.parts();
        let width = self.features + 1;
        let mut parts = Vec::with_capacity(count * self.outputs * width);
        for index in 0..count {
            let row = self.row(rows, index);
            for (output, bias) in biases.iter().enumerate() {
                let weights = weights.iter().skip(output).step_by(self.outputs);
                let part = |(&x, weight): (&f32, &f32)| if x.is_nan() { 0.0 } else { x * weight };
                parts.extend(row.iter().zip(weights).map(part));
                parts.push(bias + base);
            }
        }
        parts
    }

    fn parts(&self) -> (&[f32], &[f32]) {
        self.weights.split_at(self.features * self.outputs)
    }

    fn row<'a>(&self, rows: &'a [f32], index: usize) -> &'a [f32] {
        let start = index * self.features;
        rows.get(start..start + self.features).unwrap_or_default()
    }
}
