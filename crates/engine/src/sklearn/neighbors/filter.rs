//! Euclidean distances to many rows: floats first, which leave out nearly all rows that are too far,
//! then doubles for the few that may be near.
//!
//! A row `y` is nearer to `x` than `d` when ½‖y‖² − x·y < ½(d² − ‖x‖²). The left side is computed in
//! floats of the rows less their mean, with a bound of its error: no row that is near is left out,
//! and the answers are those of doubles alone.

use std::ops::Range;

use super::heap::Heap;

/// Rows of training that are compared at once.
const LANES: usize = 32;
/// Rows of a request that share what was read of the training.
pub(super) const GROUP: usize = 64;
/// Blocks that stay in the processor's second cache.
const CHUNK: usize = 128;
/// Rounding of a float.
const UNIT: f64 = 1.0 / (1 << 24) as f64;
/// Longest rows whose squares are far from the ends of floats.
const LONGEST: f64 = 1e15;

type Block = [f32; LANES];

/// Rows of training, as doubles and as floats in blocks.
#[derive(Debug)]
pub(super) struct Filter {
    columns: usize,
    count: usize,
    /// Row after row.
    rows: Vec<f64>,
    means: Vec<f64>,
    /// For each block a [`Block`] for each column: the rows less the means.
    blocks: Vec<Block>,
    /// Half the square of each row of a block; infinite where there is no row.
    halves: Vec<Block>,
    /// Greatest length of a row less the means, and of the means.
    longest: f64,
    shift: f64,
}

/// A row of a request.
#[derive(Debug)]
struct Query {
    square: f64,
    /// What a half square in floats may be off by; infinite when floats do not serve.
    error: f64,
}

impl Filter {
    pub(super) fn new(rows: Vec<f64>, columns: usize) -> Self {
        let count = rows.len() / columns.max(1);
        let mut means = vec![0.0; columns];
        for row in rows.chunks_exact(columns.max(1)) {
            means.iter_mut().zip(row).for_each(|(mean, v)| *mean += v / count as f64);
        }
        let filled = count.div_ceil(LANES);
        let mut blocks = vec![[0.0; LANES]; filled * columns];
        let mut halves = vec![[f32::INFINITY; LANES]; filled];
        let mut longest = 0_f64;
        for (at, row) in rows.chunks_exact(columns.max(1)).enumerate() {
            let (block, lane) = (at / LANES, at % LANES);
            let cells = blocks.iter_mut().skip(block * columns);
            let mut square = 0.0;
            for ((cell, value), mean) in cells.zip(row).zip(&means) {
                let centred = value - mean;
                square += centred * centred;
                if let Some(cell) = cell.get_mut(lane) {
                    *cell = centred as f32;
                }
            }
            longest = longest.max(square.sqrt());
            if let Some(half) = halves.get_mut(block).and_then(|halves| halves.get_mut(lane)) {
                *half = (0.5 * square) as f32;
            }
        }
        let shift = means.iter().map(|mean| mean * mean).sum::<f64>().sqrt();
        Self { columns, count, rows, means, blocks, halves, longest, shift }
    }

    /// Fills a heap for each of some rows, at most [`GROUP`], with squared distances.
    pub(super) fn nearest(&self, group: &[f64], heaps: &mut [Heap], scratch: &mut Scratch) {
        scratch.floats.clear();
        scratch.queries.clear();
        let rows = group.chunks_exact(self.columns.max(1));
        for row in rows.clone() {
            scratch.queries.push(self.query(row, &mut scratch.floats));
        }
        for start in (0..self.halves.len()).step_by(CHUNK) {
            let end = self.halves.len().min(start + CHUNK);
            let floats = scratch.floats.chunks_exact(self.columns.max(1));
            for (((row, floats), query), heap) in
                rows.clone().zip(floats).zip(&scratch.queries).zip(heaps.iter_mut())
            {
                self.compare(row, floats, query, start..end, heap);
            }
        }
    }

    /// Appends the row in floats, less the means.
    fn query(&self, row: &[f64], floats: &mut Vec<f32>) -> Query {
        let (mut square, mut length) = (0.0, 0.0);
        for (value, mean) in row.iter().zip(&self.means) {
            let centred = value - mean;
            square += centred * centred;
            length += value * value;
            floats.push(centred as f32);
        }
        let (own, longest) = (square.sqrt(), self.longest);
        let error = if own < LONGEST && longest < LONGEST {
            // conversions, products and sums in floats; then those in doubles
            let sums = own * longest + 0.5 * longest * longest;
            let floats = UNIT * (self.columns as f64 + 8.0) * sums;
            let doubles = 1e-15 * (own + longest) * (length.sqrt() + own + longest + self.shift);
            1.05 * (floats + doubles) + 1e-30
        } else {
            f64::INFINITY
        };
        Query { square, error }
    }

