//! The loops that walk trees.
//!
//! A step loads a node, compares one cell and adds the answer to the left child's index. Steps of
//! one walk depend on one another, so several walks run side by side: several rows through one tree
//! for a batch, several trees for a single row.

#![expect(
    unsafe_code,
    reason = "a function compiled for AVX2 is called after asking the processor"
)]

use super::{
    build::Tree,
    lanes::{Choice, LANES, Level, Places, Ranks},
};

/// A node that can tell where to go next.
pub(super) trait Step: Copy {
    /// The type of a row's cells.
    type Cell: Copy + Default;

    /// The left child's index in its tree; a leaf has itself there.
    fn left(self) -> u32;

    /// The next node's index in its tree; a leaf answers itself.
    fn next<R: Cells<Self::Cell>>(self, row: &R) -> u32;
}

/// A row of cells.
pub(super) trait Cells<C> {
    /// The cell of a column. Columns are below the row's width, which the builder has checked.
    fn cell(&self, column: usize) -> C;
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
const ROWS: usize = 16;
/// Trees side by side for one row.
const TREES: usize = 8;

/// Walks every tree with every row, trees outermost, and hands over each `(tree, row, node)` where
/// the node is counted among all nodes of the forest. For each row, trees come in order.
#[inline]
pub(super) fn walk<N: Step, R: Cells<N::Cell>>(
    nodes: &[N],
    trees: &[Tree],
    rows: &[R],
    mut found: impl FnMut(usize, usize, u32),
) {
    let whole = rows.len() - rows.len() % ROWS;
    // a few rows left over are cheaper one by one
    let (groups, rest) = rows.split_at(whole);
    for (index, tree) in trees.iter().enumerate() {
        let Some(own) = tree.own(nodes) else { continue };
        for (group, lanes) in groups.chunks_exact(ROWS).enumerate() {
            let Some(lanes) = lanes.first_chunk::<ROWS>() else { continue };
            let at = lanes_of_rows(own, tree, lanes);
            for (lane, at) in at.into_iter().enumerate() {
                found(index, group * ROWS + lane, tree.start + at);
            }
        }
    }
    for (index, row) in rest.iter().enumerate() {
        one(nodes, trees, row, |tree, node| found(tree, whole + index, node));
    }
}

#[inline]
fn step<N: Step, R: Cells<N::Cell>>(nodes: &[N], at: u32, row: &R) -> u32 {
    match nodes.get(at as usize) {
        Some(node) => node.next(row),
        None => at,
    }
}

#[inline]
fn lanes_of_rows<N: Step, R: Cells<N::Cell>>(
    nodes: &[N],
    tree: &Tree,
    rows: &[R; ROWS],
) -> [u32; ROWS] {
    let mut at = [0_u32; ROWS];
    for _ in 0..tree.sure {
        for (at, row) in at.iter_mut().zip(rows) {
            *at = step(nodes, *at, row);
        }
    }
    let mut done = tree.sure;
    while done < tree.depth {
        let before = at;
        for (at, row) in at.iter_mut().zip(rows) {
            *at = step(nodes, *at, row);
        }
        if at == before {
            break;
        }
        done += 1;
    }
    at
}

#[inline]
fn one<N: Step, R: Cells<N::Cell>>(
    nodes: &[N],
    trees: &[Tree],
    row: &R,
    mut found: impl FnMut(usize, u32),
) {
    let (groups, rest) = trees.as_chunks::<TREES>();
    for (group, lanes) in groups.iter().enumerate() {
        let own: [&[N]; TREES] = std::array::from_fn(|lane| lanes[lane].own(nodes).unwrap_or(&[]));
        let sure = lanes.iter().map(|tree| tree.sure).max().unwrap_or(0);
        let depth = lanes.iter().map(|tree| tree.depth).max().unwrap_or(0);
        let mut at = [0_u32; TREES];
        for _ in 0..sure {
            for (at, nodes) in at.iter_mut().zip(&own) {
                *at = step(nodes, *at, row);
            }
        }
        for _ in sure..depth {
            let before = at;
            for (at, nodes) in at.iter_mut().zip(&own) {
                *at = step(nodes, *at, row);
            }
            if at == before {
                break;
            }
        }
        for (lane, (at, tree)) in at.into_iter().zip(lanes).enumerate() {
            found(group * TREES + lane, tree.start + at);
        }
    }
    for (index, tree) in rest.iter().enumerate() {
        let mut at = 0;
        for _ in 0..tree.depth {
            let next = tree.own(nodes).map_or(at, |nodes| step(nodes, at, row));
            if next == at {
                break;
            }
            at = next;
        }
        found(groups.len() * TREES + index, tree.start + at);
    }
}

/// Decides the splits of one tree for all lanes. `answers` holds the constants of leaves in its
/// first half, and each split's answer in its second.
#[inline]
pub(super) fn decide(choices: &[Choice], columns: &[Ranks; 256], answers: &mut [Places; 512]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function needs beyond safe code.
        unsafe { decide_avx2(choices, columns, answers) };
        return;
    }
    blend(choices, columns, answers);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn decide_avx2(choices: &[Choice], columns: &[Ranks; 256], answers: &mut [Places; 512]) {
    blend(choices, columns, answers);
}

#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn blend(choices: &[Choice], columns: &[Ranks; 256], answers: &mut [Places; 512]) {
    for choice in choices {
        let ranks = &columns[usize::from(choice.column)];
        let left = &answers[usize::from(choice.children[0]) % 512];
        let right = &answers[usize::from(choice.children[1]) % 512];
        // masks, not branches: compilers turn the loop into compares and blends of whole registers
        let mut answer = [0; LANES];
        for lane in 0..LANES {
            let chosen = if ranks[lane] > choice.threshold { u8::MAX } else { 0 };
            answer[lane] = (right[lane] & chosen) | (left[lane] & !chosen);
        }
        answers[256 + usize::from(choice.node)] = answer;
    }
}

