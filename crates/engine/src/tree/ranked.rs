//! Nodes that compare ranks: how many of a feature's thresholds lie below the value.
//!
//! `x > t` holds exactly when the rank of `x` exceeds the place of `t` among the sorted thresholds
//! of its column, so answers cannot differ. A node shrinks to four bytes and a value to one.

use super::{
    build::{Form, Node, Tree},
    columns::{Columns, View},
    kernel::{Cells, Step},
    lanes::{self, LANES},
    sets::{self, Coding, Set},
    tops::{BYTES, Walkable},
};
use crate::{
    processor::{self, Work},
    table::Real,
};

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
    type Lane = i8;

    #[inline]
    fn left(self) -> u32 {
        self.0 >> 16
    }

    #[inline]
    fn next<R: Cells<u8>>(self, row: &R) -> u32 {
        let value = row.cell((self.0 >> 8 & 0xff) as usize);
        self.left() + u32::from(value > self.0 as u8)
    }

    fn lane(cell: u8) -> i8 {
        lanes::signed(cell)
    }

    fn test(self) -> Option<(u32, i8)> {
        Some((self.column().into(), lanes::signed(self.place())))
    }
}

/// Eight bytes: a node as the others, and its set, or zero when it compares its threshold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coded {
    node: Ranked,
    set: u32,
}

impl Coded {
    /// The column it compares.
    pub(super) fn column(self) -> u8 {
        self.node.column()
    }
}

impl Step for Coded {
    type Cell = u8;
    type Lane = i8;

    #[inline]
    fn left(self) -> u32 {
        self.node.left()
    }

    #[inline]
    fn next<R: Cells<u8>>(self, row: &R) -> u32 {
        let value = row.cell(usize::from(self.column()));
        let above = value > self.node.place();
        // both are worked out: which one counts cannot be predicted
        let right = row.right(self.set, value);
        self.left() + u32::from(if self.set == 0 { above } else { right })
    }

    fn lane(cell: u8) -> i8 {
        Ranked::lane(cell)
    }

    fn test(self) -> Option<(u32, i8)> {
        if self.set == 0 { self.node.test() } else { None }
    }
}

/// A row of ranks and codes, beside the sets that codes are looked up in.
#[derive(Clone, Copy)]
pub(super) struct CodedRow<'a, R> {
    pub(super) cells: R,
    pub(super) sets: &'a [Set],
}

impl<R: Cells<u8>> Cells<u8> for CodedRow<'_, R> {
    #[inline]
    fn cell(&self, column: usize) -> u8 {
        self.cells.cell(column)
    }

    #[inline]
    fn right(&self, set: u32, code: u8) -> bool {
        self.sets.get(set as usize).is_some_and(|set| sets::right(set, code))
    }
}

/// The nodes of a forest that compares ranks.
pub(super) enum Nodes {
    /// All compare thresholds.
    Ranked(Walkable<Ranked>),
    /// Some look up categories in sets.
    Coded(Walkable<Coded>),
}

impl Nodes {
    /// A node and its set, or zero when it compares its threshold.
    pub(super) fn at(&self, node: usize) -> Option<(Ranked, u32)> {
        match self {
            Self::Ranked(all) => all.nodes.get(node).map(|&node| (node, 0)),
            Self::Coded(all) => all.nodes.get(node).map(|coded| (coded.node, coded.set)),
        }
    }
}

impl Nodes {
    /// Lets vectors decide the tops of the trees.
    pub(super) fn topped(self, trees: &[Tree]) -> Self {
        match self {
            Self::Ranked(all) => Self::Ranked(all.topped(trees, BYTES)),
            Self::Coded(all) => Self::Coded(all.topped(trees, BYTES)),
        }
    }
}

