//! Nodes that compare floats as they are.

use super::{
    build::Form,
    kernel::{Cells, Step},
};
use crate::table::Real;

/// Bits that hold the column in a packed node.
const COLUMN_BITS: u32 = 10;

/// Eight bytes: threshold, and left child with the column in its low bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    threshold: f32,
    link: u32,
}

impl Packed {
    /// The column it compares.
    #[inline]
    pub(super) fn column(self) -> u32 {
        self.link & ((1 << COLUMN_BITS) - 1)
    }

    /// The greatest value that goes left.
    pub(super) fn threshold(self) -> f32 {
        self.threshold
    }
}

impl Step for Packed {
    type Cell = f32;
    type Lane = f32;

    #[inline]
    fn left(self) -> u32 {
        self.link >> COLUMN_BITS
    }

    #[inline]
    fn next<R: Cells<f32>>(self, row: &R) -> u32 {
        let value = row.cell(self.column() as usize);
        self.left() + u32::from(value > self.threshold)
    }

    fn lane(cell: f32) -> f32 {
        cell
    }

    fn test(self) -> Option<(u32, f32)> {
        Some((self.column(), self.threshold))
    }
}

/// A node without bounds on columns or children.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide<T> {
    threshold: T,
    column: u32,
    left: u32,
}

impl<T> Wide<T> {
    /// The column it compares.
    pub(super) fn column(&self) -> u32 {
        self.column
    }

    /// The greatest value that goes left.
    pub(super) fn threshold(self) -> T {
        self.threshold
    }
}

impl<T: Real> Step for Wide<T> {
    type Cell = T;
    type Lane = T;

    #[inline]
    fn left(self) -> u32 {
        self.left
    }

    #[inline]
    fn next<R: Cells<T>>(self, row: &R) -> u32 {
        self.left + u32::from(row.cell(self.column as usize) > self.threshold)
    }

    fn lane(cell: T) -> T {
        cell
    }

    fn test(self) -> Option<(u32, T)> {
        Some((self.column, self.threshold))
    }
}

/// The packed nodes, unless columns or children need more bits. Thresholds are rounded down, which
/// changes nothing for values that are floats.
pub(super) fn packed<T: Real>(form: &Form<T>) -> Option<Box<[Packed]>> {
    if T::NAME != f32::NAME
        || form.columns.len() > 1 << COLUMN_BITS
        || form.trees.iter().any(|tree| tree.len > 1 << (32 - COLUMN_BITS))
    {
        return None;
    }
    let node = |node: &super::build::Node<T>| Packed {
        threshold: node.threshold.to_f64() as f32,
        link: node.left << COLUMN_BITS | node.column,
    };
    Some(form.nodes.iter().map(node).collect())
}

pub(super) fn wide<T: Real>(form: &Form<T>) -> Box<[Wide<T>]> {
    form.nodes
        .iter()
        .map(|node| Wide { threshold: node.threshold, column: node.column, left: node.left })
        .collect()
}
