//! The exponential and its kin for many numbers at once, without branches, so that vector registers
//! take several numbers each.
//!
//! x = n ln 2 + r with |r| ≤ ½ ln 2, and eˣ = 2ⁿ eʳ; eʳ is a Taylor polynomial of degree 13, whose rest is
//! far below a rounding (Cody and Waite 1980, "Software Manual for the Elementary Functions",
//! chapter 6). Exponentials are within one unit in the last place, the others within a few. A number
//! alone has the bits that it has among others, on every processor.

#![expect(
    clippy::inline_always,
    reason = "functions take on the processor features of their caller"
)]

use crate::processor::{self, Work};

/// 1.5 · 2⁵²: a double that is added to it is rounded to a whole number, which stands in its low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has zeros at its end, so that its product with a small whole number is
/// exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
/// Numbers that are worked on at once.
const LANES: usize = 8;

/// A function without branches.
pub(crate) trait Function: Copy {
    /// Its value. It is to be inlined always.
    fn of(self, x: f64) -> f64;
}

/// e^(factor · x).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exp(pub(crate) f64);

/// The hyperbolic tangent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tanh;

/// 1 / (1 + e⁻ˣ).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logistic;

impl Function for Exp {
    #[inline(always)]
    fn of(self, x: f64) -> f64 {
        exp(self.0 * x)
    }
}

impl Function for Tanh {
    #[inline(always)]
    fn of(self, x: f64) -> f64 {
        tanh(x)
    }
}

impl Function for Logistic {
    #[inline(always)]
    fn of(self, x: f64) -> f64 {
        1.0 / (1.0 + exp(-x))
    }
}

/// Replaces each number by the function's value, which is computed in doubles.
pub(crate) fn apply<T: Float>(values: &mut [T], function: impl Function) {
    processor::run(Each { values, function });
}

/// Replaces each number x by (factor · x + offset)^exponent, by squaring: the multiplications in
/// libsvm's order.
pub(crate) fn power(values: &mut [f64], factor: f64, offset: f64, exponent: u32) {
    processor::run(Powers { values, factor, offset, exponent });
}

/// A float or a double.
pub(crate) trait Float: Copy + Default {
    /// As a double, exactly.
    fn widen(self) -> f64;
    /// Rounded from a double.
    fn narrow(value: f64) -> Self;
}

impl Float for f64 {
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value
    }
}

impl Float for f32 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(value: f64) -> Self {
        value as Self
    }
}

struct Each<'v, T, F> {
    values: &'v mut [T],
    function: F,
}

impl<T: Float, F: Function> Work for Each<'_, T, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let (lanes, rest) = self.values.as_chunks_mut::<LANES>();
        for lanes in lanes {
            for v in lanes {
                *v = T::narrow(self.function.of(v.widen()));
            }
        }
        if rest.is_empty() {
            return;
        }
        // one by one, the rest would take as long each as all together
        let mut last = [T::default(); LANES];
        last.iter_mut().zip(&*rest).for_each(|(to, v)| *to = *v);
        for v in &mut last {
            *v = T::narrow(self.function.of(v.widen()));
        }
        rest.iter_mut().zip(last).for_each(|(to, v)| *to = v);
    }
}

struct Powers<'v> {
    values: &'v mut [f64],
    factor: f64,
    offset: f64,
    exponent: u32,
}

impl Work for Powers<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let (lanes, rest) = self.values.as_chunks_mut::<LANES>();
        for lanes in lanes {
            *lanes = powers(lanes.map(|v| self.factor * v + self.offset), self.exponent);
        }
        for v in rest {
            [*v] = powers([self.factor * *v + self.offset], self.exponent);
        }
    }
}

#[inline(always)]
fn powers<const N: usize>(bases: [f64; N], exponent: u32) -> [f64; N] {
    let (mut squares, mut out, mut left) = (bases, [1.0; N], exponent);
    while left > 0 {
        if left % 2 == 1 {
            for (out, square) in out.iter_mut().zip(squares) {
                *out *= square;
            }
        }
        for square in &mut squares {
            *square *= *square;
        }
        left /= 2;
    }
    out
}

