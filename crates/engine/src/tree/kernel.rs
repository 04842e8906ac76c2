//! The loops that walk trees.
//!
//! A step loads a node, compares one cell and adds the answer to the left child's index. Steps of
//! one walk depend on one another, so several walks run side by side: several rows through one tree
//! for a batch, several trees for a single row.

use super::{
    build::Tree,
    lanes::{Choice, LANES, Level, Places},
};
use crate::processor::{self, Work};

/// A node that can tell where to go next.
pub(super) trait Step: Copy {
    /// The type of a row's cells.
    type Cell: Copy + Default;
    /// A cell as vectors compare it.
    type Lane: Copy + Default + PartialOrd;

    /// The left child's index in its tree; a leaf has itself there.
    fn left(self) -> u32;

    /// The next node's index in its tree; a leaf answers itself.
    fn next<R: Cells<Self::Cell>>(self, row: &R) -> u32;

    /// The cell as vectors compare it: as cells compare.
    fn lane(cell: Self::Cell) -> Self::Lane;

    /// The column and the greatest value that goes left; `None` when something else decides.
    fn test(self) -> Option<(u32, Self::Lane)>;
}

/// A row of cells.
pub(super) trait Cells<C> {
    /// The cell of a column. Columns are below the row's width, which the builder has checked.
    fn cell(&self, column: usize) -> C;

    /// Whether a set of the forest sends a code right.
    fn right(&self, _set: u32, _code: C) -> bool {
        false
    }
}

impl<C: Copy, const W: usize> Cells<C> for [C; W] {
    #[inline]
    fn cell(&self, column: usize) -> C {
        // `W` is a power of two above every column: the mask changes nothing and spares the check
        self[column % W]
    }
}

impl<C: Copy + Default> Cells<C> for &[C] {
    #[inline]
    fn cell(&self, column: usize) -> C {
        self.get(column).copied().unwrap_or_default()
    }
}

/// Rows side by side in one tree.
pub(super) const ROWS: usize = 16;
/// Trees side by side for one row.
const TREES: usize = 8;

/// Walks every tree with every row, trees outermost, and hands over each `(tree, row, nodes)`: what
/// that row and those after it reach, counted among all nodes of the forest. For each row, trees come
/// in order.
#[inline]
pub(super) fn walk<N: Step, R: Cells<N::Cell>>(
    nodes: &[N],
    trees: &[Tree],
    rows: &[R],
    mut found: impl FnMut(usize, usize, &[u32]),
) {
    let whole = rows.len() - rows.len() % ROWS;
    // a few rows left over are cheaper one by one
    let (groups, rest) = rows.split_at(whole);
    for (index, tree) in trees.iter().enumerate() {
        let Some(own) = tree.own(nodes) else { continue };
        for (group, lanes) in groups.chunks_exact(ROWS).enumerate() {
            let Some(lanes) = lanes.first_chunk::<ROWS>() else { continue };
            let mut at = [0; ROWS];
            walk_on(own, tree, lanes, &mut at);
            found(index, group * ROWS, &at.map(|at| tree.start + at));
        }
    }
    for (index, row) in rest.iter().enumerate() {
        one(nodes, trees, row, |tree, node| found(tree, whole + index, &[node]));
    }
}

#[inline]
fn step<N: Step, R: Cells<N::Cell>>(nodes: &[N], at: u32, row: &R) -> u32 {
    match nodes.get(at as usize) {
        Some(node) => node.next(row),
        None => at,
    }
}

/// Walks through one tree, whose nodes are `nodes`, from where rows are.
#[inline]
pub(super) fn walk_on<N: Step, R: Cells<N::Cell>>(
    nodes: &[N],
    tree: &Tree,
    rows: &[R; ROWS],
    at: &mut [u32; ROWS],
) {
    for _ in 0..tree.sure {
        for (at, row) in at.iter_mut().zip(rows) {
            *at = step(nodes, *at, row);
        }
    }
    let mut done = tree.sure;
    while done < tree.depth {
        let before = *at;
        for (at, row) in at.iter_mut().zip(rows) {
            *at = step(nodes, *at, row);
        }
        if *at == before {
            break;
        }
        done += 1;
    }
}

