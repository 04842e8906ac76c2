//! Rows times a matrix, as neural networks and kernels need it.
//!
//! The matrix is stored in panels of a few outputs, so that one register holds the sums of a panel
//! for one row. Each sum runs over the columns in order, one product after another, whatever else
//! is computed beside it: a row's answer does not depend on the rows sent with it.

#![expect(
    unsafe_code,
    reason = "a function compiled for AVX2 is called after asking the processor"
)]

use std::ops::{Add, Mul, Sub};

use crate::table::Real;

/// A number that rows are multiplied in.
pub(crate) trait Number:
    Real + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
}

impl Number for f32 {}
impl Number for f64 {}

/// Outputs of a panel.
const LANES: usize = 8;
/// Rows that are multiplied with a panel at once.
const ROWS: usize = 4;
/// Panels that one row alone is multiplied with at once.
const SIDE: usize = 4;

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

    fn sums(&self, rows: &[T], stride: usize, out: &mut [T], combine: impl Fn(T, T) -> T + Copy) {
        if self.columns == 0 {
            out.fill(T::default());
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, which is all that the function needs beyond safe code.
            unsafe { sums_avx2(self, rows, stride, out, combine) };
            return;
        }
        sums(self, rows, stride, out, combine);
    }

    /// Adds `value` times the weights of one column to the products of one row.
    pub(crate) fn add(&self, column: usize, value: T, out: &mut [T]) {
        let (out, _) = out.as_chunks_mut::<LANES>();
        let blocks = self.blocks.iter().skip(column).step_by(self.columns.max(1));
        for (out, block) in out.iter_mut().zip(blocks) {
            out.iter_mut().zip(block).for_each(|(sum, &weight)| *sum = *sum + value * weight);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sums_avx2<T: Number>(
    panels: &Panels<T>,
    rows: &[T],
    stride: usize,
    out: &mut [T],
    combine: impl Fn(T, T) -> T + Copy,
) {
    sums(panels, rows, stride, out, combine);
}

#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn sums<T: Number>(
    panels: &Panels<T>,
    rows: &[T],
    stride: usize,
    out: &mut [T],
    combine: impl Fn(T, T) -> T + Copy,
) {
    let (columns, width) = (panels.columns, panels.stride());
    let row = |at: usize| rows.get(at * stride..at * stride + columns);
    let mut at = 0;
    let mut outs = out.chunks_mut(ROWS * width);
    for out in &mut outs {
        if let (Some(a), Some(b), Some(c), Some(d)) =
            (row(at), row(at + 1), row(at + 2), row(at + 3))
            && out.len() == ROWS * width
        {
            for (place, panel) in panels.blocks.chunks_exact(columns).enumerate() {
                let sums = rows_of(panel, [a, b, c, d], combine);
                for (out, sums) in out.chunks_exact_mut(width).zip(sums) {
                    keep(out, place, sums);
                }
            }
        } else {
            for (offset, out) in out.chunks_exact_mut(width).enumerate() {
                if let Some(row) = row(at + offset) {
                    alone(panels, row, out, combine);
                }
            }
        }
        at += ROWS;
    }
}

#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn keep<T: Number>(out: &mut [T], panel: usize, sums: [T; LANES]) {
    if let Some(out) = out.get_mut(panel * LANES..(panel + 1) * LANES) {
        out.copy_from_slice(&sums);
    }
}

/// The sums of one panel for several rows.
#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn rows_of<T: Number>(
    panel: &[[T; LANES]],
    rows: [&[T]; ROWS],
    combine: impl Fn(T, T) -> T + Copy,
) -> [[T; LANES]; ROWS] {
    let [a, b, c, d] = rows;
    let mut sums = [[T::default(); LANES]; ROWS];
    for ((((block, &a), &b), &c), &d) in panel.iter().zip(a).zip(b).zip(c).zip(d) {
        for (sums, value) in sums.iter_mut().zip([a, b, c, d]) {
            for (sum, &weight) in sums.iter_mut().zip(block) {
                *sum = *sum + combine(value, weight);
            }
        }
    }
    sums
}

/// All sums of one row.
#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
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
                for (sum, &weight) in sums.iter_mut().zip(block) {
                    *sum = *sum + combine(value, weight);
                }
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
            for (sum, &weight) in sums.iter_mut().zip(block) {
                *sum = *sum + combine(value, weight);
            }
        }
        keep(out, place, sums);
        place += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Panels;

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
