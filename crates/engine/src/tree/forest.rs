use std::{collections::HashSet, fmt, ops::Range};

use super::{
    blend::{self, Blend, Scratch},
    build::{Builder, Form, Tree},
    columns::Columns,
    direct::{self, Packed, Wide},
    kernel::{Cells, ROWS, Step, walk},
    lanes::{LANES, Places},
    ranked::{self, CodedRow, Nodes, Ranks},
    tops::{FLOATS, Walkable},
};
use crate::{parallel, table::Real};

/// Rows that are expanded at a time: as many as stay in the nearest cache beside one tree.
const CHUNK: usize = 256;

/// The trees of a model: rows in, the leaf of every tree out.
pub(crate) struct Forest<T> {
    features: usize,
    columns: Columns,
    trees: Box<[Tree]>,
    /// The library's number of each node.
    origin: Box<[u32]>,
    layout: Layout<T>,
    /// About the nanoseconds that a row takes.
    cost: usize,
}

/// The nodes as a kernel wants them.
pub(super) enum Layout<T> {
    Packed(Walkable<Packed>),
    Wide(Box<[Wide<T>]>),
    Ranked(Nodes, Ranks<T>, Option<Blend>),
}

impl<T: Real> Forest<T> {
    /// Lays the trees out for walking.
    pub(crate) fn new(builder: Builder<T>) -> Self {
        let (features, form) = builder.finish();
        let layout = choose(&form);
        Self::assemble(features, form, layout)
    }

    pub(super) fn assemble(features: usize, form: Form<T>, layout: Layout<T>) -> Self {
        Self {
            features,
            columns: form.columns,
            cost: layout.cost(&form.trees, form.origin.len()),
            trees: form.trees.into(),
            origin: form.origin.into(),
            layout,
        }
    }

    /// Calls `work` with some rows and their answers, `width` values each, until all of `out` is
    /// written: on all cores when there are many rows.
    pub(crate) fn spread<V: Send>(
        &self,
        rows: &[T],
        width: usize,
        out: &mut [V],
        work: impl Fn(&[T], &mut [V]) + Sync,
    ) {
        self.spread_costly(1, rows, width, out, work);
    }

    /// As [`Forest::spread`], for work that takes `times` as long as finding the leaves.
    pub(crate) fn spread_costly<V: Send>(
        &self,
        times: usize,
        rows: &[T],
        width: usize,
        out: &mut [V],
        work: impl Fn(&[T], &mut [V]) + Sync,
    ) {
        let (width, stride) = (width.max(1), self.stride());
        parallel::rows(out, width, self.cost.saturating_mul(times), |first, out| {
            let own = rows.get(first * stride..).unwrap_or_default();
            work(own.get(..out.len() / width * stride).unwrap_or(own), out);
        });
    }

    /// Number of trees.
    pub(crate) fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Columns of a row.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// The features that splits compare.
    pub(crate) fn reads(&self) -> HashSet<u32> {
        self.columns.list.iter().map(|&(feature, _)| feature).collect()
    }