    fn compare(
        &self,
        row: &[f64],
        floats: &[f32],
        query: &Query,
        blocks: Range<usize>,
        heap: &mut Heap,
    ) {
        let mut limit = query.limit(heap);
        for block in blocks {
            let columns = self.blocks.get(block * self.columns..(block + 1) * self.columns);
            let Some(halves) = self.halves.get(block) else { continue };
            let mut near = kernel::near(floats, columns.unwrap_or_default(), halves, limit);
            if near == 0 {
                continue;
            }
            while near != 0 {
                let at = block * LANES + near.trailing_zeros() as usize;
                near &= near - 1;
                if at < self.count {
                    heap.push(self.square(row, at), at as u32);
                }
            }
            limit = query.limit(heap);
        }
    }

    /// The squared distance to a row, in doubles and in the order of the columns.
    fn square(&self, row: &[f64], at: usize) -> f64 {
        let other = self.rows.get(at * self.columns..(at + 1) * self.columns).unwrap_or_default();
        row.iter().zip(other).map(|(x, y)| (x - y) * (x - y)).sum()
    }

    /// Hands over the squared distance of each row.
    pub(super) fn each(&self, row: &[f64], mut found: impl FnMut(f64, u32)) {
        for at in 0..self.count {
            found(self.square(row, at), at as u32);
        }
    }
}

impl Query {
    /// Rows whose half square less the product is not below it are too far.
    fn limit(&self, heap: &Heap) -> f32 {
        if self.error.is_infinite() {
            // nothing is far from it
            return f32::NAN;
        }
        let limit = 0.5 * (heap.farthest() - self.square) + self.error;
        // upwards: a float below the limit could leave out a row
        let float = limit as f32;
        if f64::from(float) < limit { float.next_up() } else { float }
    }
}

/// Memory that is used again for each group of rows.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    floats: Vec<f32>,
    queries: Vec<Query>,
}

/// The comparison itself, compiled for each kind of processor.
mod kernel {
    use super::{Block, LANES};

    /// Which rows of a block are below the limit or not comparable: a bit for each.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "kernels compiled for newer processors")
    )]
    pub(super) fn near(row: &[f32], block: &[Block], halves: &Block, limit: f32) -> u32 {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512, which is all that the function needs.
                return unsafe { avx512(row, block, halves, limit) };
            }
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
            {
                // SAFETY: the processor has AVX2 and FMA, which is all that the function needs.
                return unsafe { avx2(row, block, halves, limit) };
            }
        }
        compared::<false>(row, block, halves, limit)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn avx512(row: &[f32], block: &[Block], halves: &Block, limit: f32) -> u32 {
        compared::<true>(row, block, halves, limit)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2(row: &[f32], block: &[Block], halves: &Block, limit: f32) -> u32 {
        compared::<true>(row, block, halves, limit)
    }

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn compared<const FUSED: bool>(
        row: &[f32],
        block: &[Block],
        halves: &Block,
        limit: f32,
    ) -> u32 {
        let mut scores = *halves;
        for (&x, ys) in row.iter().zip(block) {
            for lane in 0..LANES {
                let y = ys[lane];
                scores[lane] =
                    if FUSED { (-x).mul_add(y, scores[lane]) } else { scores[lane] - x * y };
            }
        }
        // what cannot be compared is not far
        let mut far = true;
        for score in &scores {
            far &= *score >= limit;
        }
        if far {
            return 0;
        }
        let mut near = 0;
        for (lane, score) in scores.iter().enumerate() {
            let is_far = *score >= limit;
            near |= u32::from(!is_far) << lane;
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Filter, Scratch};
    use crate::sklearn::neighbors::heap::Heap;

    fn rows(scale: f64, offset: f64) -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(
            (-50i32..50).prop_map(move |v| f64::from(v) * scale + offset),
            3 * 200,
        )
    }

    proptest! {
        #[test]
        fn the_same_rows_are_found_as_by_doubles_alone(
            (fitted, asked) in prop_oneof![
                (rows(0.1, 0.0), rows(0.1, 0.0)),
                (rows(1e-3, 1e9), rows(1e-3, 1e9)),
                (rows(1e20, 0.0), rows(1e20, 0.0)),
                (rows(1e-25, 0.0), rows(1.0, 0.0)),
            ],
            count in 1usize..200,
            k in 1usize..9,
        ) {
            let fitted = fitted[..count * 3].to_vec();
            let k = k.min(count);
            let filter = Filter::new(fitted, 3);
            let group = &asked[..60];
            let mut found: Vec<_> = (0..20).map(|_| Heap::new(k)).collect();
            filter.nearest(group, &mut found, &mut Scratch::default());
            for (row, found) in group.chunks_exact(3).zip(&mut found) {
                let mut heap = Heap::new(k);
                filter.each(row, |distance, at| heap.push(distance, at));
                prop_assert_eq!(found.sorted(count), heap.sorted(count));
            }
        }
    }
}
