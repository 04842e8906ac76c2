//! The logarithmic derivative of the gamma function.

use std::f64::consts::PI;

/// Coefficients of the asymptotic series in 1/x²: Bernoulli numbers, Abramowitz and Stegun 6.3.18.
const SERIES: [f64; 7] = [
    1.0 / 12.0,
    -1.0 / 120.0,
    1.0 / 252.0,
    -1.0 / 240.0,
    1.0 / 132.0,
    -691.0 / 32760.0,
    1.0 / 12.0,
];

/// ψ(x): raised to large arguments by ψ(x) = ψ(x + 1) − 1/x, and there by the asymptotic series.
/// Relative error about 1e-15 for positive arguments.
pub(super) fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        return digamma(1.0 - x) - PI / (PI * x).tan();
    }
    let mut x = x;
    let mut steps = 0.0;
    while x < 12.0 {
        steps += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = SERIES.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * square);
    x.ln() - 0.5 / x - series - steps
}

#[cfg(test)]
mod tests {
    use super::digamma;

    #[test]
    fn known_values() {
        let euler = 0.577_215_664_901_532_9;
        assert!((digamma(1.0) + euler).abs() < 1e-14);
        assert!((digamma(0.5) + euler + 2.0 * 2_f64.ln()).abs() < 1e-14);
        assert!((digamma(10.0) - 2.251_752_589_066_721).abs() < 1e-14);
        assert!((digamma(-0.5) - 0.036_489_973_978_576_52).abs() < 1e-14);
        assert!(digamma(0.0).is_nan() && digamma(-3.0).is_nan());
        assert!((digamma(1e6) - 13.815_510_057_964_19).abs() < 1e-13);
    }
}
