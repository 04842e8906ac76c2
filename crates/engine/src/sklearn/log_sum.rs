//! The logarithm of a sum of exponentials, as each release of scipy computes it.

use crate::{attributes::release, read::Cursor};

/// The first release of scikit-learn that came out when scipy 1.15 was there.
const AFTER_SCIPY_1_15: (u32, u32, u32) = (1, 6, 1);

/// How `logsumexp` is computed. Both are the same but for the last digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogSum {
    /// All terms together, shifted by the greatest: scipy up to 1.14.
    Whole,
    /// The greatest terms apart from the others: scipy from 1.15 on, and scikit-learn's own.
    Apart,
}

impl LogSum {
    /// The formula of a model; the file does not name its scipy.
    pub(crate) fn of(estimator: Cursor<'_>) -> Self {
        match release(estimator) {
            Some(release) if release >= AFTER_SCIPY_1_15 => Self::Apart,
            _ => Self::Whole,
        }
    }

    /// Of one row.
    pub(crate) fn of_row(self, row: &[f64]) -> f64 {
        if row.iter().any(|v| v.is_nan()) {
            return f64::NAN;
        }
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shift = if most.is_finite() { most } else { 0.0 };
        match self {
            Self::Whole => row.iter().map(|v| (v - shift).exp()).sum::<f64>().ln() + shift,
            Self::Apart => {
                let count = row.iter().filter(|v| **v == most).count() as f64;
                let rest: f64 = row.iter().filter(|v| **v != most).map(|v| (v - shift).exp()).sum();
                let rest = if rest == 0.0 { rest } else { rest / count };
                rest.ln_1p() + count.ln() + most
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogSum::{Apart, Whole};

    #[test]
    fn both_formulas_are_the_logarithm_of_the_sum() {
        for log_sum in [Whole, Apart] {
            assert!((log_sum.of_row(&[0.0, 0.0, 0.0]) - 3f64.ln()).abs() < 1e-15);
            assert!((log_sum.of_row(&[1.0, 2.0]) - (1f64.exp() + 2f64.exp()).ln()).abs() < 1e-15);
            assert_eq!(log_sum.of_row(&[-1e9, -1e9 - 1e4]), -1e9);
            assert_eq!(log_sum.of_row(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
            assert!(log_sum.of_row(&[0.0, f64::NAN]).is_nan());
        }
    }
}