/// The thresholds of every feature.
pub(super) struct Ranks<T> {
    features: Vec<Feature<T>>,
    /// Feature, column and coding of what sets decide.
    codes: Vec<(u32, u8, Coding)>,
    /// The sets; the first one counts for nothing.
    pub(super) sets: Box<[Set]>,
    /// The feature of each column.
    origins: Box<[u32]>,
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

/// Fewest rows whose ranks are found side by side.
const FEWEST: usize = 16;

/// Most thresholds of a feature, so that ranks fit a byte.
const MOST: usize = 255;

/// Columns that share sorted thresholds, while they are collected.
struct Collected<T> {
    index: u32,
    thresholds: Vec<T>,
    columns: Vec<(u32, View)>,
}

/// What a column of the form becomes.
enum Place {
    /// A rank among the thresholds of this collection.
    Rank { collection: usize, column: u32 },
    /// A code, looked up in this set.
    Code { column: u32, set: u32 },
}

/// Gives columns their places among the ranks and codes.
struct Places<T> {
    collected: Vec<Collected<T>>,
    codes: Vec<(u32, u8, Coding)>,
    sets: Vec<Set>,
    origins: Vec<u32>,
}

impl<T> Places<T> {
    fn column(&mut self, feature: u32) -> u32 {
        self.origins.push(feature);
        self.origins.len() as u32 - 1
    }

    fn place(&mut self, columns: &Columns, feature: u32, view: View) -> Option<Place> {
        if matches!(view, View::Set(_) | View::Listed(_)) {
            let (coding, set) = Coding::of(columns, view)?;
            let known = self.codes.iter().find(|code| code.0 == feature && code.2 == coding);
            let column = if let Some(code) = known {
                u32::from(code.1)
            } else {
                let column = self.column(feature);
                self.codes.push((feature, u8::try_from(column).ok()?, coding));
                column
            };
            self.sets.push(set);
            return Some(Place::Code { column, set: self.sets.len() as u32 - 1 });
        }
        let column = self.column(feature);
        let shared = self.collected.iter().position(|c| {
            c.index == feature && !view.is_flag() && !c.columns.iter().any(|c| c.1.is_flag())
        });
        let collection = shared.unwrap_or(self.collected.len());
        if shared.is_none() {
            let thresholds = Vec::new();
            self.collected.push(Collected { index: feature, thresholds, columns: Vec::new() });
        }
        self.collected.get_mut(collection)?.columns.push((column, view));
        Some(Place::Rank { collection, column })
    }
}

/// Column, place of the threshold, and set of a split; zero for splits by thresholds.
type Placed = (u8, u8, u32);

/// What turns values into ranks for the chosen splits, and what each node of the form compares.
/// `None` when a feature has too many thresholds, the splits too many columns, or a set too large
/// categories.
fn placed<T: Real>(
    form: &Form<T>,
    chosen: impl Fn(usize) -> bool,
) -> Option<(Vec<Placed>, Ranks<T>)> {
    let mut used = vec![false; form.columns.len()];
    let splits = || splits(form, &chosen);
    for (_, node) in splits() {
        *used.get_mut(node.column as usize)? = true;
    }
    let mut all = Places {
        collected: Vec::new(),
        codes: Vec::new(),
        sets: vec![[0; 32]],
        origins: Vec::new(),
    };
    let columns = &form.columns;
    let mut places: Vec<Option<Place>> = Vec::with_capacity(used.len());
    for (&(feature, view), used) in columns.list.iter().zip(used) {
        places.push(if used { Some(all.place(columns, feature, view)?) } else { None });
        if all.origins.len() > 256 {
            return None;
        }
    }
    let Places { mut collected, codes, sets, origins } = all;
    for (_, node) in splits() {
        if let Some(Place::Rank { collection, .. }) = places.get(node.column as usize)? {
            collected.get_mut(*collection)?.thresholds.push(node.threshold);
        }
    }
    for feature in &mut collected {
        let thresholds = &mut feature.thresholds;
        thresholds.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        thresholds.dedup();
        if thresholds.len() > MOST {
            return None;
        }
    }
    let mut nodes = vec![(0, MOST as u8, 0); form.nodes.len()];
    for (at, node) in splits() {
        *nodes.get_mut(at)? = match places.get(node.column as usize)?.as_ref()? {
            Place::Code { column, set } => (*column as u8, MOST as u8, *set),
            Place::Rank { collection, column } => {
                let thresholds = &collected.get(*collection)?.thresholds;
                let place = thresholds.partition_point(|t| *t < node.threshold);
                (*column as u8, place as u8, 0)
            }
        };
    }
    let features = collected.into_iter().map(Feature::new).collect();
    Some((nodes, Ranks { features, codes, sets: sets.into(), origins: origins.into() }))
}

/// The chosen splits of a form with their places among its nodes.
fn splits<'a, T>(
    form: &'a Form<T>,
    chosen: &'a impl Fn(usize) -> bool,
) -> impl Iterator<Item = (usize, &'a Node<T>)> {
    form.nodes.iter().enumerate().filter(|(at, node)| !node.leaf && chosen(*at))
}