/// Finds the leaf of a symmetric tree for all lanes: bit `b` of its number is the answer of level
/// `b`. `ranks` holds those of each column.
#[inline]
pub(super) fn leaves(levels: &[Level], ranks: &[Places], leaves: &mut [u32; LANES]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function needs beyond safe code.
        unsafe { leaves_avx2(levels, ranks, leaves) };
        return;
    }
    descend(levels, ranks, leaves);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn leaves_avx2(levels: &[Level], ranks: &[Places], leaves: &mut [u32; LANES]) {
    descend(levels, ranks, leaves);
}

#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn descend(levels: &[Level], ranks: &[Places], leaves: &mut [u32; LANES]) {
    for (byte, levels) in levels.chunks(8).enumerate() {
        let mut bits = [0_u8; LANES];
        for (bit, level) in levels.iter().enumerate() {
            let Some(ranks) = ranks.get(level.column as usize) else { continue };
            for lane in 0..LANES {
                let above = if ranks[lane] > level.rank { u8::MAX } else { 0 };
                bits[lane] |= above & 1 << bit;
            }
        }
        for lane in 0..LANES {
            leaves[lane] |= u32::from(bits[lane]) << (byte * 8);
        }
    }
}

/// Counts, for all lanes, the borders that a value is above. There are at most 255.
#[inline]
pub(super) fn count(values: &[f32; LANES], borders: &[f32], ranks: &mut Places) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function needs beyond safe code.
        unsafe { count_avx2(values, borders, ranks) };
        return;
    }
    compare(values, borders, ranks);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn count_avx2(values: &[f32; LANES], borders: &[f32], ranks: &mut Places) {
    compare(values, borders, ranks);
}

#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
fn compare(values: &[f32; LANES], borders: &[f32], ranks: &mut Places) {
    let mut counts = [0_u32; LANES];
    for border in borders {
        for lane in 0..LANES {
            counts[lane] += u32::from(values[lane] > *border);
        }
    }
    for lane in 0..LANES {
        ranks[lane] = counts[lane] as u8;
    }
}
