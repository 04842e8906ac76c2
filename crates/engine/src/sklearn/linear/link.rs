//! From scores to probabilities and means.

/// The logistic function.
pub(crate) fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Softmax of one row, in place: shifted by its largest score first.
pub(crate) fn softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for v in row.iter_mut() {
        *v = (*v - most).exp();
    }
    let sum: f64 = row.iter().sum();
    for v in row.iter_mut() {
        *v /= sum;
    }
}

/// One sigmoid per class, divided by their sum; `uniform` is what versions from 1.9 on answer
/// when every class has probability zero.
pub(super) fn one_against_rest(row: &mut [f64], uniform: bool) {
    for v in row.iter_mut() {
        *v = expit(*v);
    }
    share(row, uniform);
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
    use super::{modified_huber, softmax};

    #[test]
    fn softmax_survives_large_scores() {
        let mut row = [1e6, 1e6, -1e6];
        softmax(&mut row);
        assert_eq!(row, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn no_confidence_at_all_is_shared_evenly() {
        let mut row = [-3.0, -1.0, -7.0, -2.0];
        modified_huber(&mut row);
        assert_eq!(row, [0.25; 4]);
    }
}
