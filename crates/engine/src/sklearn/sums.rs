//! Sums in the order that speed or a library asks for.

use std::ops::Add;

/// A sum of what `combine` makes of each pair, in four partial sums: the processor adds to all four at once,
/// and the result is closer to the true sum.
pub(super) fn sum<T>(row: &[T], other: &[f64], combine: impl Fn(&T, f64) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, rest) = row.as_chunks::<4>();
    let (other_fours, other_rest) = other.as_chunks::<4>();
    for (xs, ys) in fours.iter().zip(other_fours) {
        for ((sum, x), &y) in sums.iter_mut().zip(xs).zip(ys) {
            *sum += combine(x, y);
        }
    }
    let tail: f64 = rest.iter().zip(other_rest).map(|(x, &y)| combine(x, y)).sum();
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + tail
}

/// numpy's sum of a contiguous row: pairwise, over eight partial sums in blocks of 128.
pub(super) fn pairwise<T: Copy + Default + Add<Output = T>>(values: &[T]) -> T {
    if values.len() > 128 {
        let half = values.len() / 2;
        let (low, high) = values.split_at(half - half % 8);
        return pairwise(low) + pairwise(high);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let Some((first, eights)) = eights.split_first() else {
        return rest.iter().fold(T::default(), |sum, &v| sum + v);
    };
    let mut sums = *first;
    for eight in eights {
        for (sum, &v) in sums.iter_mut().zip(eight) {
            *sum = *sum + v;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, &v| sum + v)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::sum;

    proptest! {
        #[test]
        fn partial_sums_agree_with_the_plain_sum(values in prop::collection::vec(-1e3f64..1e3, 0..40)) {
            let plain: f64 = values.iter().map(|v| v * 0.5).sum();
            let ours = sum(&values, &vec![0.5; values.len()], |&v, w| v * w);
            prop_assert!((plain - ours).abs() <= 1e-9 * plain.abs().max(1.0));
        }
    }
}
