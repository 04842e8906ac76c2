//! Loops compiled for the vectors that the processor has.
//!
//! On aarch64 there is one variant: NEON is part of every such processor, and compilers use it
//! without being asked.

#![expect(
    unsafe_code,
    reason = "a function compiled for vectors is called after asking the processor"
)]

/// A loop that compilers turn into vector instructions. Its answer does not depend on them.
pub(super) trait Loop {
    /// Must be `#[inline(always)]`, to take on the processor features of its caller.
    fn run(self);
}

/// Vectors that a loop can be compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vectors {
    /// Those of every processor of its kind.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Vectors {
    /// All of them, the narrowest first.
    #[cfg(target_arch = "x86_64")]
    pub(super) const ALL: &[Self] = &[Self::Baseline, Self::Avx2, Self::Avx512];
    /// All of them.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) const ALL: &[Self] = &[Self::Baseline];

    /// Whether this processor has them.
    #[inline]
    pub(super) fn are_here(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        use std::arch::is_x86_feature_detected as has;
        match self {
            Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => has!("avx2") && has!("popcnt"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.are_here()
                    && has!("avx512f")
                    && has!("avx512bw")
                    && has!("avx512dq")
                    && has!("avx512vl")
            }
        }
    }

    /// Runs a loop as compiled for these vectors; for those of every processor, when they are not
    /// here.
    #[inline]
    pub(super) fn run(self, work: impl Loop) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if self.are_here() => {
                // SAFETY: the processor has what the function needs beyond safe code.
                unsafe { avx512(work) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if self.are_here() => {
                // SAFETY: as above.
                unsafe { avx2(work) }
            }
            _ => work.run(),
        }
    }
}

/// Runs a loop as compiled for the widest vectors that the processor has.
#[inline]
pub(super) fn run(work: impl Loop) {
    let here = Vectors::ALL.iter().rev().find(|vectors| vectors.are_here());
    here.unwrap_or(&Vectors::Baseline).run(work);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,popcnt")]
fn avx512(work: impl Loop) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn avx2(work: impl Loop) {
    work.run();
}
