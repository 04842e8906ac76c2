//! From scores to classes and probabilities: functions that several libraries share, each in the width
//! in which they compute it.

use crate::{Error, table::Real};

/// The first of the greatest scores of a row.
pub(crate) fn argmax<T: Real>(row: &[T]) -> usize {
    let mut best = 0;
    let mut most = T::from_f64(f64::NEG_INFINITY);
    for (place, &value) in row.iter().enumerate() {
        if value > most {
            (best, most) = (place, value);
        }
    }
    best
}

/// Columns of the contributions of a booster's features: each output has one for each feature, and
/// one for what is expected without any.
///
/// # Errors
/// [`Error::Input`] when so many rows would have too many values.
pub(crate) fn contributions_width(
    features: usize,
    outputs: usize,
    rows: usize,
) -> Result<usize, Error> {
    let width = features.saturating_add(1).saturating_mul(outputs);
    let values = rows.saturating_mul(width);
    if values <= 1 << 28 {
        return Ok(width);
    }
    Err(Error::input(format!(
        "the contributions of {rows} rows would be {values} values; send fewer rows at a time"
    )))
}

/// The logistic function.
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The logistic function in floats, as scipy computes it: each step is rounded.
pub(crate) fn sigmoid_f32(x: f32) -> f32 {
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

/// Softmax in floats, as XGBoost computes it: with the sum in doubles.
pub(crate) fn softmax_f32(row: &mut [f32]) {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0_f64;
    for v in row.iter_mut() {
        *v = (*v - most).exp();
        sum += f64::from(*v);
    }
    let sum = sum as f32;
    for v in row.iter_mut() {
        *v /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::{argmax, sigmoid_f32, softmax, softmax_f32};

    #[test]
    fn the_first_of_equal_scores_wins() {
        assert_eq!(argmax(&[1.0_f32, 3.0, 3.0]), 1);
        assert_eq!(argmax(&[f64::NAN, -1.0, f64::NAN]), 1);
        assert_eq!(argmax::<f64>(&[]), 0);
    }

    #[test]
    fn softmax_survives_large_scores() {
        let mut row = [1e6, 1e6, -1e6];
        softmax(&mut row);
        assert_eq!(row, [0.5, 0.5, 0.0]);
        let mut row = [2.0; 4];
        softmax_f32(&mut row);
        assert_eq!(row, [0.25; 4]);
    }

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
            assert_eq!(sigmoid_f32(x).to_bits(), bits, "{x}");
        }
    }
}
