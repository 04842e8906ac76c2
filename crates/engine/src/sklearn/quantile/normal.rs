//! The inverse of the standard normal distribution, after the rational approximations of the Cephes
//! library (S. L. Moshier, release 2.8), which scipy uses.

/// 1 / exp(2): from this share on, the middle of the distribution.
const MIDDLE: f64 = 0.135_335_283_236_612_7;
const ROOT_OF_TWO_PI: f64 = 2.506_628_274_631_000_7;

/// Bounds of the answers: the values of 1e-7 and 1 − 1e-7, each less one step of a double.
const LOWEST: f64 = -5.199_337_582_605_575;
const HIGHEST: f64 = 5.199_337_582_703_42;

const MIDDLE_ABOVE: [f64; 5] = [
    -5.996_335_010_141_079e1,
    9.800_107_541_859_997e1,
    -5.667_628_574_690_703e1,
    1.393_126_093_872_796_8e1,
    -1.239_165_838_673_812_5,
];
const MIDDLE_BELOW: [f64; 9] = [
    1.0,
    1.954_488_583_381_417_6,
    4.676_279_128_988_815,
    8.636_024_213_908_905e1,
    -2.254_626_878_541_193_6e2,
    2.002_602_123_800_606_6e2,
    -8.203_722_561_683_334e1,
    1.590_562_251_262_117e1,
    -1.183_316_211_213_3,
];
const TAIL_ABOVE: [f64; 9] = [
    4.055_448_923_059_624_5,
    3.152_510_945_998_938_8e1,
    5.716_281_922_464_213e1,
    4.408_050_738_932_008e1,
    1.468_495_619_288_580_3e1,
    2.186_633_068_507_902_7,
    -1.402_560_791_713_545e-1,
    -3.504_246_268_278_482e-2,
    -8.574_567_851_546_854e-4,
];
const TAIL_BELOW: [f64; 9] = [
    1.0,
    1.577_998_832_564_667_5e1,
    4.539_076_351_288_792e1,
    4.131_720_382_546_72e1,
    1.504_253_856_929_075e1,
    2.504_649_462_083_094,
    -1.421_829_228_547_877_9e-1,
    -3.808_064_076_915_783e-2,
    -9.332_594_808_954_574e-4,
];
const FAR_ABOVE: [f64; 9] = [
    3.237_748_917_769_460_4,
    6.915_228_890_689_842,
    3.938_810_252_924_744_4,
    1.333_034_608_158_075_4,
    2.014_853_895_491_790_8e-1,
    1.237_166_348_178_200_3e-2,
    3.015_815_535_082_354_2e-4,
    2.658_069_746_867_375_5e-6,
    6.239_745_391_849_833e-9,
];
const FAR_BELOW: [f64; 9] = [
    1.0,
    6.024_270_393_647_42,
    3.679_835_638_561_608_7,
    1.377_020_994_890_813_2,
    2.162_369_935_944_966_3e-1,
    1.342_040_060_885_431_8e-2,
    3.280_144_646_821_277_4e-4,
    2.892_478_647_453_806_8e-6,
    6.790_194_080_099_813e-9,
];

/// The value that a share of the distribution is below.
pub(super) fn inverse(share: f64) -> f64 {
    if share == 0.0 {
        return f64::NEG_INFINITY;
    }
    if share == 1.0 {
        return f64::INFINITY;
    }
    if !(0.0..=1.0).contains(&share) {
        return f64::NAN;
    }
    let (upper, y) = if share > 1.0 - MIDDLE { (true, 1.0 - share) } else { (false, share) };
    if y > MIDDLE {
        let y = y - 0.5;
        let square = y * y;
        let ratio = square * polynomial(square, &MIDDLE_ABOVE) / polynomial(square, &MIDDLE_BELOW);
        return (y + y * ratio) * ROOT_OF_TWO_PI;
    }
    let x = (-2.0 * y.ln()).sqrt();
    let z = 1.0 / x;
    let (above, below) =
        if x < 8.0 { (&TAIL_ABOVE, &TAIL_BELOW) } else { (&FAR_ABOVE, &FAR_BELOW) };
    let found = (x - x.ln() / x) - z * polynomial(z, above) / polynomial(z, below);
    if upper { found } else { -found }
}

/// A polynomial, the highest power first.
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Within the bounds of the answers; NaN stays.
pub(super) fn clipped(value: f64) -> f64 {
    if value.is_nan() { value } else { value.clamp(LOWEST, HIGHEST) }
}

#[cfg(test)]
mod tests {
    use super::{HIGHEST, LOWEST, inverse};

    #[test]
    fn bounds_are_those_of_scipy() {
        assert_eq!(LOWEST.to_bits(), (-f64::from_bits(0x4014_cc1f_26b8_9e5b)).to_bits());
        assert_eq!(HIGHEST.to_bits(), 0x4014_cc1f_26ba_4cae);
        assert_eq!(inverse(1e-7 - f64::EPSILON), LOWEST);
    }

    #[test]
    fn shares_beyond_the_distribution_have_no_value() {
        assert_eq!(
            [inverse(0.0), inverse(0.5), inverse(1.0)],
            [f64::NEG_INFINITY, 0.0, f64::INFINITY]
        );
        assert!(inverse(-0.1).is_nan() && inverse(f64::NAN).is_nan());
        assert!((inverse(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
        assert!((inverse(1e-300) + 37.047_096_299_361_2).abs() < 1e-9);
    }
}
