//! The modified Bessel function of the second kind.
//!
//! For small arguments Temme's series, for larger ones Steed's evaluation of a continued fraction,
//! both for an order of at most one half; then the recurrence in the order, which is stable upwards
//! (Temme 1975, "On the numerical evaluation of the modified Bessel function of the third kind";
//! Thompson and Barnett 1987, "Modified Bessel functions of real order and real argument").

/// Coefficients of the power series of 1/Γ(1 + x) (Abramowitz and Stegun 6.1.34).
const RECIPROCAL: [f64; 25] = [
    1.0,
    0.577_215_664_901_532_9,
    -0.655_878_071_520_253_8,
    -0.042_002_635_034_095_2,
    0.166_538_611_382_291_5,
    -0.042_197_734_555_544_3,
    -0.009_621_971_527_877,
    0.007_218_943_246_663,
    -0.001_165_167_591_859_1,
    -0.000_215_241_674_114_9,
    0.000_128_050_282_388_2,
    -0.000_020_134_854_780_7,
    -0.000_001_250_493_482_1,
    0.000_001_133_027_232,
    -0.000_000_205_633_841_7,
    0.000_000_006_116_095,
    0.000_000_005_002_007_5,
    -0.000_000_001_181_274_6,
    0.000_000_000_104_342_7,
    0.000_000_000_007_782_3,
    -0.000_000_000_003_696_8,
    0.000_000_000_000_51,
    -0.000_000_000_000_020_6,
    -0.000_000_000_000_005_4,
    0.000_000_000_000_001_4,
];

/// More terms than either expansion needs for an argument above zero.
const MOST_TERMS: u32 = 10_000;

/// K of the order `order` ≥ 0 at `x` > 0. It is infinite where it is too large for a double.
pub(super) fn second_kind(order: f64, x: f64) -> f64 {
    let steps = (order + 0.5).floor();
    let small = order - steps;
    let (mut own, mut next) = if x < 2.0 { near_zero(small, x) } else { far_from_zero(small, x) };
    // as many steps as a file may ask for, but not more than change anything
    let mut at = 0.0;
    while at < steps && own.is_finite() && next.is_finite() {
        at += 1.0;
        (own, next) = (next, own + 2.0 * (small + at) / x * next);
    }
    if at < steps { f64::INFINITY } else { own }
}

/// The values for an order of at most one half and for the next order, for 0 < x < 2.
fn near_zero(order: f64, x: f64) -> (f64, f64) {
    let half = x / 2.0;
    let angle = std::f64::consts::PI * order;
    let ratio = if angle.abs() < 1e-15 { 1.0 } else { angle / angle.sin() };
    let log = -half.ln();
    let power = order * log;
    let flat = if power.abs() < 1e-15 { 1.0 } else { power.sinh() / power };
    // 1/Γ(1 + order) and 1/Γ(1 − order) in their even and odd parts
    let (mut even, mut odd, mut square) = (0.0, 0.0, 1.0);
    for pair in RECIPROCAL.chunks(2) {
        even += pair.first().copied().unwrap_or_default() * square;
        odd += pair.get(1).copied().unwrap_or_default() * square;
        square *= order * order;
    }
    let mut term = ratio * (-odd * power.cosh() + even * flat * log);
    let mut sum = term;
    let growth = power.exp();
    let mut p = 0.5 * growth / (even + order * odd);
    let mut q = 0.5 / (growth * (even - order * odd));
    let (mut weight, mut next) = (1.0, p);
    for k in 1..MOST_TERMS {
        let k = f64::from(k);
        term = (k * term + p + q) / (k * k - order * order);
        weight *= half * half / k;
        p /= k - order;
        q /= k + order;
        let add = weight * term;
        sum += add;
        next += weight * (p - k * term);
        if add.abs() < sum.abs() * 1e-17 {
            break;
        }
    }
    (sum, next * 2.0 / x)
}

/// The values for an order of at most one half and for the next order, for x ≥ 2.
fn far_from_zero(order: f64, x: f64) -> (f64, f64) {
    let first = 0.25 - order * order;
    let mut b = 2.0 * (1.0 + x);
    let mut d = 1.0 / b;
    let (mut h, mut delta) = (d, d);
    let (mut q1, mut q2) = (0.0, 1.0);
    let (mut q, mut c) = (first, first);
    let mut a = -first;
    let mut sum = 1.0 + q * delta;
    for i in 2..MOST_TERMS {
        a -= 2.0 * (f64::from(i) - 1.0);
        c = -a * c / f64::from(i);
        let new = (q1 - b * q2) / a;
        q1 = q2;
        q2 = new;
        q += c * new;
        b += 2.0;
        d = 1.0 / (b + a * d);
        delta *= b * d - 1.0;
        h += delta;
        let add = q * delta;
        sum += add;
        if (add / sum).abs() < 1e-17 {
            break;
        }
    }
    h *= first;
    let own = (std::f64::consts::PI / (2.0 * x)).sqrt() * (-x).exp() / sum;
    (own, own * (order + x + 0.5 - h) / x)
}

#[cfg(test)]
mod tests {
    use super::second_kind;

    /// Order, argument, and the value of scipy 1.18.
    const KNOWN: [(f64, f64, f64); 15] = [
        (0.0, 1e-6, 13.931_442_073_626_418),
        (0.0, 0.5, 0.924_419_071_227_665_6),
        (0.25, 0.001, 11.756_476_271_934_451),
        (0.5, 0.1, 3.586_166_838_797_26),
        (0.7, 1.0, 0.502_601_274_979_380_7),
        (1.0, 1.9999, 0.139_884_265_831_690_97),
        (1.0, 2.0, 0.139_865_881_816_522_46),
        (1.25, 2.5, 0.081_220_959_897_213_4),
        (2.0, 0.3, 21.745_740_283_593_133),
        (2.75, 7.0, 0.000_701_641_370_413_517),
        (3.5, 0.01, 187_995_240.641_785_3),
        (3.5, 30.0, 2.606_361_948_338_678_5e-14),
        (5.3, 1.5, 76.923_532_718_689_47),
        (10.0, 4.0, 114.914_083_640_496_12),
        (0.3, 300.0, 3.724_252_523_245_895e-132),
    ];

    #[test]
    fn the_values_are_those_of_scipy() {
        for (order, x, value) in KNOWN {
            let own = second_kind(order, x);
            assert!((own - value).abs() <= 1e-13 * value, "{order} {x}: {own} {value}");
        }
    }
}
