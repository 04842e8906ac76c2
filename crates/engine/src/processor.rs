//! Loops that are compiled for newer processors beside the baseline, and chosen when they run.
//!
//! Rust never joins a product and a sum to one rounding by itself, so every version gives the same
//! bits. On ARM there is one version: its baseline has NEON.

#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "functions compiled for newer processors are called after asking"
    )
)]

#[cfg(target_arch = "x86_64")]
use std::arch::is_x86_feature_detected as has;

/// A loop with what it works on.
pub(crate) trait Work {
    /// What it finds.
    type Out;

    /// Runs it. It is to be inlined always, with all that it calls, to take on the processor's
    /// features.
    fn run(self) -> Self::Out;
}

/// Runs the best version that the processor has.
#[inline]
pub(crate) fn run<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        // SAFETY: the processor has what the function needs.
        return unsafe { avx512(work) };
    }
    run_narrow(work)
}

/// As [`run`], for work that the widest vectors make slower.
#[inline]
pub(crate) fn run_narrow<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has what the function needs.
        return unsafe { avx2(work) };
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    has!("avx2") && has!("popcnt")
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx512() -> bool {
    has_avx2() && has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,popcnt")]
fn avx512<W: Work>(work: W) -> W::Out {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn avx2<W: Work>(work: W) -> W::Out {
    work.run()
}

/// Versions that tests compare.
#[cfg(test)]
pub(crate) const VERSIONS: usize = 3;

/// What a version finds, the baseline first; `None` when the processor cannot run it.
#[cfg(test)]
pub(crate) fn version<W: Work>(at: usize, work: W) -> Option<W::Out> {
    match at {
        0 => Some(work.run()),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has what the function needs.
        1 if has_avx2() => Some(unsafe { avx2(work) }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        2 if has_avx512() => Some(unsafe { avx512(work) }),
        _ => None,
    }
}
