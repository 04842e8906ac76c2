//! CatBoost's exponential: that of the library fmath, to the bit.
//!
//! e^x is 2^(n/2048) times a polynomial of what is left of x. The power's fraction comes from a table,
//! and its exponent is put together from bits.

use std::sync::LazyLock;

/// Bits of the place in the table.
const BITS: u32 = 11;
/// Values of the table.
const COUNT: usize = 1 << BITS;
/// Bits of the fraction of a double.
const FRACTION: u32 = 52;
/// Added to a number, it leaves the nearest integer in the last bits of the fraction.
const SHIFT: f64 = (3_u64 << 51) as f64;
/// The least exponent; below it is nothing, or the smallest number.
pub(super) const LEAST: f64 = -708.396_418_532_264_1;
const MOST: f64 = 709.782_712_893_384;

/// The fractions of 2^(i/2048), as bits.
static FRACTIONS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let of = |at: usize| (at as f64 / COUNT as f64).exp2().to_bits() & ((1 << FRACTION) - 1);
    (0..COUNT).map(of).collect()
});

/// The exponential in the bounds of CatBoost's own function, where it is neither zero nor infinite.
pub(super) fn exponential(x: f64) -> f64 {
    if x <= LEAST {
        return f64::MIN_POSITIVE;
    }
    let x = x.min(MOST);
    let scale = COUNT as f64 / std::f64::consts::LN_2;
    let shifted = x * scale + SHIFT;
    let bits = shifted.to_bits();
    let fraction = FRACTIONS.get(bits as usize & (COUNT - 1)).copied().unwrap_or_default();
    let exponent = bits.wrapping_add((1 << (BITS + 10)) - (1 << BITS)) >> BITS << FRACTION;
    let t = (shifted - SHIFT) * (1.0 / scale) - x;
    let y = (3.000_000_002_795_539_4 - t) * (t * t) * 0.166_666_666_852_278_35 - t + 1.0;
    y * f64::from_bits(exponent | fraction)
}

#[cfg(test)]
mod tests {
    use super::exponential;

    #[test]
    fn it_is_the_exponential_but_for_the_last_bits() {
        for at in -7_000..7_000 {
            let x = f64::from(at) / 10.0 + 0.017;
            let (got, want) = (exponential(x), x.exp());
            assert!(
                (got / want - 1.0).abs() < 1e-15 * x.abs().max(1.0),
                "e^{x} is {want}, not {got}"
            );
        }
        assert_eq!(exponential(0.0), 1.0);
        assert_eq!(exponential(-800.0), f64::MIN_POSITIVE);
    }
}