#[inline]
fn one<N: Step, R: Cells<N::Cell>>(
    nodes: &[N],
    trees: &[Tree],
    row: &R,
    mut found: impl FnMut(usize, u32),
) {
    // nodes are counted from the first one of all: lanes share one slice
    let on = |at: u32, start: u32| match nodes.get(at as usize) {
        Some(node) => start + node.next(row),
        None => at,
    };
    let (groups, rest) = trees.as_chunks::<TREES>();
    for (group, lanes) in groups.iter().enumerate() {
        let starts = lanes.map(|tree| tree.start);
        let sure = lanes.iter().map(|tree| tree.sure).max().unwrap_or(0);
        let depth = lanes.iter().map(|tree| tree.depth).max().unwrap_or(0);
        let mut at = starts;
        for _ in 0..sure {
            for (at, start) in at.iter_mut().zip(starts) {
                *at = on(*at, start);
            }
        }
        for _ in sure..depth {
            let before = at;
            for (at, start) in at.iter_mut().zip(starts) {
                *at = on(*at, start);
            }
            if at == before {
                break;
            }
        }
        for (lane, at) in at.into_iter().enumerate() {
            found(group * TREES + lane, at);
        }
    }
    for (index, tree) in rest.iter().enumerate() {
        let mut at = tree.start;
        for _ in 0..tree.depth {
            let next = on(at, tree.start);
            if next == at {
                break;
            }
            at = next;
        }
        found(groups.len() * TREES + index, at);
    }
}

/// Decides the splits of one tree for the lanes that hold `rows`. `answers` holds the constants of leaves in its
/// first half, and each split's answer in its second.
#[inline]
pub(super) fn decide<L: Copy + PartialOrd, const W: usize>(
    choices: &[Choice<L>],
    rows: usize,
    columns: &[[L; LANES]; W],
    answers: &mut [Places; 512],
) {
    let work = Decide { choices, rows, columns, answers };
    // the widest vectors pay where each lane is wide
    if size_of::<L>() > 1 { processor::run(work) } else { processor::run_narrow(work) }
}

/// See [`decide`].
pub(super) struct Decide<'a, L, const W: usize> {
    pub(super) choices: &'a [Choice<L>],
    pub(super) rows: usize,
    pub(super) columns: &'a [[L; LANES]; W],
    pub(super) answers: &'a mut [Places; 512],
}

impl<L: Copy + PartialOrd, const W: usize> Work for Decide<'_, L, W> {
    type Out = ();

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(self) {
        if self.rows <= HALF { self.lanes::<HALF>() } else { self.lanes::<LANES>() }
    }
}

/// Half of the lanes: as many as batches of requests often have.
pub(super) const HALF: usize = LANES / 2;

impl<L: Copy + PartialOrd, const W: usize> Decide<'_, L, W> {
    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn lanes<const N: usize>(self) {
        for choice in self.choices {
            // `W` is a power of two above every column, as in a row of cells
            let values = &self.columns[usize::from(choice.column) % W];
            let left = &self.answers[usize::from(choice.children[0]) % 512];
            let right = &self.answers[usize::from(choice.children[1]) % 512];
            // masks, not branches: compilers turn the loop into compares and blends of whole registers
            let mut answer = [0; N];
            for lane in 0..N {
                let chosen = if values[lane] > choice.threshold { u8::MAX } else { 0 };
                answer[lane] = (right[lane] & chosen) | (left[lane] & !chosen);
            }
            self.answers[256 + usize::from(choice.node)][..N].copy_from_slice(&answer);
        }
    }
}

/// Finds the leaves of symmetric trees for all lanes: bit `b` of a leaf's number is the answer of
/// level `b`. Each tree has at most eight levels; `ranks` holds those of each column.
#[inline]
pub(super) fn leaves<const T: usize>(
    trees: [&[Level]; T],
    ranks: &[Places],
    found: &mut [Places; T],
) {
    processor::run(Leaves { trees, ranks, found });
}

/// See [`leaves`].
pub(super) struct Leaves<'a, const T: usize> {
    pub(super) trees: [&'a [Level]; T],
    pub(super) ranks: &'a [Places],
    pub(super) found: &'a mut [Places; T],
}

