use std::{collections::HashSet, fmt};

use super::{
    blend::{self, Blend, Scratch},
    build::{Builder, Form, Tree},
    columns::Columns,
    direct::{self, Packed, Wide},
    kernel::{Step, walk},
    lanes::LANES,
    ranked::{self, Ranked, Ranks},
};
use crate::table::Real;

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
}

/// The nodes as a kernel wants them.
pub(super) enum Layout<T> {
    Packed(Box<[Packed]>),
    Wide(Box<[Wide<T>]>),
    Ranked(Box<[Ranked]>, Ranks<T>, Option<Blend>),
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
            trees: form.trees.into(),
            origin: form.origin.into(),
            layout,
        }
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

    /// The feature that a column of the splits is made from.
    pub(super) fn feature(&self, column: u32) -> Option<u32> {
        self.columns.list.get(column as usize).map(|&(feature, _)| feature)
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
        let width = self.columns.len();
        match &self.layout {
            Layout::Packed(nodes) => {
                let fill = |row: &[T], out: &mut [f32]| {
                    for (to, &(feature, view)) in out.iter_mut().zip(&self.columns.list) {
                        let value = row.get(feature as usize).copied().unwrap_or(T::NAN);
                        *to = self.columns.see(view, value).to_f64() as f32;
                    }
                };
                match width {
                    0..=32 => self.packed::<_, 32>(nodes, rows, fill, found),
                    33..=64 => self.packed::<_, 64>(nodes, rows, fill, found),
                    65..=256 => self.packed::<_, 256>(nodes, rows, fill, found),
                    _ => self.packed::<_, 1024>(nodes, rows, fill, found),
                }
            }
            Layout::Ranked(nodes, ranks, blend) => {
                let stride = self.stride();
                let count = rows.len() / stride;
                let mut done = 0;
                if let Some((blend, mut scratch)) = blend
                    .as_ref()
                    .filter(|_| count >= blend::FEWEST)
                    .and_then(|blend| Some((blend, Scratch::new()?)))
                {
                    while count - done >= blend::FEWEST {
                        let lanes = (count - done).min(LANES);
                        let rows = rows.get(done * stride..).unwrap_or_default();
                        ranks.fill_lanes(&self.columns, rows, stride, &mut scratch.columns);
                        blend.leaves(&self.trees, &mut scratch, lanes, |tree, row, node| {
                            found(tree, done + row, node);
                        });
                        done += lanes;
                    }
                }
                let rows = rows.get(done * stride..).unwrap_or_default();
                if rows.is_empty() {
                    return;
                }
                let found = |tree, row, node| found(tree, done + row, node);
                let fill = |row: &[T], out: &mut [u8]| ranks.fill(&self.columns, row, out);
                match width {
                    0..=64 => self.packed::<_, 64>(nodes, rows, fill, found),
                    _ => self.packed::<_, 256>(nodes, rows, fill, found),
                }
            }
            Layout::Wide(nodes) => {
                let width = width.max(1);
                let mut cells = vec![T::default(); CHUNK.min(rows.len() / self.stride()) * width];
                for (chunk, rows) in rows.chunks(CHUNK * self.stride()).enumerate() {
                    let mut seen = Vec::with_capacity(CHUNK);
                    for (row, out) in
                        rows.chunks_exact(self.stride()).zip(cells.chunks_exact_mut(width))
                    {
                        self.columns.fill(row, out);
                    }
                    seen.extend(cells.chunks_exact(width).take(rows.len() / self.stride()));
                    walk(nodes, &self.trees, &seen, |tree, row, node| {
                        found(tree, chunk * CHUNK + row, node);
                    });
                }
            }
        }
    }

    fn packed<N: Step, const W: usize>(
        &self,
        nodes: &[N],
        rows: &[T],
        fill: impl Fn(&[T], &mut [N::Cell]),
        mut found: impl FnMut(usize, usize, u32),
    ) {
        let stride = self.stride();
        if rows.len() <= stride {
            let mut cells = [[N::Cell::default(); W]];
            fill(rows, &mut cells[0]);
            walk(nodes, &self.trees, &cells, found);
            return;
        }
        let mut cells = vec![[N::Cell::default(); W]; CHUNK.min(rows.len() / stride)];
        for (chunk, rows) in rows.chunks(CHUNK * stride).enumerate() {
            let count = rows.len() / stride;
            for (row, out) in rows.chunks_exact(stride).zip(&mut cells) {
                fill(row, out);
            }
            let cells = cells.get(..count).unwrap_or_default();
            walk(nodes, &self.trees, cells, |tree, row, node| {
                found(tree, chunk * CHUNK + row, node);
            });
        }
    }

    fn stride(&self) -> usize {
        self.features.max(1)
    }
}

fn choose<T: Real>(form: &Form<T>) -> Layout<T> {
    if let Some((nodes, ranks)) = ranked::ranked(form) {
        let blend = Blend::new(form, &nodes);
        return Layout::Ranked(nodes, ranks, blend);
    }
    match direct::packed(form) {
        Some(nodes) => Layout::Packed(nodes),
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
