//! One row in the trees, split by split: for what needs more than the leaf.

use super::{
    direct::{Packed, Wide},
    forest::{Forest, Layout},
    kernel::Step,
    ranked::{CodedRow, Nodes},
};
use crate::table::Real;

/// A row, as the splits of a forest see it.
pub(crate) struct Decisions<'a, T> {
    forest: &'a Forest<T>,
    bytes: Vec<u8>,
    floats: Vec<f32>,
    values: Vec<T>,
}

/// What a split does with a row. Nodes are counted among all nodes of the forest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fork {
    /// The feature that it compares.
    pub(crate) feature: u32,
    /// The left child; the right one follows it.
    pub(crate) left: u32,
    /// The row goes right.
    pub(crate) right: bool,
}

impl Fork {
    /// The child that the row goes to, and the other one.
    pub(crate) fn children(self) -> (u32, u32) {
        let (left, right) = (self.left, self.left + 1);
        if self.right { (right, left) } else { (left, right) }
    }
}

impl<T: Real> Forest<T> {
    /// A row to ask about, which [`Decisions::set`] takes.
    pub(crate) fn decisions(&self) -> Decisions<'_, T> {
        Decisions { forest: self, bytes: Vec::new(), floats: Vec::new(), values: Vec::new() }
    }
}

impl<T: Real> Decisions<'_, T> {
    /// Takes the next row.
    pub(crate) fn set(&mut self, row: &[T]) {
        let columns = self.forest.columns();
        self.values.resize(columns.len(), T::default());
        match self.forest.layout() {
            Layout::Ranked(_, ranks, _) => {
                self.bytes.resize(ranks.columns(), 0);
                ranks.fill(columns, row, &mut self.bytes);
            }
            Layout::Packed(_) => {
                self.floats.resize(columns.len(), 0.0);
                columns.fill(row, &mut self.floats, |value| value.to_f64() as f32);
            }
            Layout::Wide(_) => columns.fill(row, &mut self.values, |value| value),
        }
    }

    /// What the node does with the row; `None` at a leaf.
    pub(crate) fn fork(&self, tree: usize, node: u32) -> Option<Fork> {
        let start = self.forest.root(tree)?;
        let at = node as usize;
        let (left, column, next) = match self.forest.layout() {
            Layout::Ranked(Nodes::Ranked(all), ..) => {
                let node = *all.nodes.get(at)?;
                (node.left(), u32::from(node.column()), node.next(&&*self.bytes))
            }
            Layout::Ranked(Nodes::Coded(all), ranks, _) => {
                let node = *all.nodes.get(at)?;
                let row = CodedRow { cells: &*self.bytes, sets: &ranks.sets };
                (node.left(), u32::from(node.column()), node.next(&row))
            }
            Layout::Packed(all) => {
                let node: Packed = *all.nodes.get(at)?;
                (node.left(), node.column(), node.next(&&*self.floats))
            }
            Layout::Wide(nodes) => {
                let node: Wide<T> = *nodes.get(at)?;
                (node.left(), node.column(), node.next(&&*self.values))
            }
        };
        // a leaf's left child is the leaf itself
        if start + left == node {
            return None;
        }
        let feature = self.forest.feature(column)?;
        Some(Fork { feature, left: start + left, right: next != left })
    }
}