impl<const T: usize> Work for Leaves<'_, T> {
    type Out = ();

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(self) {
        for (levels, found) in self.trees.into_iter().zip(self.found) {
            let mut bits = [0_u8; LANES];
            for (bit, level) in levels.iter().take(8).enumerate() {
                let Some(ranks) = self.ranks.get(level.column as usize) else { continue };
                for lane in 0..LANES {
                    let above = if ranks[lane] > level.rank { u8::MAX } else { 0 };
                    bits[lane] |= above & 1 << bit;
                }
            }
            *found = bits;
        }
    }
}

/// Adds the value of each lane's leaf in some trees, in the order of the trees. `N` is a power of
/// two, and a leaf's number below it.
///
/// Not compiled for wide vectors: they would gather values, which takes longer than loads do.
#[inline]
pub(super) fn add<const T: usize, const N: usize>(
    values: &[[f64; N]; T],
    leaves: &[Places; T],
    sums: &mut [f64],
) {
    for (lane, sum) in sums.iter_mut().take(LANES).enumerate() {
        let mut total = *sum;
        for tree in 0..T {
            total += values[tree][usize::from(leaves[tree][lane]) % N];
        }
        *sum = total;
    }
}

/// Adds the `outputs` values of each lane's leaf in some trees, in the order of the trees. `values`
/// has those of each tree; a tree without any adds none.
#[inline]
pub(super) fn add_all<const T: usize>(
    values: [&[f64]; T],
    outputs: usize,
    leaves: &[Places; T],
    sums: &mut [f64],
) {
    processor::run_narrow(AddAll { values, outputs, leaves, sums });
}

/// See [`add_all`].
pub(super) struct AddAll<'a, const T: usize> {
    pub(super) values: [&'a [f64]; T],
    pub(super) outputs: usize,
    pub(super) leaves: &'a [Places; T],
    pub(super) sums: &'a mut [f64],
}

impl<const T: usize> Work for AddAll<'_, T> {
    type Out = ();

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(mut self) {
        match self.outputs {
            2 => self.part::<2>(2, 0),
            3 => self.part::<3>(3, 0),
            4 => self.part::<4>(4, 0),
            outputs => {
                for first in (0..outputs).step_by(4) {
                    match outputs - first {
                        1 => self.part::<1>(outputs, first),
                        2 => self.part::<2>(outputs, first),
                        3 => self.part::<3>(outputs, first),
                        _ => self.part::<4>(outputs, first),
                    }
                }
            }
        }
    }
}

impl<const T: usize> AddAll<'_, T> {
    /// Adds `W` of the outputs, so that their sums stay in registers.
    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn part<const W: usize>(&mut self, outputs: usize, first: usize) {
        for (lane, sums) in (0..LANES).zip(self.sums.chunks_exact_mut(outputs)) {
            let Some(sums) = sums.get_mut(first..).and_then(<[f64]>::first_chunk_mut::<W>) else {
                continue;
            };
            let mut totals = *sums;
            for tree in 0..T {
                let start = usize::from(self.leaves[tree][lane]) * outputs + first;
                let own = self.values[tree].get(start..start + W);
                if let Some(own) = own.and_then(<[f64]>::first_chunk::<W>) {
                    for at in 0..W {
                        totals[at] += own[at];
                    }
                }
            }
            *sums = totals;
        }
    }
}

/// Counts, for all lanes, the borders that a value is above. There are at most 255.
#[inline]
pub(super) fn count(values: &[f32; LANES], borders: &[f32], ranks: &mut Places) {
    processor::run(Count { values, borders, ranks });
}

/// Lanes that are counted at once.
const COUNTED: usize = 16;

/// See [`count`].
pub(super) struct Count<'a> {
    pub(super) values: &'a [f32; LANES],
    pub(super) borders: &'a [f32],
    pub(super) ranks: &'a mut Places,
}

impl Work for Count<'_> {
    type Out = ();

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(self) {
        // as many lanes as keep their counts in registers
        let values = self.values.as_chunks::<COUNTED>().0;
        for (values, ranks) in values.iter().zip(self.ranks.as_chunks_mut::<COUNTED>().0) {
            let mut counts = [0_u32; COUNTED];
            for border in self.borders {
                for lane in 0..COUNTED {
                    counts[lane] += u32::from(values[lane] > *border);
                }
            }
            for lane in 0..COUNTED {
                ranks[lane] = counts[lane] as u8;
            }
        }
    }
}