/// Ranked nodes with what turns values into ranks; `None` when [`placed`] gives none, or a tree has
/// too many nodes.
pub(super) fn ranked<T: Real>(form: &Form<T>) -> Option<(Nodes, Ranks<T>)> {
    if form.trees.iter().any(|tree| tree.len > 1 << 16) {
        return None;
    }
    let (placed, ranks) = placed(form, |_| true)?;
    let packed = form.nodes.iter().zip(placed).map(|(node, (column, place, set))| {
        (Ranked(node.left << 16 | u32::from(column) << 8 | u32::from(place)), set)
    });
    let nodes = if ranks.codes.is_empty() {
        Nodes::Ranked(Walkable::plain(packed.map(|(node, _)| node).collect()))
    } else {
        Nodes::Coded(Walkable::plain(packed.map(|(node, set)| Coded { node, set }).collect()))
    };
    Some((nodes, ranks))
}

impl<T: Real> Ranks<T> {
    /// Columns of ranks and codes.
    pub(super) fn columns(&self) -> usize {
        self.origins.len()
    }

    /// The feature that a column is made from.
    pub(super) fn feature(&self, column: u32) -> Option<u32> {
        self.origins.get(column as usize).copied()
    }

    /// The thresholds that a feature's values are compared with, and infinities.
    pub(super) fn thresholds(&self, feature: usize) -> impl Iterator<Item = T> {
        let is_of = move |of: &&Feature<T>| {
            of.index as usize == feature && !of.columns.iter().any(|(_, view)| view.is_flag())
        };
        self.features.iter().filter(is_of).flat_map(|of| of.blocks.iter().flatten().copied())
    }

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
        for &(feature, column, coding) in &self.codes {
            let value = row.get(feature as usize).copied().unwrap_or(T::NAN);
            if let Some(to) = out.get_mut(usize::from(column)) {
                *to = coding.code(value.to_f64());
            }
        }
    }

    /// Writes the ranks of each row's columns.
    pub(super) fn fill_rows<'a, const W: usize>(
        &self,
        columns: &Columns,
        rows: &[T],
        stride: usize,
        mut out: impl Iterator<Item = &'a mut [u8; W]>,
    ) {
        let mut lanes: Option<Box<[lanes::Ranks; 256]>> = None;
        for rows in rows.chunks(LANES * stride) {
            if rows.len() < FEWEST * stride {
                for (row, out) in rows.chunks_exact(stride).zip(out.by_ref()) {
                    self.fill(columns, row, out);
                }
                continue;
            }
            let lanes = lanes.get_or_insert_with(|| Box::new([[0; LANES]; 256]));
            self.fill_lanes(columns, rows, stride, lanes);
            for (lane, out) in (0..rows.len() / stride).zip(out.by_ref()) {
                for (to, ranks) in out.iter_mut().zip(lanes.iter().take(self.columns())) {
                    *to = lanes::unsigned(ranks[lane]);
                }
                for &(_, column, _) in &self.codes {
                    let column = usize::from(column);
                    if let Some(to) = out.get_mut(column) {
                        *to = lanes[column][lane] as u8;
                    }
                }
            }
        }
    }

    /// Writes the ranks of up to [`LANES`] rows, column by column.
    pub(super) fn fill_lanes(
        &self,
        columns: &Columns,
        rows: &[T],
        stride: usize,
        out: &mut [lanes::Ranks; 256],
    ) {
        for feature in &self.features {
            let mut values = [T::NAN; LANES];
            for (to, row) in values.iter_mut().zip(rows.chunks_exact(stride)) {
                *to = row.get(feature.index as usize).copied().unwrap_or(T::NAN);
            }
            feature.fill(columns, &values, rows.len() / stride, out);
        }
        for &(feature, column, coding) in &self.codes {
            let out = &mut out[usize::from(column)];
            for (row, to) in rows.chunks_exact(stride).zip(out) {
                let value = row.get(feature as usize).copied().unwrap_or(T::NAN);
                *to = coding.code(value.to_f64()) as i8;
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

    /// Writes each column's ranks of the values of the first `rows` lanes.
    fn fill(
        &self,
        columns: &Columns,
        values: &[T; LANES],
        rows: usize,
        out: &mut [lanes::Ranks; 256],
    ) {
        let mut plain = [0; LANES];
        let own = values.get(..rows).unwrap_or(values);
        processor::run_narrow(Rank { feature: self, values: own, ranks: &mut plain });
        let missing = own.iter().fold(false, |any, value| any | value.nan());
        for &(column, view) in &self.columns {
            let Some(to) = out.get_mut(column as usize) else { continue };
            *to = plain;
            if view == View::Plain || view.is_plain() && !missing {
                continue;
            }
            for (to, &value) in to.iter_mut().zip(own) {
                if value.nan() || !view.is_plain() {
                    *to = lanes::signed(self.rank(columns.see(view, value)));
                }
            }
        }
    }

    /// How many thresholds lie below `value`; none for NaN.
    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn rank(&self, value: T) -> u8 {
        let block = below(&self.lasts, value);
        let rest = self.blocks.get(usize::from(block)).map_or(0, |block| below(block, value));
        block * SIDE as u8 + rest
    }
}

/// Ranks the values of all lanes among a feature's thresholds.
struct Rank<'a, T> {
    feature: &'a Feature<T>,
    values: &'a [T],
    ranks: &'a mut lanes::Ranks,
}

impl<T: Real> Work for Rank<'_, T> {
    type Out = ();

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(self) {
        for (to, &value) in self.ranks.iter_mut().zip(self.values) {
            *to = lanes::signed(self.feature.rank(value));
        }
    }
}