    /// The feature that a column of the nodes is made from.
    pub(super) fn feature(&self, column: u32) -> Option<u32> {
        match &self.layout {
            Layout::Ranked(_, ranks, _) => ranks.feature(column),
            _ => self.columns.list.get(column as usize).map(|&(feature, _)| feature),
        }
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(super) fn layout(&self) -> &Layout<T> {
        &self.layout
    }

    /// Steps that reach the deepest leaf of any tree.
    pub(crate) fn depth(&self) -> u32 {
        self.trees.iter().map(|tree| tree.depth).max().unwrap_or(0)
    }

    /// The root of a tree among all nodes.
    pub(crate) fn root(&self, tree: usize) -> Option<u32> {
        self.trees.get(tree).map(|tree| tree.start)
    }

    /// The library's numbers of a tree's nodes, in the order of the forest's own numbering.
    pub(crate) fn origins(&self, tree: usize) -> &[u32] {
        let Some(tree) = self.trees.get(tree) else { return &[] };
        let origin = self.origin.get(tree.start as usize..).unwrap_or_default();
        origin.get(..tree.len as usize).unwrap_or_default()
    }

    /// The library's number of a node.
    pub(crate) fn origin(&self, node: u32) -> u32 {
        self.origin.get(node as usize).copied().unwrap_or(0)
    }

    /// Finds the leaf of every tree for every row of a row-major matrix, and hands over each
    /// `(tree, row, node)`. For each row, trees come in order.
    pub(crate) fn leaves(&self, rows: &[T], mut found: impl FnMut(usize, usize, u32)) {
        self.leaves_of_rows(rows, |tree, first, nodes| {
            for (row, &node) in (first..).zip(nodes) {
                found(tree, row, node);
            }
        });
    }

    /// As [`Forest::leaves`], some rows at a time: hands over each `(tree, row, nodes)`, what that row
    /// and those after it reach.
    pub(crate) fn leaves_of_rows(&self, rows: &[T], mut found: impl FnMut(usize, usize, &[u32])) {
        let width = self.columns.len();
        match &self.layout {
            Layout::Packed(nodes) => {
                let fill = |row: &[T], out: &mut [f32]| {
                    self.columns.fill(row, out, |value| value.to_f64() as f32);
                };
                match width {
                    0..=32 => self.packed::<32>(nodes, rows, fill, found),
                    33..=64 => self.packed::<64>(nodes, rows, fill, found),
                    65..=256 => self.packed::<256>(nodes, rows, fill, found),
                    _ => self.packed::<1024>(nodes, rows, fill, found),
                }
            }
            Layout::Ranked(nodes, ranks, blend) => {
                let done = match blend {
                    Some(blend) => self.blended(ranks, blend, rows, |tree, rows, first, places| {
                        let nodes = places.map(|place| first + u32::from(place));
                        found(tree, rows.start, nodes.get(..rows.len()).unwrap_or(&nodes));
                    }),
                    None => 0,
                };
                let rows = rows.get(done * self.stride()..).unwrap_or_default();
                if rows.is_empty() {
                    return;
                }
                let found = |tree: usize, row: usize, nodes: &[u32]| found(tree, done + row, nodes);
                match ranks.columns() {
                    0..=64 => self.ranked::<64>(nodes, ranks, rows, found),
                    _ => self.ranked::<256>(nodes, ranks, rows, found),
                }
            }
            Layout::Wide(nodes) => {
                let (width, stride) = (width.max(1), self.stride());
                let mut cells = vec![T::default(); CHUNK.min(rows.len() / stride) * width];
                for (chunk, rows) in rows.chunks(CHUNK * stride).enumerate() {
                    for (row, out) in rows.chunks_exact(stride).zip(cells.chunks_exact_mut(width)) {
                        self.columns.fill(row, out, |value| value);
                    }
                    let seen: Vec<&[T]> =
                        cells.chunks_exact(width).take(rows.len() / stride).collect();
                    walk(nodes, &self.trees, &seen, |tree, row, nodes| {
                        found(tree, chunk * CHUNK + row, nodes);
                    });
                }
            }
        }
    }

    /// Decides whole trees for as many rows as it pays for, and says how many those were. Hands over
    /// each `(tree, rows, first, places)`: where the leaf of each of the rows is, counted from the
    /// tree's first node. For each row, trees come in order.
    pub(super) fn blended(
        &self,
        ranks: &Ranks<T>,
        blend: &Blend,
        rows: &[T],
        mut found: impl FnMut(usize, Range<usize>, u32, &Places),
    ) -> usize {
        let stride = self.stride();
        let (count, mut done) = (rows.len() / stride, 0);
        if count < blend::FEWEST {
            return done;
        }
        let most = blend::BLOCKS * LANES;
        let Some(mut scratch) = Scratch::new(count.min(most)) else { return done };
        while count - done >= blend::FEWEST {
            let mut some = (count - done).min(most);
            if some > LANES && some % LANES < blend::FEWEST {
                some -= some % LANES;
            }
            let rows = rows.get(done * stride..(done + some) * stride).unwrap_or_default();
            for (rows, ranks_of_rows) in rows.chunks(LANES * stride).zip(&mut scratch.blocks) {
                ranks.fill_lanes(&self.columns, rows, stride, ranks_of_rows);
            }
            blend.leaves(
                &self.trees,
                &ranks.sets,
                some,
                &mut scratch,
                |tree, block, first, places| {
                    let start = done + block * LANES;
                    found(tree, start..(start + LANES).min(done + some), first, places);
                },
            );
            done += some;
        }
        done
    }

    fn ranked<const W: usize>(
        &self,
        nodes: &Nodes,
        ranks: &Ranks<T>,
        rows: &[T],
        found: impl FnMut(usize, usize, &[u32]),
    ) {
        let columns = &self.columns;
        match nodes {
            Nodes::Ranked(nodes) => {
                let fill = |rows: &[T], out: &mut [[u8; W]]| {
                    ranks.fill_rows(columns, rows, self.stride(), out.iter_mut());
                };
                self.walked::<_, _, W>(nodes, [0; W], rows, fill, found);
            }
            Nodes::Coded(nodes) => {
                let empty = CodedRow { cells: [0; W], sets: &ranks.sets };
                let fill = |rows: &[T], out: &mut [CodedRow<'_, [u8; W]>]| {
                    let out = out.iter_mut().map(|row| &mut row.cells);
                    ranks.fill_rows(columns, rows, self.stride(), out);
                };
                self.walked::<_, _, W>(nodes, empty, rows, fill, found);
            }
        }
    }

    fn packed<const W: usize>(
        &self,
        nodes: &Walkable<Packed>,
        rows: &[T],
        fill: impl Fn(&[T], &mut [f32]),
        found: impl FnMut(usize, usize, &[u32]),
    ) {
        let fill = |rows: &[T], out: &mut [[f32; W]]| {
            for (row, out) in rows.chunks_exact(self.stride()).zip(out) {
                fill(row, out);
            }
        };
        self.walked::<_, _, W>(nodes, [0.0; W], rows, fill, found);
    }

    fn walked<N: Step, R: Cells<N::Cell> + Copy, const W: usize>(
        &self,
        all: &Walkable<N>,
        empty: R,
        rows: &[T],
        fill: impl Fn(&[T], &mut [R]),
        mut found: impl FnMut(usize, usize, &[u32]),
    ) {
        let stride = self.stride();
        if rows.len() <= stride {
            let mut cells = [empty];
            fill(rows, &mut cells);
            walk(&all.nodes, &self.trees, &cells, found);
            return;
        }
        let far = size_of_val(&*all.nodes) > NEAR;
        let some = if far { (FAR / size_of::<R>()).max(CHUNK) } else { CHUNK };
        let mut cells = vec![empty; some.min(rows.len() / stride)];
        let mut scratch = None;
        for (chunk, rows) in rows.chunks(some * stride).enumerate() {
            let cells = cells.get_mut(..rows.len() / stride).unwrap_or_default();
            fill(rows, cells);
            let mut found =
                |tree: usize, row: usize, nodes: &[u32]| found(tree, chunk * some + row, nodes);
            let done = match &all.tops {
                Some(tops) if cells.len() >= ROWS => {
                    tops.walk::<N, R, W>(&all.nodes, cells, &mut scratch, &mut found)
                }
                _ => 0,
            };
            let rest = cells.get(done..).unwrap_or_default();
            walk(&all.nodes, &self.trees, rest, |tree, row, nodes| found(tree, done + row, nodes));
        }
    }

    pub(super) fn stride(&self) -> usize {
        self.features.max(1)
    }
}

/// Bytes of nodes that stay in a core's own cache.
const NEAR: usize = 1 << 20;
/// Bytes of cells that are expanded at a time where the nodes do not stay near: each tree comes from
/// afar once for all of them.
const FAR: usize = 1 << 18;

impl<T> Layout<T> {
    /// About the nanoseconds that a row takes.
    fn cost(&self, trees: &[Tree], nodes: usize) -> usize {
        let steps: usize = trees.iter().map(|tree| tree.sure as usize).sum();
        match self {
            Self::Ranked(.., Some(_)) => steps / 2,
            _ if nodes * size_of::<Packed>() > NEAR => steps * 4,
            _ => steps,
        }
    }
}

fn choose<T: Real>(form: &Form<T>) -> Layout<T> {
    // a row's ranks take longer than so few steps without them
    let steps: usize = form.trees.iter().map(|tree| tree.sure as usize).sum();
    if form.columns.plain
        && steps < form.columns.len()
        && let Some(nodes) = direct::packed(form)
    {
        return Layout::Packed(Walkable::plain(nodes));
    }
    let floats = |nodes| Layout::Packed(Walkable::plain(nodes).topped(&form.trees, FLOATS));
    if let Some((nodes, ranks)) = ranked::ranked(form) {
        let blend = Blend::new(form, &nodes);
        // walking takes as long with values as with ranks, which have to be found first
        if blend.is_none()
            && form.columns.plain
            && form.nodes.len() * size_of::<Packed>() <= NEAR
            && let Some(nodes) = direct::packed(form)
        {
            return floats(nodes);
        }
        let nodes = if blend.is_none() { nodes.topped(&form.trees) } else { nodes };
        return Layout::Ranked(nodes, ranks, blend);
    }
    match direct::packed(form) {
        Some(nodes) => floats(nodes),
        None => Layout::Wide(direct::wide(form)),
    }
}

impl<T> fmt::Debug for Forest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = match &self.layout {
            Layout::Packed(_) => "packed",
            Layout::Wide(_) => "wide",
            Layout::Ranked(..) => "ranked",
        };
        f.debug_struct("Forest")
            .field("features", &self.features)
            .field("trees", &self.trees.len())
            .field("nodes", &self.origin.len())
            .field("layout", &layout)
            .finish_non_exhaustive()
    }
}
