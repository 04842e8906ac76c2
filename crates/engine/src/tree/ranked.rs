//! Nodes that compare ranks: how many of a feature's thresholds lie below the value.
//!
//! `x > t` holds exactly when the rank of `x` exceeds the place of `t` among the sorted thresholds
//! of its column, so answers cannot differ. A node shrinks to four bytes and a value to one.

use super::{
    blend,
    build::{Form, Node},
    columns::{Columns, View},
    kernel::{Cells, Step},
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
    fn next<R: Cells<u8>>(self, row: &R) -> u32 {
        let value = row.cell((self.0 >> 8 & 0xff) as usize);
        (self.0 >> 16) + u32::from(value > self.0 as u8)
    }
}

/// The thresholds of every column, padded to a power of two with infinities.
pub(super) struct Ranks<T> {
    features: Vec<Feature<T>>,
}

/// One feature's thresholds, and the columns that compare with them.
struct Feature<T> {
    index: u32,
    /// Sorted; fewer than 256 while they are collected, then filled up with infinities to a power
    /// of two.
    thresholds: Vec<T>,
    columns: Vec<(u32, View)>,
}

const MOST: usize = 255;

/// Ranked nodes with what turns values into ranks; `None` when a feature has too many thresholds, a
/// tree too many nodes, or the splits too many columns.
pub(super) fn ranked<T: Real>(form: &Form<T>) -> Option<(Box<[Ranked]>, Ranks<T>)> {
    if form.columns.len() > 256 || form.trees.iter().any(|tree| tree.len > 1 << 16) {
        return None;
    }
    let mut by_feature: Vec<Feature<T>> = Vec::new();
    let mut place_of_column = Vec::new();
    for (index, &(feature, view)) in form.columns.list.iter().enumerate() {
        let own = matches!(view, View::IsNan | View::IsZero | View::Set(_));
        let shared = by_feature.iter().position(|f| {
            !own && f.index == feature
                && !f
                    .columns
                    .iter()
                    .any(|(_, v)| matches!(v, View::IsNan | View::IsZero | View::Set(_)))
        });
        let place = shared.unwrap_or_else(|| {
            by_feature.push(Feature {
                index: feature,
                thresholds: Vec::new(),
                columns: Vec::new(),
            });
            by_feature.len() - 1
        });
        by_feature.get_mut(place)?.columns.push((index as u32, view));
        place_of_column.push(place);
    }
    for node in form.nodes.iter().filter(|node| !node.leaf) {
        let place = *place_of_column.get(node.column as usize)?;
        by_feature.get_mut(place)?.thresholds.push(node.threshold);
    }
    for feature in &mut by_feature {
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
            let thresholds =
                &by_feature.get(*place_of_column.get(node.column as usize)?)?.thresholds;
            thresholds.partition_point(|t| *t < node.threshold)
        };
        Some(Ranked(node.left << 16 | node.column << 8 | place as u32))
    };
    let nodes = form.nodes.iter().map(pack).collect::<Option<Box<[_]>>>()?;
    for feature in &mut by_feature {
        // one more than the thresholds, for the rank above all
        let len = (feature.thresholds.len() + 1).next_power_of_two();
        feature.thresholds.resize(len, T::INFINITY);
    }
    Some((nodes, Ranks { features: by_feature }))
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

    /// Writes the ranks of up to [`blend::LANES`] rows, column by column.
    pub(super) fn fill_lanes(
        &self,
        columns: &Columns,
        rows: &[T],
        stride: usize,
        out: &mut [blend::Ranks; 256],
    ) {
        for feature in &self.features {
            for (lane, row) in rows.chunks_exact(stride).take(blend::LANES).enumerate() {
                let value = row.get(feature.index as usize).copied().unwrap_or(T::NAN);
                feature.views(columns, value, |column, rank| {
                    if let Some(to) = out.get_mut(column).and_then(|ranks| ranks.get_mut(lane)) {
                        *to = blend::signed(rank);
                    }
                });
            }
        }
    }
}

impl<T: Real> Feature<T> {
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
        // halves without a branch: which way the search goes is not predictable
        let mut below = 0;
        let mut half = self.thresholds.len();
        while half > 1 {
            half /= 2;
            let above = self.thresholds.get(below + half - 1).is_some_and(|t| value > *t);
            below += usize::from(above) * half;
        }
        below as u8
    }
}
