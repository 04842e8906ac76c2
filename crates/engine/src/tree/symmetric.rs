//! Trees whose nodes of one level share a split: a leaf's number has a bit for each level.
//!
//! Values become ranks among the borders of their column, one byte each; a level is one comparison
//! of ranks for all lanes. Several trees are answered at a time, so that sums stay in registers.

use std::fmt;

use super::{
    kernel,
    lanes::{LANES, Level, Places},
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
    /// The columns in the order of their places.
    order: Box<[u32]>,
    levels: Box<[Level]>,
    /// Where each tree's levels end.
    ends: Box<[u32]>,
}

/// Ranks of up to [`ROWS`] rows.
pub(crate) struct Room(Vec<Places>);

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
/// Most levels of a tree whose leaves have numbers of a byte.
const BYTE: usize = 8;
/// Most borders that are compared one by one, with all lanes at once.
const MOST_COUNTED: usize = 96;
/// Rows from which on all lanes are decided at once.
pub(crate) const FEWEST: usize = 8;
/// Lanes that one tree is taken through before the next one, so that its values stay near.
const BLOCKS: usize = 4;
/// Rows that are decided by one tree before the next one.
pub(crate) const ROWS: usize = BLOCKS * LANES;
/// Trees side by side.
const TREES: usize = 4;

impl Symmetric {
    /// `splits` are places of borders, counted through all columns; `sizes` gives the number of
    /// levels of each tree. `None` when a split has no border, a column's borders are out of order,
    /// or a tree has too many levels.
    pub(crate) fn new(columns: Vec<Column>, sizes: &[i32], splits: &[i32]) -> Option<Self> {
        let mut end = 0;
        let mut ends = Vec::with_capacity(sizes.len());
        for &size in sizes {
            end += usize::try_from(size).ok().filter(|&size| size <= MOST_LEVELS)?;
            ends.push(u32::try_from(end).ok()?);
        }
        if end != splits.len() {
            return None;
        }
        let mut ranked = Vec::new();
        // where the borders of each column of ranks begin, counted through all of them
        let mut starts = Vec::new();
        let mut borders_before = 0;
        for column in columns {
            if !column.borders.is_sorted() || column.borders.iter().any(|border| border.is_nan()) {
                return None;
            }
            for borders in column.borders.chunks(MOST_BORDERS) {
                starts.push(borders_before);
                borders_before += borders.len();
                ranked.push(Ranked {
                    place: column.place,
                    borders: borders.into(),
                    missing_above: column.missing_above,
                });
            }
        }
        let level = |&split: &i32| {
            let split = usize::try_from(split).ok().filter(|&split| split < borders_before)?;
            let column = starts.partition_point(|&start| start <= split).checked_sub(1)?;
            let rank = split - starts.get(column)?;
            Some(Level { column: column as u32, rank: rank as u8 })
        };
        let levels = splits.iter().map(level).collect::<Option<_>>()?;
        let mut order: Vec<u32> = (0..ranked.len() as u32).collect();
        order.sort_by_key(|&at| ranked.get(at as usize).map(|column: &Ranked| column.place));
        Some(Self { columns: ranked.into(), order: order.into(), levels, ends: ends.into() })
    }

