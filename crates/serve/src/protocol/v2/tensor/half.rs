/// Rounds to IEEE 754 binary16, ties to even, and gives the value as a float.
pub(super) fn round(value: f64) -> f32 {
    if value == 0.0 || !value.is_finite() {
        return value as f32;
    }
    // 11 significant bits; below 2^-14 the spacing stays 2^-24
    let exponent = ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let spacing = 2.0_f64.powi(exponent.max(-14) - 10);
    let rounded = (value / spacing).round_ties_even() * spacing;
    // the first value beyond the largest, 65504, is infinite
    if rounded.abs() >= 65_536.0 { f32::INFINITY.copysign(value as f32) } else { rounded as f32 }
}

/// Rounds to bfloat16, the upper half of a float, ties to even.
pub(super) fn round_brain(value: f64) -> f32 {
    let float = value as f32;
    if !float.is_finite() {
        return float;
    }
    // a carry out of the fraction goes into the exponent, and at the top makes infinity
    let bits = float.to_bits();
    f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use super::{round, round_brain};

    #[test]
    fn upper_halves_are_rounded_to_even() {
        for (value, expected) in [
            (1.0, 1.0),
            (0.1, 0.100_097_656),
            (1.003_906_25, 1.0),
            (1.011_718_75, 1.015_625),
            (3.4e38, f32::INFINITY),
            (-1e300, f32::NEG_INFINITY),
        ] {
            assert_eq!(round_brain(value), expected, "{value}");
        }
        assert!(round_brain(f64::NAN).is_nan());
    }

    #[test]
    fn values_are_those_of_numpy_float16() {
        for (value, expected) in [
            (1.0, 1.0),
            (0.1, 0.099_975_586),
            (65_504.0, 65_504.0),
            (65_519.9, 65_504.0),
            (65_520.0, f32::INFINITY),
            (-1e300, f32::NEG_INFINITY),
            (2_049.0, 2_048.0),
            (2_051.0, 2_052.0),
            (5.960_464_477_539_063e-8, 5.960_464_5e-8),
            (2.9e-8, 0.0),
            (f64::INFINITY, f32::INFINITY),
        ] {
            assert_eq!(round(value), expected, "{value}");
        }
        assert!(round(f64::NAN).is_nan());
        assert!(round(-0.0).is_sign_negative());
    }
}
