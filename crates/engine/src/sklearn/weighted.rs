//! Weighted sums of many numbers, such as the kernels of a row: one for each of several lists of
//! weights.
//!
//! Each sum is made of [`LANES`] partial sums, whatever else is computed beside it: a row's answer
//! does not depend on the rows sent with it.

#![expect(
    clippy::inline_always,
    reason = "functions take on the processor features of their caller"
)]

use std::ops::Range;

use super::{panels::LANES, rows::doubles};
use crate::{
    Table,
    processor::{self, Work},
};

type Lanes = [f64; LANES];

/// Sums, or rows, that are computed at once.
const SIDE: usize = 4;

/// Lists of weights, each for the same numbers.
#[derive(Debug)]
pub(crate) struct Weighted {
    lists: usize,
    /// Blocks of a list.
    blocks: usize,
    /// List after list, with zeros up to whole blocks.
    values: Vec<Lanes>,
}

impl Weighted {
    /// The lists, in which number `place` weighs `weight(list, place)`.
    pub(crate) fn new(
        lists: usize,
        count: usize,
        weight: impl Fn(usize, usize) -> Option<f64>,
    ) -> Self {
        let blocks = count.div_ceil(LANES);
        let mut values = Vec::with_capacity(lists * blocks);
        for list in 0..lists {
            for block in 0..blocks {
                let mut lanes = Lanes::default();
                let own = lanes.iter_mut().zip(block * LANES..count);
                own.for_each(|(to, place)| *to = weight(list, place).unwrap_or_default());
                values.push(lanes);
            }
        }
        Self { lists, blocks, values }
    }

    /// Number of lists.
    pub(crate) fn lists(&self) -> usize {
        self.lists
    }

    /// All blocks of a row.
    pub(crate) fn blocks(&self) -> Range<usize> {
        0..self.blocks
    }

    /// Numbers of a row, rounded up to whole blocks.
    pub(crate) fn stride(&self) -> usize {
        self.blocks * LANES
    }

    /// The sums of rows of [`Weighted::stride`] numbers over each of some ranges of blocks, written
    /// over `out`: for each row, for each range, for each list. Numbers beyond those that have a
    /// weight must be finite.
    pub(crate) fn sums(&self, rows: &[f64], ranges: &[Range<usize>], out: &mut [f64]) {
        if self.blocks > 0 && self.lists > 0 {
            processor::run(Sums { weighted: self, rows, ranges, out });
        } else {
            out.fill(0.0);
        }
    }

    /// The sums of each row of a table of floats: `rows × lists`.
    pub(crate) fn of(&self, table: &Table) -> Vec<f64> {
        let mut out = vec![0.0; table.rows * self.lists];
        let (mut scratch, mut padded) = (Vec::new(), vec![0.0; self.stride()]);
        for (row, out) in out.chunks_exact_mut(self.lists.max(1)).enumerate() {
            let row = doubles(table, row..row + 1, &mut scratch);
            padded.iter_mut().zip(row).for_each(|(to, v)| *to = *v);
            self.sums(&padded, std::slice::from_ref(&self.blocks()), out);
        }
        out
    }

    fn list(&self, at: usize, range: &Range<usize>) -> Option<&[Lanes]> {
        let start = at * self.blocks;
        self.values.get(start..start + self.blocks)?.get(range.clone())
    }
}

struct Sums<'s> {
    weighted: &'s Weighted,
    rows: &'s [f64],
    ranges: &'s [Range<usize>],
    out: &'s mut [f64],
}

impl Work for Sums<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let width = self.ranges.len() * self.weighted.lists;
        let stride = self.weighted.stride();
        if width == 0 {
            return;
        }
        let rows = self.rows.chunks(SIDE * stride);
        for (rows, out) in rows.zip(self.out.chunks_mut(SIDE * width)) {
            for (place, range) in self.ranges.iter().enumerate() {
                let start = place * self.weighted.lists;
                let own = |at: usize| {
                    rows.get(at * stride..(at + 1) * stride)?.as_chunks().0.get(range.clone())
                };
                if let (Some(a), Some(b), Some(c), Some(d)) = (own(0), own(1), own(2), own(3)) {
                    for list in 0..self.weighted.lists {
                        let Some(weights) = self.weighted.list(list, range) else { continue };
                        let sums = several(weights, [a, b, c, d]);
                        let out = out.iter_mut().skip(start + list).step_by(width);
                        out.zip(sums).for_each(|(out, sum)| *out = sum);
                    }
                    continue;
                }
                for (row, out) in out.chunks_exact_mut(width).enumerate() {
                    let out = out.get_mut(start..start + self.weighted.lists).unwrap_or_default();
                    if let Some(own) = own(row) {
                        alone(self.weighted, own, range, out);
                    }
                }
            }
        }
    }
}

