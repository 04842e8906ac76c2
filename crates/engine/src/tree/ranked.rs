//! Nodes that compare ranks: how many of a feature's thresholds lie below the value.
//!
//! `x > t` holds exactly when the rank of `x` exceeds the place of `t` among the sorted thresholds
//! of its column, so answers cannot differ. A node shrinks to four bytes and a value to one.

use super::{
    build::{Form, Node},
    columns::{Columns, View},
    kernel::{Cells, Step},
    lanes,
};
use crate::table::Real;

/// Four bytes: left child, column, place of the threshold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked(u32);

impl Ranked {
    /// The column it compares.
    pub(super) fn column(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The place of its threshold.
    pub(super) fn place(self) -> u8 {
        self.0 as u8
    }
}

impl Step for Ranked {
    type Cell = u8;

    #[inline]
    fn left(self) -> u32 {
        self.0 >> 16
    }

    #[inline]
    fn next<R: Cells<u8>>(self, row: &R) -> u32 {
        let value = row.cell((self.0 >> 8 & 0xff) as usize);
        self.left() + u32::from(value > self.0 as u8)
    }
}

/// The thresholds of every feature.
pub(super) struct Ranks<T> {
    features: Vec<Feature<T>>,
}

/// One feature's thresholds, and the columns that compare with them.
struct Feature<T> {
    index: u32,
    /// The sorted thresholds, filled up with infinities.
    blocks: Vec<[T; SIDE]>,
    /// The last threshold of each block.
    lasts: [T; SIDE],
    columns: Vec<(u32, View)>,
}

/// Thresholds in a block, and blocks of a feature.
const SIDE: usize = 16;

/// Most thresholds of a feature, so that ranks fit a byte.
const MOST: usize = 255;

/// Columns that share sorted thresholds, while they are collected.
struct Collected<T> {
    index: u32,
    thresholds: Vec<T>,
    columns: Vec<(u32, View)>,
}

/// Ranked nodes with what turns values into ranks; `None` when a feature has too many thresholds, a
/// tree too many nodes, or the splits too many columns.
pub(super) fn ranked<T: Real>(form: &Form<T>) -> Option<(Box<[Ranked]>, Ranks<T>)> {
    if form.columns.len() > 256 || form.trees.iter().any(|tree| tree.len > 1 << 16) {
        return None;
    }
    let mut collected: Vec<Collected<T>> = Vec::new();
    let mut place_of_column = Vec::new();
    for (column, &(index, view)) in form.columns.list.iter().enumerate() {
        let shared = collected.iter().position(|c| {
            c.index == index && !view.is_flag() && !c.columns.iter().any(|c| c.1.is_flag())
        });
        let place = shared.unwrap_or(collected.len());
        if shared.is_none() {
            collected.push(Collected { index, thresholds: Vec::new(), columns: Vec::new() });
        }
        collected.get_mut(place)?.columns.push((column as u32, view));
        place_of_column.push(place);
    }
    for node in form.nodes.iter().filter(|node| !node.leaf) {
        let place = *place_of_column.get(node.column as usize)?;
        collected.get_mut(place)?.thresholds.push(node.threshold);
    }
    for feature in &mut collected {
        let thresholds = &mut feature.thresholds;
        thresholds.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        thresholds.dedup();
        if thresholds.len() > MOST {
            return None;
        }
    }
    let pack = |node: &Node<T>| {
        let place = if node.leaf {
            MOST
        } else {
            let feature = collected.get(*place_of_column.get(node.column as usize)?)?;
            feature.thresholds.partition_point(|t| *t < node.threshold)
        };
        Some(Ranked(node.left << 16 | node.column << 8 | place as u32))
    };
    let nodes = form.nodes.iter().map(pack).collect::<Option<Box<[_]>>>()?;
    let features = collected.into_iter().map(Feature::new).collect();
    Some((nodes, Ranks { features }))
}

impl<T: Real> Ranks<T> {
    /// Writes the ranks of one row's columns.
    pub(super) fn fill(&self, columns: &Columns, row: &[T], out: &mut [u8]) {
        for feature in &self.features {
            let value = row.get(feature.index as usize).copied().unwrap_or(T::NAN);
            feature.views(columns, value, |column, rank| {
                if let Some(to) = out.get_mut(column) {
                    *to = rank;
                }
            });
        }
    }

    /// Writes the ranks of up to [`lanes::LANES`] rows, column by column.
    pub(super) fn fill_lanes(
        &self,
        columns: &Columns,
        rows: &[T],
        stride: usize,
        out: &mut [lanes::Ranks; 256],
    ) {
        for feature in &self.features {
            for (lane, row) in rows.chunks_exact(stride).take(lanes::LANES).enumerate() {
                let value = row.get(feature.index as usize).copied().unwrap_or(T::NAN);
                feature.views(columns, value, |column, rank| {
                    if let Some(to) = out.get_mut(column).and_then(|ranks| ranks.get_mut(lane)) {
                        *to = lanes::signed(rank);
                    }
                });
            }
        }
    }
}

impl<T: Real> Feature<T> {
    fn new(collected: Collected<T>) -> Self {
        let mut thresholds = collected.thresholds;
        thresholds.resize(thresholds.len().next_multiple_of(SIDE), T::INFINITY);
        let blocks = thresholds.as_chunks::<SIDE>().0.to_vec();
        let mut lasts = [T::INFINITY; SIDE];
        for (to, block) in lasts.iter_mut().zip(&blocks) {
            *to = block[SIDE - 1];
        }
        Self { index: collected.index, blocks, lasts, columns: collected.columns }
    }

    /// Hands over each column's rank of `value`.
    #[inline]
    fn views(&self, columns: &Columns, value: T, mut found: impl FnMut(usize, u8)) {
        let plain = self.rank(value);
        for &(column, view) in &self.columns {
            let same = match view {
                View::Plain => true,
                // the usual case: every view shows the value itself
                View::NanRight | View::NanZero => !value.nan(),
                _ => false,
            };
            let rank = if same { plain } else { self.rank(columns.see(view, value)) };
            found(column as usize, rank);
        }
    }

    /// How many thresholds lie below `value`; none for NaN.
    #[inline]
    fn rank(&self, value: T) -> u8 {
        let block = below(&self.lasts, value);
        let rest = self.blocks.get(usize::from(block)).map_or(0, |block| below(block, value));
        block * SIDE as u8 + rest
    }
}

/// How many of the numbers lie below `value`. A processor compares them all at once, while it
/// cannot predict which way a search would go.
#[inline]
fn below<T: Real>(numbers: &[T; SIDE], value: T) -> u8 {
    numbers.iter().map(|number| u32::from(value > *number)).sum::<u32>() as u8
}
