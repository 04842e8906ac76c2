//! Rows times a matrix, as neural networks and kernels need it.
//!
//! The matrix is stored in panels of a few outputs, so that one register holds the sums of a panel
//! for one row. Each sum runs over the columns in order, one product after another, whatever else
//! is computed beside it: a row's answer does not depend on the rows sent with it.

#![expect(
    clippy::inline_always,
    reason = "functions take on the processor features of their caller"
)]

use std::ops::{Add, Mul, Sub};

use crate::{
    processor::{self, Work},
    table::Real,
};

/// A number that rows are multiplied in.
pub(crate) trait Number:
    Real + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
}

impl Number for f32 {}
impl Number for f64 {}

/// Outputs of a panel.
pub(crate) const LANES: usize = 8;
/// Rows that are multiplied with a panel at once.
const ROWS: usize = 4;
/// Panels that one row alone is multiplied with at once.
const SIDE: usize = 4;
/// Rows that stay near while all panels are gone through.
const NEAR: usize = 16;

/// A matrix of `columns × outputs`.
#[derive(Debug)]
pub(crate) struct Panels<T> {
    columns: usize,
    outputs: usize,
    /// For each panel a block of its weights for each column; places beyond the outputs hold zeros.
    blocks: Vec<[T; LANES]>,
}

impl<T: Number> Panels<T> {
    /// The matrix whose weight of a column for an output is `weight(column, output)`.
    pub(crate) fn new(
        columns: usize,
        outputs: usize,
        weight: impl Fn(usize, usize) -> Option<T>,
    ) -> Self {
        let mut blocks = Vec::with_capacity(outputs.div_ceil(LANES) * columns);
        for panel in 0..outputs.div_ceil(LANES) {
            for column in 0..columns {
                let mut block = [T::default(); LANES];
                let own = block.iter_mut().zip(panel * LANES..outputs);
                own.for_each(|(to, output)| *to = weight(column, output).unwrap_or_default());
                blocks.push(block);
            }
        }
        Self { columns, outputs, blocks }
    }

    /// Values of a row that is multiplied.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Products of a row.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Values from one row of products to the next: the outputs, rounded up to whole panels.
    pub(crate) fn stride(&self) -> usize {
        self.outputs.next_multiple_of(LANES)
    }

    /// The products of rows that lie `stride` apart, written over `out`, which has
    /// [`Panels::stride`] values for each of them.
    pub(crate) fn multiply(&self, rows: &[T], stride: usize, out: &mut [T]) {
        self.sums(rows, stride, out, |value, weight| value * weight);
    }

    /// The squared distances between rows, as [`Panels::multiply`] takes them, and the outputs of the
    /// matrix.
    pub(crate) fn distances(&self, rows: &[T], stride: usize, out: &mut [T]) {
        self.sums(rows, stride, out, |value, weight| (value - weight) * (value - weight));
    }

    /// The sums over the columns of what `combine` makes of a row's value and a weight.
    pub(crate) fn sums(
        &self,
        rows: &[T],
        stride: usize,
        out: &mut [T],
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        if self.blocks.is_empty() {
            out.fill(T::default());
            return;
        }
        processor::run(Sums { panels: self, rows, stride, out, combine });
    }

    /// Adds `value` times the weights of one column to the products of one row.
    pub(crate) fn add(&self, column: usize, value: T, out: &mut [T]) {
        let (whole, rest) = out.as_chunks_mut::<LANES>();
        let mut blocks = self.blocks.iter().skip(column).step_by(self.columns.max(1));
        for (out, block) in whole.iter_mut().zip(&mut blocks) {
            out.iter_mut().zip(block).for_each(|(sum, &weight)| *sum = *sum + value * weight);
        }
        if let Some(block) = blocks.next() {
            rest.iter_mut().zip(block).for_each(|(sum, &weight)| *sum = *sum + value * weight);
        }
    }
}

/// The sums of rows with all panels.
struct Sums<'s, T, C> {
    panels: &'s Panels<T>,
    rows: &'s [T],
    stride: usize,
    out: &'s mut [T],
    combine: C,
}

impl<T: Number, C: Fn(T, T) -> T + Copy> Work for Sums<'_, T, C> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let width = self.panels.stride();
        let outs = self.out.chunks_mut(NEAR * width);
        for (rows, out) in self.rows.chunks(NEAR * self.stride.max(1)).zip(outs) {
            several(self.panels, rows, self.stride, out, self.combine);
        }
    }
}

