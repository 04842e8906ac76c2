//! Trees whose nodes of one level share a split: a leaf's number has a bit for each level.
//!
//! Values become ranks among the borders of their column, one byte each; a level is one comparison
//! of ranks for all lanes.

use std::fmt;

use super::{
    kernel,
    lanes::{LANES, Level},
};

/// A column that splits compare.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its place in a row.
    pub(crate) place: usize,
    /// Its borders, in ascending order.
    pub(crate) borders: Vec<f32>,
    /// A missing value is above every border; otherwise it is above none.
    pub(crate) missing_above: bool,
}

/// Trees, with the ranks that they compare.
pub(crate) struct Symmetric {
    columns: Box<[Ranked]>,
    levels: Box<[Level]>,
    /// Where each tree's levels end.
    ends: Box<[u32]>,
}

/// A column of ranks: at most 255 borders of a column.
struct Ranked {
    place: usize,
    borders: Box<[f32]>,
    missing_above: bool,
}

/// Most borders that a byte can count.
const MOST_BORDERS: usize = 255;
/// Most levels of a tree, so that a leaf's number fits 32 bits with room to count.
const MOST_LEVELS: usize = 24;
/// Most borders that are compared one by one, with all lanes at once.
const MOST_COUNTED: usize = 96;
/// Rows from which on all lanes are decided at once.
const FEWEST: usize = 8;

impl Symmetric {
    /// `splits` are places of borders, counted through all columns; `sizes` gives the number of
    /// levels of each tree. `None` when a split has no border, a column's borders are out of order,
    /// or a tree has too many levels.
    pub(crate) fn new(columns: Vec<Column>, sizes: &[i32], splits: &[i32]) -> Option<Self> {
        let mut ranked = Vec::new();
        let mut levels_of_splits = Vec::new();
        for column in columns {
            if !column.borders.is_sorted() || column.borders.iter().any(|border| border.is_nan()) {
                return None;
            }
            for borders in column.borders.chunks(MOST_BORDERS) {
                let number = ranked.len() as u32;
                levels_of_splits
                    .extend((0..borders.len()).map(|at| Level { column: number, rank: at as u8 }));
                ranked.push(Ranked {
                    place: column.place,
                    borders: borders.into(),
                    missing_above: column.missing_above,
                });
            }
        }
        let level = |&split: &i32| levels_of_splits.get(usize::try_from(split).ok()?).copied();
        let levels: Box<[Level]> = splits.iter().map(level).collect::<Option<_>>()?;
        let mut end = 0;
        let mut ends = Vec::with_capacity(sizes.len());
        for &size in sizes {
            end += usize::try_from(size).ok().filter(|&size| size <= MOST_LEVELS)?;
            ends.push(u32::try_from(end).ok()?);
        }
        (end == levels.len()).then(|| Self { columns: ranked.into(), levels, ends: ends.into() })
    }

    /// Number of trees.
    pub(crate) fn trees(&self) -> usize {
        self.ends.len()
    }

