//! Values that count as the same: numbers with a fraction within a tolerance, all else exactly.

use serde_json::Value;

/// Numbers that differ by less are the same whatever the tolerance: a probability that is nothing but
/// rounding has no digit that means anything.
const NOTHING: f64 = 1e-12;

/// True when `one` and `other` are the same, or differ by no more than `tolerance` of the larger one.
pub(super) fn close(one: f64, other: f64, tolerance: f64) -> bool {
    if one == other || (one.is_nan() && other.is_nan()) {
        return true;
    }
    let most = (tolerance * one.abs().max(other.abs())).max(NOTHING);
    one.is_finite() && other.is_finite() && (one - other).abs() <= most
}

/// True when two values of JSON are the same. Two whole numbers are labels or counts: they are compared
/// exactly.
pub(super) fn agree(one: &Value, other: &Value, tolerance: f64) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let is_whole = |number: &serde_json::Number| !number.is_f64();
            if is_whole(one) && is_whole(other) {
                return one == other;
            }
            let both = one.as_f64().zip(other.as_f64());
            both.is_some_and(|(one, other)| close(one, other, tolerance))
        }
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| agree(one, other, tolerance))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(name, one): (&String, &Value)| {
                other.get(name).is_some_and(|other| agree(one, other, tolerance))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

/// True when the bytes of two tensors of V2 are the same.
pub(super) fn tensors_agree(datatype: &str, one: &[u8], other: &[u8], tolerance: f64) -> bool {
    if one == other {
        return true;
    }
    match datatype {
        "FP64" => numbers_agree(one, other, tolerance, f64::from_le_bytes),
        "FP32" => numbers_agree(one, other, tolerance, |it| f32::from_le_bytes(it).into()),
        "FP16" => numbers_agree(one, other, tolerance, |it| half(u16::from_le_bytes(it))),
        "BF16" => numbers_agree(one, other, tolerance, |it| {
            f32::from_bits(u32::from(u16::from_le_bytes(it)) << 16).into()
        }),
        _ => false,
    }
}

fn numbers_agree<const N: usize>(
    one: &[u8],
    other: &[u8],
    tolerance: f64,
    number: impl Fn([u8; N]) -> f64,
) -> bool {
    let ((one, rest), (other, other_rest)) = (one.as_chunks::<N>(), other.as_chunks::<N>());
    let mut pairs = one.iter().zip(other);
    one.len() == other.len()
        && rest == other_rest
        && pairs.all(|(one, other)| close(number(*one), number(*other), tolerance))
}

/// A number of IEEE 754's binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    sign * match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::{close, half};

    #[test]
    fn numbers_differ_relative_to_the_larger_one() {
        assert!(close(100.0, 100.0001, 1e-6) && !close(100.0, 100.0002, 1e-6));
        assert!(close(0.0, 1e-13, 1e-6) && !close(0.0, 1e-11, 1e-6));
        assert!(close(f64::NAN, f64::NAN, 0.0) && !close(f64::NAN, 1.0, 0.5));
        assert!(close(f64::INFINITY, f64::INFINITY, 0.0));
        assert!(!close(f64::INFINITY, 1.0, 0.5) && !close(f64::INFINITY, f64::NEG_INFINITY, 0.5));
    }

    #[test]
    fn half_precision_is_read() {
        // examples of IEEE 754-2019 §3.6: bits, value
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2f64.powi(-14)),
            (0x0001, 2f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
