//! Probabilities of libsvm: a sigmoid for each pair of classes (Platt 1999), joined by the second
//! method of Wu, Lin and Weng (2004), "Probability estimates for multi-class classification by
//! pairwise coupling".

/// No pair is surer than this.
const LEAST: f64 = 1e-7;

/// The probability of the first of two classes, from its decision and the sigmoid's two parameters.
pub(super) fn platt(decision: f64, a: f64, b: f64) -> f64 {
    let exponent = decision * a + b;
    let probability = if exponent >= 0.0 {
        (-exponent).exp() / (1.0 + (-exponent).exp())
    } else {
        1.0 / (1.0 + exponent.exp())
    };
    probability.clamp(LEAST, 1.0 - LEAST)
}

/// Joins the probabilities of pairs: `pairs[i × classes + j]` is that of `i` against `j`.
///
/// They minimise Σ (rⱼᵢ pᵢ − rᵢⱼ pⱼ)² over all pairs, found one coordinate after another.
pub(super) fn coupled(pairs: &[f64], classes: usize) -> Vec<f64> {
    let r = |i: usize, j: usize| pairs.get(i * classes + j).copied().unwrap_or_default();
    let mut matrix = vec![0.0; classes * classes];
    for i in 0..classes {
        for j in 0..classes {
            let value = if i == j {
                (0..classes).filter(|&k| k != i).map(|k| r(k, i) * r(k, i)).sum()
            } else {
                -r(j, i) * r(i, j)
            };
            if let Some(cell) = matrix.get_mut(i * classes + j) {
                *cell = value;
            }
        }
    }
    let mut shares = vec![1.0 / classes as f64; classes];
    let tolerance = 0.005 / classes as f64;
    for _ in 0..classes.max(100) {
        let mut products: Vec<f64> = matrix
            .chunks_exact(classes)
            .map(|row| row.iter().zip(&shares).map(|(q, p)| q * p).sum())
            .collect();
        let mut whole: f64 = shares.iter().zip(&products).map(|(p, product)| p * product).sum();
        let error = products.iter().map(|product| (product - whole).abs()).fold(0.0, f64::max);
        if error < tolerance {
            break;
        }
        for (t, row) in matrix.chunks_exact(classes).enumerate() {
            let (Some(&own), Some(&product)) = (row.get(t), products.get(t)) else { continue };
            let step = (whole - product) / own;
            if let Some(share) = shares.get_mut(t) {
                *share += step;
            }
            whole = (whole + step * (step * own + 2.0 * product)) / (1.0 + step) / (1.0 + step);
            for ((product, share), q) in products.iter_mut().zip(&mut shares).zip(row) {
                *product = (*product + step * q) / (1.0 + step);
                *share /= 1.0 + step;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{coupled, platt};

    #[test]
    fn a_sigmoid_falls_and_stays_within_its_bounds() {
        assert_eq!(platt(0.0, -1.0, 0.0), 0.5);
        assert_eq!(platt(-1e9, -1.0, 0.0), 1e-7);
        assert_eq!(platt(1e9, -1.0, 0.0), 1.0 - 1e-7);
    }

    proptest! {
        #[test]
        fn pairs_that_agree_are_joined_to_what_they_agree_on(weights in prop::collection::vec(0.05f64..1.0, 2..6)) {
            let count = weights.len();
            let total: f64 = weights.iter().sum();
            let mut pairs = vec![0.0; count * count];
            for i in 0..count {
                for j in 0..count {
                    if i != j {
                        pairs[i * count + j] = weights[i] / (weights[i] + weights[j]);
                    }
                }
            }
            let shares = coupled(&pairs, count);
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!((share - weight / total).abs() < 0.05, "{shares:?} {weights:?}");
            }
        }
    }
}
