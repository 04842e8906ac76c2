//! From scores to probabilities.

use crate::scores::{sigmoid, sigmoid_f32};

/// One sigmoid per class, divided by their sum; with `uniform`, classes get equal shares when every
/// one has probability zero, as releases from 1.9 on answer.
pub(super) fn one_against_rest(row: &mut [f64], uniform: bool, f32: bool) {
    for v in row.iter_mut() {
        *v = logistic(*v, f32);
    }
    share(row, uniform);
}

/// The logistic function in the width of the answer.
pub(super) fn logistic(x: f64, f32: bool) -> f64 {
    if f32 { f64::from(sigmoid_f32(x as f32)) } else { sigmoid(x) }
}

/// The probabilities that `SGDClassifier` derives from the modified Huber loss.
pub(super) fn modified_huber(row: &mut [f64]) {
    for v in row.iter_mut() {
        *v = f64::midpoint(v.clamp(-1.0, 1.0), 1.0);
    }
    share(row, true);
}

fn share(row: &mut [f64], uniform: bool) {
    let sum: f64 = row.iter().sum();
    if sum == 0.0 && uniform {
        let equal = 1.0 / row.len() as f64;
        row.fill(equal);
        return;
    }
    for v in row.iter_mut() {
        *v /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::modified_huber;

    #[test]
    fn no_confidence_at_all_is_shared_evenly() {
        let mut row = [-3.0, -1.0, -7.0, -2.0];
        modified_huber(&mut row);
        assert_eq!(row, [0.25; 4]);
    }
}