    /// The borders of a column, by its place in a row.
    pub(super) fn borders(&self, place: usize) -> &[f32] {
        self.columns.iter().find(|column| column.place == place).map_or(&[], |own| &own.borders)
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

    /// Levels of the deepest tree.
    pub(crate) fn depth(&self) -> usize {
        (0..self.trees()).map(|tree| self.levels(tree).len()).max().unwrap_or(0)
    }

    /// About the nanoseconds that a row takes, for trees with so many values a leaf.
    pub(crate) fn cost(&self, outputs: usize) -> usize {
        self.levels.len() / 16 + self.trees() * outputs + self.columns.len() * 2
    }

    /// Adds the values of each row's leaves, in the order of the trees: `values` has `outputs` for
    /// each leaf, and `sums` as many for each row.
    pub(crate) fn add(
        &self,
        rows: &[f32],
        stride: usize,
        values: &[f64],
        outputs: usize,
        sums: &mut [f64],
    ) {
        let (stride, outputs) = (stride.max(1), outputs.max(1));
        let count = rows.len() / stride;
        if count < FEWEST {
            for (row, sums) in rows.chunks_exact(stride).zip(sums.chunks_exact_mut(outputs)) {
                let mut start = 0;
                self.one(row, |tree, leaf| {
                    let own = values.get(start + leaf as usize * outputs..).unwrap_or_default();
                    start += self.leaves(tree) * outputs;
                    sums.iter_mut().zip(own).for_each(|(sum, value)| *sum += value);
                });
            }
            return;
        }
        let mut ranks = vec![[0_u8; LANES]; self.columns.len() * BLOCKS];
        let sums = sums.chunks_mut(BLOCKS * LANES * outputs);
        for (rows, sums) in rows.chunks(BLOCKS * LANES * stride).zip(sums) {
            self.rank(rows, stride, &mut ranks);
            if outputs == 1 {
                self.add_one(&ranks, values, sums);
            } else {
                self.add_all(&ranks, values, outputs, sums);
            }
        }
    }

    /// Room for the ranks of so many rows, at most [`ROWS`].
    pub(crate) fn room(&self, rows: usize) -> Room {
        Room(vec![[0; LANES]; self.columns.len() * rows.min(ROWS).div_ceil(LANES)])
    }

    /// The columns of ranks that are made of a place in a row.
    fn of(&self, place: usize) -> impl Iterator<Item = (usize, &Ranked)> {
        let column = |&at: &u32| self.columns.get(at as usize).map(|column| (at as usize, column));
        let before = |at: &u32| column(at).is_some_and(|(_, column)| column.place < place);
        let first = self.order.partition_point(before);
        let rest = self.order.get(first..).unwrap_or_default().iter().filter_map(column);
        rest.take_while(move |(_, column)| column.place == place)
    }

    /// Ranks the values that rows have at a place.
    pub(crate) fn rank_values(&self, place: usize, values: &[f32], room: &mut Room) {
        for (at, column) in self.of(place) {
            for (values, to) in values.chunks(LANES).zip(blocks_of(self.columns.len(), at, room)) {
                column.count(values.iter().copied(), to);
            }
        }
    }

    /// Where the ranks of a place belong, [`LANES`] rows at a time, when it has at most 255 borders;
    /// nowhere when it has none.
    pub(crate) fn ranks<'a>(
        &self,
        place: usize,
        room: &'a mut Room,
    ) -> impl Iterator<Item = &'a mut [u8; LANES]> + use<'a> {
        let first = self.of(place).next();
        let at = first.map_or(room.0.len(), |(at, _)| at);
        blocks_of(self.columns.len(), at, room)
    }

    /// As [`Symmetric::add`], of rows whose ranks are in the room.
    pub(crate) fn add_ranked(&self, room: &Room, values: &[f64], outputs: usize, sums: &mut [f64]) {
        match outputs {
            1 => self.add_one(&room.0, values, sums),
            _ => self.add_all(&room.0, values, outputs.max(1), sums),
        }
    }

    /// Ranks of some blocks of rows, one block after the other.
    fn rank(&self, rows: &[f32], stride: usize, ranks: &mut [Places]) {
        let columns = self.columns.len().max(1);
        for (rows, ranks) in rows.chunks(LANES * stride).zip(ranks.chunks_exact_mut(columns)) {
            for (column, to) in self.columns.iter().zip(ranks) {
                column.fill(rows, stride, to);
            }
        }
    }

