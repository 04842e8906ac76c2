//! Sums as numpy adds: thresholds are compared with the very numbers that they are made of, so that the
//! last bit decides which columns stay.

use crate::sklearn::sums;

/// The type that a sum is rounded to after each addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    F32,
    F64,
}

impl Width {
    /// Rounds to this type. The sum, product or quotient of two floats is exact enough as a double that
    /// rounding it gives what float arithmetic gives.
    pub(super) fn round(self, value: f64) -> f64 {
        match self {
            Self::F32 => f64::from(value as f32),
            Self::F64 => value,
        }
    }
}

/// The sum of contiguous values, each of which is a number of the type.
pub(super) fn pairwise(values: &[f64], width: Width) -> f64 {
    match width {
        Width::F64 => sums::pairwise(values),
        Width::F32 => {
            let floats: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            f64::from(sums::pairwise(&floats))
        }
    }
}

/// The mean of contiguous values; NaN of none.
pub(super) fn mean(values: &[f64], width: Width) -> f64 {
    width.round(pairwise(values, width) / values.len() as f64)
}

/// The median: of an even number of values the mean of the two in the middle. NaN when there is one.
pub(super) fn median(values: &[f64], width: Width) -> f64 {
    if values.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    if sorted.len() % 2 == 1 {
        return at(middle);
    }
    match middle.checked_sub(1) {
        Some(below) => width.round(width.round(at(below) + at(middle)) / 2.0),
        None => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::{Width, mean, median, pairwise};

    #[test]
    fn sums_have_the_bits_of_numpy() {
        // numpy.sum(1 / numpy.arange(1, n + 1)) and its float32 form, of numpy 2.3
        let terms = |count: usize| (1..=count).map(|n| 1.0 / n as f64).collect::<Vec<_>>();
        for (count, bits) in KNOWN {
            assert_eq!(pairwise(&terms(count), Width::F64).to_bits(), bits, "{count}");
        }
        let floats: Vec<f64> = (1..=300).map(|n| f64::from(1.0_f32 / n as f32)).collect();
        assert_eq!(pairwise(&floats, Width::F32), FLOAT);
    }

    #[test]
    fn means_and_medians() {
        assert_eq!(mean(&[1.0, 2.0, 6.0], Width::F64), 3.0);
        assert_eq!(median(&[6.0, 1.0, 2.0], Width::F64), 2.0);
        assert_eq!(median(&[6.0, 1.0, 2.0, 4.0], Width::F64), 3.0);
        assert!(median(&[1.0, f64::NAN], Width::F64).is_nan());
        assert!(median(&[], Width::F64).is_nan());
    }

    const KNOWN: [(usize, u64); 7] = [
        (5, 0x4002_4444_4444_4444),
        (9, 0x4006_a1ba_1ba1_ba1b),
        (31, 0x4010_1be6_2a1d_7def),
        (128, 0x4015_bb8a_e954_1ca7),
        (129, 0x4015_c37b_0914_9ba9),
        (300, 0x4019_2172_a3e6_965a),
        (1000, 0x401d_f11f_45f4_e61a),
    ];
    const FLOAT: f64 = 6.282_664_775_848_389;
}