/// How many of the numbers lie below `value`. A processor compares them all at once, while it
/// cannot predict which way a search would go.
#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn below<T: Real>(numbers: &[T; SIDE], value: T) -> u8 {
    numbers.iter().map(|number| u32::from(value > *number)).sum::<u32>() as u8
}

#[cfg(test)]
mod tests {
    use super::{Collected, Feature, LANES, Rank, lanes};
    use crate::{
        processor::{self, VERSIONS},
        table::Real,
    };

    fn check<T: Real>() {
        let thresholds: Vec<T> = (0..250).map(|at| T::from_f64(f64::from(at) / 3.0)).collect();
        let mut values: [T; LANES] =
            std::array::from_fn(|lane| T::from_f64(lane as f64 * 1.5 - 9.0));
        values[..3].copy_from_slice(&[T::NAN, T::INFINITY, T::from_f64(f64::NEG_INFINITY)]);
        let below = |value: &T| thresholds.iter().filter(|threshold| *value > **threshold).count();
        let counted = values.each_ref().map(|value| lanes::signed(below(value) as u8));
        let collected = Collected { index: 0, thresholds: thresholds.clone(), columns: Vec::new() };
        let feature = Feature::new(collected);
        for version in 0..VERSIONS {
            let mut ranks = [0; LANES];
            let rank = Rank { feature: &feature, values: &values, ranks: &mut ranks };
            if processor::version(version, rank).is_some() {
                assert_eq!(ranks, counted, "version {version}");
            }
        }
    }

    #[test]
    fn ranks_count_the_thresholds_below_whatever_the_vectors() {
        check::<f32>();
        check::<f64>();
    }
}