/// Rows that stay near.
#[inline(always)]
fn several<T: Number>(
    panels: &Panels<T>,
    rows: &[T],
    stride: usize,
    out: &mut [T],
    combine: impl Fn(T, T) -> T + Copy,
) {
    let (columns, width) = (panels.columns, panels.stride());
    let row = |at: usize| rows.get(at * stride..at * stride + columns);
    let count = out.len() / width.max(1);
    let grouped = count - count % ROWS;
    let (groups, left) = out.split_at_mut(grouped * width);
    for (place, panel) in panels.blocks.chunks_exact(columns).enumerate() {
        for (group, out) in groups.chunks_exact_mut(ROWS * width).enumerate() {
            let at = group * ROWS;
            let (Some(a), Some(b), Some(c), Some(d)) =
                (row(at), row(at + 1), row(at + 2), row(at + 3))
            else {
                continue;
            };
            let sums = together(panel, [a, b, c, d], combine);
            for (out, sums) in out.chunks_exact_mut(width).zip(sums) {
                keep(out, place, sums);
            }
        }
    }
    for (offset, out) in left.chunks_exact_mut(width.max(1)).enumerate() {
        if let Some(row) = row(grouped + offset) {
            alone(panels, row, out, combine);
        }
    }
}

#[inline(always)]
fn keep<T: Number>(out: &mut [T], panel: usize, sums: [T; LANES]) {
    if let Some(out) = out.get_mut(panel * LANES..(panel + 1) * LANES) {
        out.copy_from_slice(&sums);
    }
}

#[inline(always)]
fn step<T: Number>(
    sums: &mut [T; LANES],
    value: T,
    block: &[T; LANES],
    combine: impl Fn(T, T) -> T,
) {
    for lane in 0..LANES {
        sums[lane] = sums[lane] + combine(value, block[lane]);
    }
}

/// The sums of one panel for several rows.
#[inline(always)]
fn together<T: Number>(
    panel: &[[T; LANES]],
    rows: [&[T]; ROWS],
    combine: impl Fn(T, T) -> T + Copy,
) -> [[T; LANES]; ROWS] {
    let none = [T::default(); LANES];
    let [mut a, mut b, mut c, mut d] = [none; ROWS];
    let each = rows[0].iter().zip(rows[1]).zip(rows[2]).zip(rows[3]);
    for (block, (((&x, &y), &z), &w)) in panel.iter().zip(each) {
        step(&mut a, x, block, combine);
        step(&mut b, y, block, combine);
        step(&mut c, z, block, combine);
        step(&mut d, w, block, combine);
    }
    [a, b, c, d]
}

/// All sums of one row.
#[inline(always)]
fn alone<T: Number>(
    panels: &Panels<T>,
    row: &[T],
    out: &mut [T],
    combine: impl Fn(T, T) -> T + Copy,
) {
    let columns = panels.columns;
    let mut groups = panels.blocks.chunks_exact(columns * SIDE);
    let mut place = 0;
    for group in &mut groups {
        let (a, rest) = group.split_at(columns);
        let (b, rest) = rest.split_at(columns);
        let (c, d) = rest.split_at(columns);
        let mut sums = [[T::default(); LANES]; SIDE];
        for ((((&value, a), b), c), d) in row.iter().zip(a).zip(b).zip(c).zip(d) {
            for (sums, block) in sums.iter_mut().zip([a, b, c, d]) {
                step(sums, value, block, combine);
            }
        }
        for sums in sums {
            keep(out, place, sums);
            place += 1;
        }
    }
    for panel in groups.remainder().chunks_exact(columns) {
        let mut sums = [T::default(); LANES];
        for (&value, block) in row.iter().zip(panel) {
            step(&mut sums, value, block, combine);
        }
        keep(out, place, sums);
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Panels, Sums};
    use crate::processor;

    proptest! {
        #[test]
        fn products_are_plain_sums_whatever_stands_beside(
            rows in 0_usize..11, columns in 0_usize..7, outputs in 1_usize..70, seed in 0_u64..1000,
        ) {
            let number = |at: usize| ((at as u64 * 2_654_435_761 + seed) % 1009) as f64 / 97.0 - 5.0;
            let panels = Panels::new(columns, outputs, |c, o| Some(number(c * 131 + o)));
            let stride = columns + 2;
            let values: Vec<f64> = (0..rows * stride).map(|at| number(at + 7)).collect();
            let mut out = vec![f64::NAN; rows * panels.stride()];
            panels.multiply(&values, stride, &mut out);
            for version in 0..processor::VERSIONS {
                let mut other = vec![0.0; out.len()];
                let (panels, rows, out_) = (&panels, &values[..], &mut other[..]);
                let work = Sums { panels, rows, stride, out: out_, combine: |a, b| a * b };
                if columns > 0 && processor::version(version, work).is_some() {
                    prop_assert_eq!(&other, &out);
                }
            }
            for (row, out) in out.chunks_exact(panels.stride()).enumerate() {
                let mut added = vec![0.0; panels.stride()];
                for (output, sum) in out.iter().enumerate().take(outputs) {
                    let products = (0..columns).map(|c| values[row * stride + c] * number(c * 131 + output));
                    prop_assert_eq!(*sum, products.fold(0.0, |sum, product| sum + product));
                }
                for column in 0..columns {
                    panels.add(column, values[row * stride + column], &mut added);
                }
                prop_assert_eq!(out, &added[..]);
            }
        }
    }
}