    /// The levels of a tree.
    fn levels(&self, tree: usize) -> &[Level] {
        let start = tree.checked_sub(1).and_then(|tree| self.ends.get(tree)).copied().unwrap_or(0);
        let end = self.ends.get(tree).copied().unwrap_or(0);
        self.levels.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Number of leaves of a tree.
    pub(crate) fn leaves(&self, tree: usize) -> usize {
        1 << self.levels(tree).len()
    }

    /// Adds the value of each row's leaves, in the order of the trees; `values` has one for each leaf.
    pub(crate) fn add(&self, rows: &[f32], stride: usize, values: &[f64], sums: &mut [f64]) {
        let stride = stride.max(1);
        let count = rows.len() / stride;
        let whole = if count < FEWEST { 0 } else { count };
        let mut ranks = vec![[0_u8; LANES]; if whole == 0 { 0 } else { self.columns.len() }];
        let (blocks, alone) = rows.split_at(whole * stride);
        for (block, sums) in blocks.chunks(LANES * stride).zip(sums.chunks_mut(LANES)) {
            for (column, to) in self.columns.iter().zip(&mut ranks) {
                column.fill(block, stride, to);
            }
            let mut totals = [0.0; LANES];
            let mut rest = values;
            for tree in 0..self.trees() {
                let levels = self.levels(tree);
                let Some((own, others)) = rest.split_at_checked(1 << levels.len()) else { break };
                rest = others;
                let mut leaves = [0_u32; LANES];
                kernel::leaves(levels, &ranks, &mut leaves);
                for (total, leaf) in totals.iter_mut().zip(leaves) {
                    *total += own.get(leaf as usize).copied().unwrap_or_default();
                }
            }
            for (sum, total) in sums.iter_mut().zip(totals) {
                *sum += total;
            }
        }
        let mut start = 0;
        let mut last = 0;
        self.find(alone, stride, |tree, row, leaf| {
            if tree == 0 {
                start = 0;
            } else if tree != last {
                start += self.leaves(last);
            }
            last = tree;
            let sum = sums.get_mut(whole + row);
            if let (Some(sum), Some(value)) = (sum, values.get(start + leaf as usize)) {
                *sum += value;
            }
        });
    }

    /// Hands over each `(tree, row, leaf)` of a row-major matrix with `stride` values a row. For
    /// each row, trees come in order.
    pub(crate) fn find(
        &self,
        rows: &[f32],
        stride: usize,
        mut found: impl FnMut(usize, usize, u32),
    ) {
        let stride = stride.max(1);
        let count = rows.len() / stride;
        let mut done = 0;
        if count >= FEWEST {
            let mut ranks = vec![[0_u8; LANES]; self.columns.len()];
            while count - done >= FEWEST {
                let lanes = (count - done).min(LANES);
                let block = rows.get(done * stride..(done + lanes) * stride).unwrap_or_default();
                for (column, to) in self.columns.iter().zip(&mut ranks) {
                    column.fill(block, stride, to);
                }
                for tree in 0..self.trees() {
                    let mut leaves = [0_u32; LANES];
                    kernel::leaves(self.levels(tree), &ranks, &mut leaves);
                    for (lane, &leaf) in leaves.iter().take(lanes).enumerate() {
                        found(tree, done + lane, leaf);
                    }
                }
                done += lanes;
            }
        }
        let mut ranks = vec![0_u8; self.columns.len()];
        for (row, values) in rows.chunks_exact(stride).enumerate().skip(done) {
            for (column, to) in self.columns.iter().zip(&mut ranks) {
                *to = column.rank(values.get(column.place).copied().unwrap_or(f32::NAN));
            }
            for tree in 0..self.trees() {
                let mut leaf = 0;
                for (bit, level) in self.levels(tree).iter().enumerate() {
                    let rank = ranks.get(level.column as usize).copied().unwrap_or_default();
                    leaf |= u32::from(rank > level.rank) << bit;
                }
                found(tree, row, leaf);
            }
        }
    }
}

impl Ranked {
    /// How many borders a value is above.
    fn rank(&self, value: f32) -> u8 {
        if value.is_nan() {
            return if self.missing_above { self.borders.len() as u8 } else { 0 };
        }
        self.borders.partition_point(|border| value > *border) as u8
    }

    /// Ranks of a block of rows.
    fn fill(&self, rows: &[f32], stride: usize, to: &mut [u8; LANES]) {
        let rows = rows.chunks_exact(stride);
        if self.borders.len() > MOST_COUNTED {
            for (to, row) in to.iter_mut().zip(rows) {
                *to = self.rank(row.get(self.place).copied().unwrap_or(f32::NAN));
            }
            return;
        }
        let mut values = [0.0; LANES];
        for (to, row) in values.iter_mut().zip(rows) {
            let value = row.get(self.place).copied().unwrap_or(f32::NAN);
            // above every border, as it is when it is not missing
            *to = if self.missing_above && value.is_nan() { f32::INFINITY } else { value };
        }
        kernel::count(&values, &self.borders, to);
    }
}

impl fmt::Debug for Symmetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symmetric")
            .field("columns", &self.columns.len())
            .field("trees", &self.trees())
            .field("levels", &self.levels.len())
            .finish_non_exhaustive()
    }
}
