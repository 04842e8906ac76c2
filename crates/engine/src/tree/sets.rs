//! Splits by sets of categories, as tests of bits: a category becomes a code, and a set tells for
//! each of 256 codes where it goes.

#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "a function compiled for AVX2 is called after asking the processor"
    )
)]

use super::{
    columns::{Columns, View},
    lanes::{Choice, LANES, Places, Ranks},
};

/// Bit `c % 8` of byte `c / 8` is set when code `c` goes right.
pub(super) type Set = [u8; 32];

/// The code of missing values.
const MISSING: u8 = 255;
/// The code of what no set has.
const OTHER: u8 = 254;

/// How values become codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// The low byte.
    Byte,
    /// The whole number; values between -1 and 0 are category 0 for those that truncate.
    Whole { truncates: bool },
}

impl Coding {
    /// How a view codes its values and which codes go right; `None` for views that are no sets of
    /// categories, and for sets with other categories than codes can tell apart.
    pub(super) fn of(columns: &Columns, view: View) -> Option<(Self, Set)> {
        match view {
            View::Set(at) => {
                let set = columns.sets.get(at as usize)?;
                let missing = set.right(f64::NAN);
                let right =
                    |code: u8| if code == MISSING { missing } else { set.right(code.into()) };
                (set.right(MISSING.into()) == missing).then(|| (Self::Byte, bits(right)))
            }
            View::Listed(at) => {
                let set = columns.listed.get(at as usize)?;
                let right = |code: u8| match code {
                    MISSING => set.right(f64::NAN),
                    OTHER => set.right(f64::NEG_INFINITY),
                    _ => set.right(code.into()),
                };
                let coding = Self::Whole { truncates: set.truncates() };
                set.all_below(OTHER).then(|| (coding, bits(right)))
            }
            _ => None,
        }
    }

    /// The code of a value.
    #[inline]
    pub(super) fn code(self, value: f64) -> u8 {
        match self {
            Self::Byte if value.is_nan() || value < 0.0 => MISSING,
            // the low byte, as in `Categories`
            Self::Byte => value as i64 as u8,
            Self::Whole { .. } if value.is_nan() => MISSING,
            Self::Whole { truncates } if value >= 0.0 || truncates && value > -1.0 => {
                u8::try_from(value as u64).unwrap_or(OTHER).min(OTHER)
            }
            Self::Whole { .. } => OTHER,
        }
    }
}

fn bits(right: impl Fn(u8) -> bool) -> Set {
    let mut set = [0; 32];
    for code in 0..=u8::MAX {
        if let Some(byte) = set.get_mut(usize::from(code / 8)) {
            *byte |= u8::from(right(code)) << (code % 8);
        }
    }
    set
}

/// Whether a code goes right.
#[inline]
pub(super) fn right(set: &Set, code: u8) -> bool {
    set[usize::from(code / 8)] >> (code % 8) & 1 == 1
}

/// As `kernel::decide`, for splits of which some are by sets: `sets` has a number for each choice,
/// zero for those by a threshold.
pub(super) fn decide(
    choices: &[Choice<i8>],
    sets: (&[u32], &[Set]),
    columns: &[Ranks; 256],
    answers: &mut [Places; 512],
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function needs beyond safe code.
        unsafe { avx2::decide(choices, sets, columns, answers) };
        return;
    }
    blend(choices, sets, columns, answers, |set, codes| {
        let mut chosen = [0; LANES];
        for (chosen, &code) in chosen.iter_mut().zip(codes) {
            *chosen = if right(set, code as u8) { u8::MAX } else { 0 };
        }
        chosen
    });
}

#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn blend(
    choices: &[Choice<i8>],
    (numbers, sets): (&[u32], &[Set]),
    columns: &[Ranks; 256],
    answers: &mut [Places; 512],
    look_up: impl Fn(&Set, &Ranks) -> Places,
) {
    for (choice, &number) in choices.iter().zip(numbers) {
        let ranks = &columns[usize::from(choice.column)];
        let chosen = if let Some(set) = sets.get(number as usize).filter(|_| number != 0) {
            look_up(set, ranks)
        } else {
            let mut chosen = [0; LANES];
            for lane in 0..LANES {
                chosen[lane] = if ranks[lane] > choice.threshold { u8::MAX } else { 0 };
            }
            chosen
        };
        let left = &answers[usize::from(choice.children[0]) % 512];
        let right = &answers[usize::from(choice.children[1]) % 512];
        let mut answer = [0; LANES];
        for lane in 0..LANES {
            answer[lane] = (right[lane] & chosen[lane]) | (left[lane] & !chosen[lane]);
        }
        answers[256 + usize::from(choice.node)] = answer;
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm256_and_si256, _mm256_blendv_epi8, _mm256_broadcastsi128_si256,
        _mm256_cmpeq_epi8, _mm256_set1_epi8, _mm256_shuffle_epi8, _mm256_slli_epi16,
        _mm256_srli_epi16,
    };

    use super::{Choice, LANES, Places, Ranks, Set};

    #[target_feature(enable = "avx2")]
    pub(super) fn decide(
        choices: &[Choice<i8>],
        sets: (&[u32], &[Set]),
        columns: &[Ranks; 256],
        answers: &mut [Places; 512],
    ) {
        super::blend(choices, sets, columns, answers, |set, codes| look_up(set, codes));
    }

    /// All bits of a lane whose code goes right.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn look_up(set: &Set, codes: &Ranks) -> Places {
        // SAFETY: arrays of bytes and registers of as many bytes hold each other's bits.
        let (halves, mut lanes) = unsafe {
            (
                std::mem::transmute::<Set, [__m128i; 2]>(*set),
                std::mem::transmute::<Ranks, [__m256i; LANES / 32]>(*codes),
            )
        };
        let low = _mm256_broadcastsi128_si256(halves[0]);
        let high = _mm256_broadcastsi128_si256(halves[1]);
        let powers: [u8; 32] = std::array::from_fn(|at| 1 << (at % 8));
        // SAFETY: as above.
        let powers: __m256i = unsafe { std::mem::transmute(powers) };
        for codes in &mut lanes {
            let place = _mm256_and_si256(_mm256_srli_epi16(*codes, 3), _mm256_set1_epi8(31));
            // the fifth bit of the place becomes the sign, by which halves are chosen
            let byte = _mm256_blendv_epi8(
                _mm256_shuffle_epi8(low, place),
                _mm256_shuffle_epi8(high, place),
                _mm256_slli_epi16(place, 3),
            );
            let bit = _mm256_shuffle_epi8(powers, _mm256_and_si256(*codes, _mm256_set1_epi8(7)));
            *codes = _mm256_cmpeq_epi8(_mm256_and_si256(byte, bit), bit);
        }
        // SAFETY: as above.
        unsafe { std::mem::transmute(lanes) }
    }
}