    /// The ranks of each block of rows, with what belongs to its rows: `width` items a row.
    fn blocks<'a, V>(
        &self,
        ranks: &'a [Places],
        width: usize,
        of_rows: &'a mut [V],
    ) -> impl Iterator<Item = (&'a [Places], &'a mut [V])> {
        // trees without a split compare no column
        let columns = self.columns.len();
        let ranks = (0..BLOCKS).map(move |block| {
            ranks.get(block * columns..(block + 1) * columns).unwrap_or_default()
        });
        ranks.zip(of_rows.chunks_mut(LANES * width))
    }

    /// Adds the one value of each leaf.
    fn add_one(&self, ranks: &[Places], values: &[f64], sums: &mut [f64]) {
        let mut rest = values;
        let mut tree = 0;
        while tree < self.trees() {
            let trees: [&[Level]; TREES] = std::array::from_fn(|next| self.levels(tree + next));
            let depth = trees[0].len();
            let alike = tree + TREES <= self.trees()
                && depth <= BYTE
                && trees.iter().all(|levels| levels.len() == depth);
            let together = if alike { TREES } else { 1 };
            let Some((own, others)) = rest.split_at_checked(together << depth) else { break };
            rest = others;
            for (ranks, sums) in self.blocks(ranks, 1, sums) {
                if alike {
                    let mut leaves = [[0; LANES]; TREES];
                    kernel::leaves(trees, ranks, &mut leaves);
                    add_trees(depth, own, &leaves, sums);
                } else {
                    let leaves = deep(trees[0], ranks);
                    for (sum, leaf) in sums.iter_mut().zip(leaves) {
                        *sum += own.get(leaf as usize).copied().unwrap_or_default();
                    }
                }
            }
            tree += together;
        }
    }

    /// Adds the `outputs` values of each leaf.
    fn add_all(&self, ranks: &[Places], values: &[f64], outputs: usize, sums: &mut [f64]) {
        let mut rest = values;
        for first in (0..self.trees()).step_by(TREES) {
            // behind the last tree come some of no level, for which no values are left
            let trees: [&[Level]; TREES] = std::array::from_fn(|next| self.levels(first + next));
            let own: [&[f64]; TREES] = trees.map(|levels| {
                let size = outputs.saturating_mul(1 << levels.len());
                let (own, others) = rest.split_at_checked(size).unwrap_or_default();
                rest = others;
                own
            });
            let shallow = trees.iter().all(|levels| levels.len() <= BYTE);
            for (ranks, sums) in self.blocks(ranks, outputs, sums) {
                if shallow {
                    let mut leaves = [[0; LANES]; TREES];
                    kernel::leaves(trees, ranks, &mut leaves);
                    kernel::add_all(own, outputs, &leaves, sums);
                    continue;
                }
                for (levels, own) in trees.into_iter().zip(own) {
                    let leaves = deep(levels, ranks);
                    for (sums, leaf) in sums.chunks_exact_mut(outputs).zip(leaves) {
                        let own = own.get(leaf as usize * outputs..).unwrap_or_default();
                        sums.iter_mut().zip(own).for_each(|(sum, value)| *sum += value);
                    }
                }
            }
        }
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
        if rows.len() / stride < FEWEST {
            for (row, values) in rows.chunks_exact(stride).enumerate() {
                self.one(values, |tree, leaf| found(tree, row, leaf));
            }
            return;
        }
        let mut ranks = vec![[0_u8; LANES]; self.columns.len()];
        for (block, rows) in rows.chunks(LANES * stride).enumerate() {
            self.rank(rows, stride, &mut ranks);
            for tree in 0..self.trees() {
                let leaves = deep(self.levels(tree), &ranks);
                for (lane, &leaf) in leaves.iter().take(rows.len() / stride).enumerate() {
                    found(tree, block * LANES + lane, leaf);
                }
            }
        }
    }

    /// Hands over each `(tree, leaf)` of one row.
    #[inline]
    fn one(&self, row: &[f32], mut found: impl FnMut(usize, u32)) {
        let value = |column: &Ranked| row.get(column.place).copied().unwrap_or(f32::NAN);
        let ranks: Vec<u8> = self.columns.iter().map(|column| column.rank(value(column))).collect();
        for tree in 0..self.trees() {
            let mut leaf = 0;
            for (bit, level) in self.levels(tree).iter().enumerate() {
                let rank = ranks.get(level.column as usize).copied().unwrap_or_default();
                leaf |= u32::from(rank > level.rank) << bit;
            }
            found(tree, leaf);
        }
    }
}

/// The leaf of a tree of any depth for all lanes.
#[inline]
fn deep(levels: &[Level], ranks: &[Places]) -> [u32; LANES] {
    let mut leaves = [0; LANES];
    for (byte, levels) in levels.chunks(BYTE).enumerate() {
        let mut bits = [[0; LANES]];
        kernel::leaves([levels], ranks, &mut bits);
        for (leaf, bits) in leaves.iter_mut().zip(bits[0]) {
            *leaf |= u32::from(bits) << (byte * BYTE);
        }
    }
    leaves
}

/// Adds the values of the leaves of trees of one depth.
fn add_trees(depth: usize, values: &[f64], leaves: &[Places; TREES], sums: &mut [f64]) {
    fn sized<const N: usize>(values: &[f64], leaves: &[Places; TREES], sums: &mut [f64]) {
        if let Some(values) = values.as_chunks::<N>().0.first_chunk() {
            kernel::add::<TREES, N>(values, leaves, sums);
        }
    }
    match depth {
        0 => sized::<1>(values, leaves, sums),
        1 => sized::<2>(values, leaves, sums),
        2 => sized::<4>(values, leaves, sums),
        3 => sized::<8>(values, leaves, sums),
        4 => sized::<16>(values, leaves, sums),
        5 => sized::<32>(values, leaves, sums),
        6 => sized::<64>(values, leaves, sums),
        7 => sized::<128>(values, leaves, sums),
        _ => sized::<256>(values, leaves, sums),
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
    fn fill(&self, rows: &[f32], stride: usize, to: &mut Places) {
        let value = |row: &[f32]| row.get(self.place).copied().unwrap_or(f32::NAN);
        self.count(rows.chunks_exact(stride).map(value), to);
    }

    /// Ranks of a block of values.
    fn count(&self, column: impl Iterator<Item = f32>, to: &mut Places) {
        if self.borders.len() > MOST_COUNTED {
            to.iter_mut().zip(column).for_each(|(to, value)| *to = self.rank(value));
            return;
        }
        let mut values = [0.0; LANES];
        for (to, value) in values.iter_mut().zip(column) {
            // above every border, as it is when it is not missing
            *to = if self.missing_above && value.is_nan() { f32::INFINITY } else { value };
        }
        kernel::count(&values, &self.borders, to);
    }
}

/// The ranks of a column, one block of rows after the other.
fn blocks_of(columns: usize, at: usize, room: &mut Room) -> impl Iterator<Item = &mut Places> {
    room.0.iter_mut().skip(at).step_by(columns.max(1))
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
