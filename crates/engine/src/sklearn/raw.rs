//! From the raw scores of boosted trees to classes and probabilities.

use crate::{
    Labels, Method, Output, OutputData,
    scores::{argmax, sigmoid, softmax},
};

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The logistic function of one score.
    Logistic,
    /// The logistic function of twice the score: the exponential loss.
    Double,
    /// Softmax, shifted by the largest score.
    Softmax,
    /// Softmax by way of the logarithm of its denominator, as older releases compute it.
    LogSoftmax,
}

impl Link {
    /// Probabilities, rows × classes; one score a row means two classes.
    pub(crate) fn probabilities(self, scores: Vec<f64>, outputs: usize) -> Vec<f64> {
        let mut scores = scores;
        match self {
            Self::Logistic | Self::Double => {
                let factor = if self == Self::Double { 2.0 } else { 1.0 };
                let two = |score| {
                    let second = sigmoid(factor * score);
                    [1.0 - second, second]
                };
                scores.into_iter().flat_map(two).collect()
            }
            Self::Softmax => {
                scores.chunks_exact_mut(outputs.max(1)).for_each(softmax);
                scores
            }
            Self::LogSoftmax => {
                scores.chunks_exact_mut(outputs.max(1)).for_each(log_softmax);
                scores
            }
        }
    }
}

/// Scores as `decision_function` gives them: one a row without a second dimension.
pub(crate) fn decisions(scores: Vec<f64>, rows: usize, outputs: usize) -> Output {
    let data = OutputData::F64(scores);
    match outputs {
        1 => Output::flat(data),
        _ => Output::matrix(rows, outputs, data),
    }
}

/// What a boosted classifier makes of its scores.
#[derive(Debug)]
pub(crate) struct Classes {
    pub(crate) labels: Labels,
    pub(crate) link: Link,
    /// Old releases choose by probabilities, in which close scores may be equal.
    pub(crate) by_probability: bool,
    /// A single score of exactly zero means the second class.
    pub(crate) second_at_zero: bool,
}

impl Classes {
    /// Scores of a row: one for two classes.
    pub(crate) fn outputs(&self) -> usize {
        outputs(self.labels.len())
    }

    /// The answer of a classifier's method to rows of these scores.
    pub(crate) fn answer(&self, method: Method, rows: usize, scores: Vec<f64>) -> Output {
        match method {
            Method::Predict => Output::flat(self.labels.take(self.winners(scores).into_iter())),
            Method::DecisionFunction => decisions(scores, rows, self.outputs()),
            _ => {
                let mut probabilities = self.link.probabilities(scores, self.outputs());
                if method == Method::PredictLogProba {
                    for p in &mut probabilities {
                        *p = p.ln();
                    }
                }
                Output::matrix(rows, self.labels.len(), OutputData::F64(probabilities))
            }
        }
    }

    fn winners(&self, scores: Vec<f64>) -> Vec<usize> {
        if self.by_probability {
            let probabilities = self.link.probabilities(scores, self.outputs());
            return probabilities.chunks_exact(self.labels.len()).map(argmax).collect();
        }
        let second = |score: f64| score > 0.0 || self.second_at_zero && score == 0.0;
        match self.outputs() {
            1 => scores.into_iter().map(|score| usize::from(second(score))).collect(),
            outputs => scores.chunks_exact(outputs).map(argmax).collect(),
        }
    }
}

/// Scores of a row for so many classes.
pub(crate) fn outputs(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

fn log_softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|v| (v - most).exp()).sum();
    let whole = sum.ln() + most;
    for v in row {
        *v = (*v - whole).exp();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Link, log_softmax};

    proptest! {
        #[test]
        fn both_ways_to_softmax_agree(row in prop::collection::vec(-30f64..30.0, 1..9)) {
            let plain = Link::Softmax.probabilities(row.clone(), row.len());
            let mut logs = row;
            log_softmax(&mut logs);
            for (a, b) in plain.iter().zip(&logs) {
                prop_assert!((a - b).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn one_score_makes_two_probabilities() {
        assert_eq!(Link::Double.probabilities(vec![0.0, 800.0], 1), [0.5, 0.5, 0.0, 1.0]);
    }
}
