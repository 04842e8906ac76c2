//! From scores to probabilities and means.

/// The logistic function.
pub(crate) fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The logistic function in floats: each step is rounded, as in the library.
pub(crate) fn expit_f32(x: f32) -> f32 {
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
pub(super) fn one_against_rest(row: &mut [f64], uniform: bool, f32: bool) {
    for v in row.iter_mut() {
        *v = logistic(*v, f32);
    }
    share(row, uniform);
}

/// The logistic function in the width of the answer.
pub(super) fn logistic(x: f64, f32: bool) -> f64 {
    if f32 { f64::from(expit_f32(x as f32)) } else { expit(x) }
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
    use super::{expit_f32, modified_huber, softmax};

    #[test]
    fn floats_have_the_bits_of_scipy() {
        let known: [(f32, u32); 5] = [
            (-20.0, 0x310d_a433),
            (-0.7, 0x3ea9_e34b),
            (0.1, 0x3f06_6509),
            (9.7, 0x3f7f_fbfc),
            (90.0, 0x3f80_0000),
        ];
        for (x, bits) in known {
            assert_eq!(expit_f32(x).to_bits(), bits, "{x}");
        }
    }

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
