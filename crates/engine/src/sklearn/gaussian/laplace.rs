//! The classifier of two classes inside a Gaussian process classifier (Rasmussen and Williams 2006,
//! algorithm 3.2).

use super::{
    kernel::Kernel,
    leaf::Training,
    object,
    regressor::{narrow, training},
};
use crate::{
    Error, attributes,
    processor::{self, Work},
    read::Cursor,
    sklearn::weighted::Weighted,
};

/// The logistic function is about Σ wᵢ erf(λᵢ x): each λ with its w, as the library has them
/// (Williams and Barber 1998, "Bayesian classification with Gaussian processes", appendix A).
const STEPS: [(f64, f64); 5] = [
    (0.41, -1_854.821_415_1),
    (0.4, 3_516.898_936_46),
    (0.37, 221.293_467_12),
    (0.44, 128.123_238_05),
    (0.39, -2_010.494_226_54),
];

/// Rows whose systems of equations are solved side by side, of few rows and of many.
const FEW: usize = 8;
const MANY: usize = 32;

/// A classifier of two classes.
#[derive(Debug)]
pub(super) struct Laplace {
    kernel: Kernel,
    /// For each row of training, how far its probability is from its class.
    slopes: Weighted,
    /// For each row of training, the square root of the curvature of its likelihood.
    roots: Vec<f64>,
    /// The lower triangle, row after row: 1, 2, 3, … values.
    triangle: Vec<f64>,
}

impl Laplace {
    /// Reads the fitted state; `release` is the estimator that knows its release.
    pub(super) fn read(c: Cursor<'_>, release: Cursor<'_>, columns: usize) -> Result<Self, Error> {
        let rows = training(c, columns)?;
        let known =
            Training { rows: &rows.values, columns, f32: rows.yields_f32, narrow: narrow(release) };
        let kernel = Kernel::read(object(c, "kernel_")?, known).map_err(|it| it.at("kernel_"))?;
        let count = kernel.count();
        let targets = attributes::numbers_of(c, "y_train_", count)?;
        let shares = attributes::numbers_of(c, "pi_", count)?;
        let slope = |_, row: usize| Some(targets.get(row)? - shares.get(row)?);
        let slopes = Weighted::new(1, count, slope);
        let roots = attributes::numbers_of(c, "W_sr_", count)?;
        let whole = attributes::grid(c, "L_")?;
        attributes::counted(c, "L_", whole.values.len(), count * count)?;
        let lines = whole.values.chunks_exact(count.max(1)).enumerate();
        let triangle = lines.flat_map(|(at, line)| line.iter().take(at + 1).copied()).collect();
        Ok(Self { kernel, slopes, roots, triangle })
    }

    /// The mean of the latent function at each row, which is positive for the second class.
    pub(super) fn means(&self, rows: &[f64], f32: bool) -> Vec<f64> {
        let cost = self.kernel.count() / 8;
        self.kernel.answers(rows, f32, (1, cost), |_, kernels, out| self.mean(kernels, out))
    }

    fn mean(&self, kernels: &[f64], out: &mut [f64]) {
        self.slopes.sums(kernels, std::slice::from_ref(&self.slopes.blocks()), out);
    }

    /// The probability of the second class of each row.
    pub(super) fn probabilities(&self, rows: &[f64], f32: bool) -> Vec<f64> {
        let cost = 200 + self.triangle.len() / 8;
        self.kernel.answers(rows, f32, (1, cost), |rows, kernels, out| {
            self.mean(kernels, out);
            if out.len() <= FEW {
                self.expected::<FEW>(rows, kernels, out);
            } else {
                self.expected::<MANY>(rows, kernels, out);
            }
        })
    }

    /// Turns the means of rows into probabilities, `N` rows at a time.
    fn expected<const N: usize>(&self, rows: &[f64], kernels: &[f64], out: &mut [f64]) {
        let (width, stride) = (rows.len() / out.len().max(1), self.kernel.stride());
        let mut lanes = vec![[0.0; N]; self.kernel.count()];
        let groups = rows.chunks(N * width.max(1)).zip(kernels.chunks(N * stride));
        for ((rows, kernels), out) in groups.zip(out.chunks_mut(N)) {
            for (place, kernels) in kernels.chunks_exact(stride).enumerate() {
                for ((lanes, value), root) in lanes.iter_mut().zip(kernels).zip(&self.roots) {
                    if let Some(lane) = lanes.get_mut(place) {
                        *lane = root * value;
                    }
                }
            }
            let explained = processor::run(Solved { triangle: &self.triangle, lanes: &mut lanes });
            let each = rows.chunks_exact(width.max(1)).zip(out);
            for ((row, out), explained) in each.zip(explained) {
                *out = expected(*out, self.kernel.own(row) - explained);
            }
        }
    }
}

/// The squared length of the solution of the lower triangle for each lane, which is solved in
/// place.
struct Solved<'s, const N: usize> {
    triangle: &'s [f64],
    lanes: &'s mut [[f64; N]],
}

impl<const N: usize> Work for Solved<'_, N> {
    type Out = [f64; N];

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(self) -> [f64; N] {
        let mut lengths = [0.0; N];
        let mut start = 0;
        for at in 0..self.lanes.len() {
            let line = self.triangle.get(start..start + at + 1).unwrap_or_default();
            start += at + 1;
            let (solved, rest) = self.lanes.split_at_mut(at);
            let (Some(own), Some((diagonal, line))) = (rest.first_mut(), line.split_last()) else {
                break;
            };
            let mut left = *own;
            for (weight, solved) in line.iter().zip(solved) {
                for (left, solved) in left.iter_mut().zip(solved) {
                    *left -= weight * *solved;
                }
            }
            for ((own, left), length) in own.iter_mut().zip(left).zip(&mut lengths) {
                *own = left / diagonal;
                *length += *own * *own;
            }
        }
        lengths
    }
}

/// The mean of the logistic function over a normal distribution.
fn expected(mean: f64, variance: f64) -> f64 {
    use std::f64::consts::PI;
    let alpha = 1.0 / (2.0 * variance);
    let (mut whole, mut weights) = (0.0, 0.0);
    for (lambda, weight) in STEPS {
        let gamma = lambda * mean;
        let integral = (PI / alpha).sqrt()
            * libm::erf(gamma * (alpha / (alpha + lambda * lambda)).sqrt())
            / (2.0 * (variance * 2.0 * PI).sqrt());
        whole += weight * integral;
        weights += weight;
    }
    whole + 0.5 * weights
}

#[cfg(test)]
mod tests {
    use super::expected;

    #[test]
    fn an_even_chance_stays_one_and_doubt_draws_others_to_it() {
        assert!((expected(0.0, 1.0) - 0.5).abs() < 1e-6);
        assert!((expected(2.0, 1e-9) - 1.0 / (1.0 + (-2_f64).exp())).abs() < 1e-3);
        assert!(expected(2.0, 4.0) < expected(2.0, 1.0));
    }
}