/// n and eʳ − 1.
#[inline(always)]
fn parts(x: f64) -> (f64, f64) {
    let n = (x * std::f64::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let (r2, r4) = (r * r, (r * r) * (r * r));
    // the terms from r²/2! on, divided by r²
    let pair = |a: u64, b: u64| 1.0 / a as f64 + r * (1.0 / b as f64);
    let low = pair(2, 6) + r2 * pair(24, 120);
    let middle = pair(720, 5_040) + r2 * pair(40_320, 362_880);
    let high = pair(3_628_800, 39_916_800) + r2 * pair(479_001_600, 6_227_020_800);
    (n, r + r2 * ((low + r4 * middle) + (r4 * r4) * high))
}

/// 2ⁿ for a whole number n from −1022 to 1023.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits((n + (ROUND + 1023.0)).to_bits() << 52)
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    // beyond, the answers are zero and infinity; NaN stays
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -750.0 { -750.0 } else { x };
    let (n, more) = parts(x);
    let half = (n * 0.5 + ROUND) - ROUND;
    (1.0 + more) * power_of_two(half) * power_of_two(n - half)
}

#[inline(always)]
fn tanh(x: f64) -> f64 {
    let size = x.abs();
    // one beyond
    let size = if size > 20.0 { 20.0 } else { size };
    let (n, more) = parts(size + size);
    let scale = power_of_two(n);
    // e^2|x| − 1, without cancellation
    let e = scale * more + (scale - 1.0);
    (e / (e + 2.0)).copysign(x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Each, Exp, Function, Logistic, Tanh, apply, power};
    use crate::processor;

    fn check(function: impl Function, known: f64, most: u64, x: f64) {
        let mut values = [x; 11];
        apply(&mut values, function);
        for v in values {
            let apart = v.to_bits().abs_diff(known.to_bits());
            assert!(apart <= most, "{x}: {v} {known}");
        }
    }

    fn alike(values: &[f64], function: impl Function) {
        let bits = |at: usize| {
            let mut values = values.to_vec();
            processor::version(at, Each { values: &mut values, function })?;
            Some(values.into_iter().map(f64::to_bits).collect::<Vec<_>>())
        };
        for found in (1..processor::VERSIONS).filter_map(bits) {
            assert_eq!(Some(found), bits(0));
        }
    }

    proptest! {
        #[test]
        fn functions_agree_with_the_libraries(x in prop_oneof![-760.0..720.0, -2.0..2.0, -1e-3..1e-3]) {
            let x: f64 = x;
            check(Exp(1.0), x.exp(), 2, x);
            check(Tanh, x.tanh(), 6, x);
            check(Logistic, 1.0 / (1.0 + (-x).exp()), 6, x);
        }

        #[test]
        fn every_processor_has_the_same_bits(values in prop::collection::vec(-760.0..720.0, 0..40)) {
            alike(&values, Exp(-0.3));
            alike(&values, Tanh);
            alike(&values, Logistic);
        }
    }

    #[test]
    fn ends_and_what_is_no_number() {
        let mut values = [f64::NEG_INFINITY, -750.0, 0.0, -0.0, 800.0, f64::INFINITY, f64::NAN];
        let mut tangents = values;
        apply(&mut values, Exp(1.0));
        assert_eq!(values[..6], [0.0, 0.0, 1.0, 1.0, f64::INFINITY, f64::INFINITY]);
        assert!(values[6].is_nan());
        apply(&mut tangents, Tanh);
        assert_eq!(tangents[..6], [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]);
        assert!(tangents[3].is_sign_negative() && tangents[6].is_nan());
        let mut floats = [1.0_f32, f32::NAN];
        apply(&mut floats, Exp(1.0));
        assert_eq!(floats[0], 1.0_f32.exp());
        assert!(floats[1].is_nan());
    }

    #[test]
    fn powers_are_powers() {
        for (exponent, expected) in [(0, 1.0), (1, -2.0), (2, 4.0), (5, -32.0), (10, 1024.0)] {
            let mut values = [-1.5; 9];
            power(&mut values, 2.0, 1.0, exponent);
            assert_eq!(values, [expected; 9]);
        }
    }
}