/// The sums of one row over one range.
#[inline(always)]
fn alone(weighted: &Weighted, row: &[Lanes], range: &Range<usize>, out: &mut [f64]) {
    for (group, out) in out.chunks_mut(SIDE).enumerate() {
        let list = |at: usize| weighted.list(group * SIDE + at, range);
        if let (Some(a), Some(b), Some(c), Some(d)) = (list(0), list(1), list(2), list(3)) {
            let sums = several(row, [a, b, c, d]);
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
            continue;
        }
        for (at, out) in out.iter_mut().enumerate() {
            if let Some(list) = list(at) {
                *out = single(row, list);
            }
        }
    }
}

/// The sums of products of one list with several others.
#[inline(always)]
fn several(one: &[Lanes], others: [&[Lanes]; SIDE]) -> [f64; SIDE] {
    let [mut a, mut b, mut c, mut d] = [Lanes::default(); SIDE];
    let each = others[0].iter().zip(others[1]).zip(others[2]).zip(others[3]);
    for (one, (((x, y), z), w)) in one.iter().zip(each) {
        step(&mut a, one, x);
        step(&mut b, one, y);
        step(&mut c, one, z);
        step(&mut d, one, w);
    }
    wholes(&[a, b, c, d])
}

/// The sum of products of two lists.
#[inline(always)]
fn single(one: &[Lanes], other: &[Lanes]) -> f64 {
    let mut sums = Lanes::default();
    for (one, other) in one.iter().zip(other) {
        step(&mut sums, one, other);
    }
    let [sum] = wholes(&[sums]);
    sum
}

#[inline(always)]
fn step(sums: &mut Lanes, a: &Lanes, b: &Lanes) {
    for lane in 0..LANES {
        sums[lane] += a[lane] * b[lane];
    }
}

/// Joins partial sums. It stands apart, since compilers would turn the loops before it to suit it.
#[inline(never)]
fn wholes<const N: usize>(partial: &[Lanes; N]) -> [f64; N] {
    partial.map(|[a, b, c, d, e, f, g, h]| ((a + b) + (c + d)) + ((e + f) + (g + h)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LANES, Sums, Weighted};
    use crate::processor;

    proptest! {
        #[test]
        fn sums_are_those_of_each_row_alone_on_every_processor(
            rows in 1_usize..11, count in 0_usize..50, lists in 1_usize..7, cut in 0_usize..5, seed in 0_u64..1000,
        ) {
            let number = |at: usize| ((at as u64 * 2_654_435_761 + seed) % 1009) as f64 / 97.0 - 5.0;
            let weighted = Weighted::new(lists, count, |list, place| Some(number(list * 71 + place)));
            let (stride, blocks) = (weighted.stride(), weighted.stride() / LANES);
            let ranges = [0..cut.min(blocks), cut.min(blocks)..blocks];
            let values: Vec<f64> = (0..rows * stride).map(|at| number(at + 7)).collect();
            let mut out = vec![f64::NAN; rows * 2 * lists];
            weighted.sums(&values, &ranges, &mut out);
            for (row, out) in out.chunks_exact(2 * lists).enumerate() {
                let row = &values[row * stride..(row + 1) * stride];
                let mut alone = vec![f64::NAN; 2 * lists];
                weighted.sums(row, &ranges, &mut alone);
                prop_assert_eq!(out, &alone[..]);
                for list in 0..lists {
                    let plain: f64 = (0..count).map(|place| row[place] * number(list * 71 + place)).sum();
                    let sum = out[list] + out[lists + list];
                    prop_assert!((plain - sum).abs() < 1e-10, "{} {}", plain, sum);
                }
            }
            for version in 0..processor::VERSIONS {
                let mut other = vec![0.0; out.len()];
                let work = Sums { weighted: &weighted, rows: &values, ranges: &ranges, out: &mut other };
                if blocks > 0 && processor::version(version, work).is_some() {
                    prop_assert_eq!(&other, &out);
                }
            }
        }
    }
}
