//! The logarithm of the odds, as each release of scipy computes it.

use crate::{attributes::release, read::Cursor};

/// The first release of scikit-learn that came out when scipy 1.15 was there.
const AFTER_SCIPY_1_15: (u32, u32, u32) = (1, 6, 1);

/// How scipy computes `logit`, the logarithm of the odds of a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logit {
    /// The logarithm of the quotient: scipy up to 1.14.
    Quotient,
    /// From scipy 1.15 on a difference of two logarithms near one half, where the quotient loses
    /// digits.
    Difference,
}

impl Logit {
    /// The formula of a model. The file does not name its scipy, and each scikit-learn runs with
    /// several: the one that was current when this scikit-learn came out is taken.
    pub(crate) fn of(estimator: Cursor<'_>) -> Self {
        match release(estimator) {
            Some(release) if release >= AFTER_SCIPY_1_15 => Self::Difference,
            _ => Self::Quotient,
        }
    }

    /// Of a double.
    pub(crate) fn f64(self, p: f64) -> f64 {
        if self.is_quotient(p) {
            return (p / (1.0 - p)).ln();
        }
        let s = 2.0 * (p - 0.5);
        s.ln_1p() - (-s).ln_1p()
    }

    /// Of a float: each step is rounded, as in the library.
    pub(crate) fn f32(self, p: f32) -> f32 {
        if self.is_quotient(f64::from(p)) {
            return (p / (1.0 - p)).ln();
        }
        let s = (2.0 * (f64::from(p) - 0.5)) as f32;
        s.ln_1p() - (-s).ln_1p()
    }

    fn is_quotient(self, p: f64) -> bool {
        self == Self::Quotient || !(0.3..=0.65).contains(&p)
    }
}

#[cfg(test)]
mod tests {
    use super::Logit;

    /// Probability, and the bits that scipy 1.14.1 and scipy 1.17.0 answer with.
    const DOUBLES: [(f64, u64, u64); 7] = [
        (0.29, 0xbfec_a6fc_71ee_bdcc, 0xbfec_a6fc_71ee_bdcc),
        (0.3, 0xbfeb_1d10_670a_ae99, 0xbfeb_1d10_670a_ae9a),
        (0.4875, 0xbfa9_9af7_41a7_9dce, 0xbfa9_9af7_41a7_9dde),
        (0.5, 0, 0),
        (0.5125, 0x3fa9_9af7_41a7_9dbf, 0x3fa9_9af7_41a7_9dbe),
        (0.65, 0x3fe3_cf2b_5061_7c97, 0x3fe3_cf2b_5061_7c96),
        (0.66, 0x3fe5_39b4_cb6c_e55e, 0x3fe5_39b4_cb6c_e55e),
    ];
    const FLOATS: [(f32, u32, u32); 5] = [
        (0.29, 0xbf65_37e5, 0xbf65_37e5),
        (0.4875, 0xbd4c_d7ad, 0xbd4c_d7ae),
        (0.5125, 0x3d4c_d7b9, 0x3d4c_d7ae),
        (0.61, 0x3ee5_061d, 0x3ee5_061e),
        (0.66, 0x3f29_cda8, 0x3f29_cda8),
    ];

    #[test]
    fn both_formulas_have_the_bits_of_scipy() {
        for (p, quotient, difference) in DOUBLES {
            assert_eq!(Logit::Quotient.f64(p).to_bits(), quotient, "{p}");
            assert_eq!(Logit::Difference.f64(p).to_bits(), difference, "{p}");
        }
        for (p, quotient, difference) in FLOATS {
            assert_eq!(Logit::Quotient.f32(p).to_bits(), quotient, "{p}");
            assert_eq!(Logit::Difference.f32(p).to_bits(), difference, "{p}");
        }
    }
}
