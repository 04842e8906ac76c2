//! Large trees, many rows: the top of a tree is decided for all rows at once, as small trees are as a
//! whole, and each row walks on from where it left the top.

use super::{
    blend::Scratch,
    build::Tree,
    kernel::{self, Cells, ROWS, Step, walk_on},
    lanes::{Choice, LANES},
};

/// What it pays to decide for all lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// Splits of a tree that is decided as a whole.
    splits: usize,
    /// Levels of the top of a larger tree.
    levels: u32,
}

/// For bytes: a register has many.
pub(super) const BYTES: Most = Most { splits: ANSWERS, levels: 6 };
/// For floats.
pub(super) const FLOATS: Most = Most { splits: 31, levels: 4 };

/// Most splits of a top, so that what they answer, and where a row leaves it, fit a byte.
const ANSWERS: usize = 255;

/// Fewest nodes of a tree, on average, for which tops are kept.
const FEWEST: usize = 8;

/// Nodes that a kernel walks, and the tops of their trees.
pub(super) struct Walkable<N: Step> {
    pub(super) nodes: Box<[N]>,
    pub(super) tops: Option<Tops<N::Lane>>,
}

impl<N: Step> Walkable<N> {
    /// Without tops.
    pub(super) fn plain(nodes: Box<[N]>) -> Self {
        Self { nodes, tops: None }
    }

    /// With tops, unless the trees are so small that these would take more room than they do.
    pub(super) fn topped(self, trees: &[Tree], most: Most) -> Self {
        let large = self.nodes.len() / FEWEST >= trees.len();
        let tops = if large { Tops::new(&self.nodes, trees, most) } else { None };
        Self { tops, ..self }
    }
}

/// The tops of all trees.
pub(super) struct Tops<L> {
    /// The splits of every top, children before parents.
    choices: Box<[Choice<L>]>,
    /// The nodes at which rows leave the tops, counted from the first of their trees.
    exits: Box<[u32]>,
    trees: Box<[Top]>,
    /// The columns that choices compare are below.
    columns: usize,
}

/// The top of a tree.
struct Top {
    /// Its choices, and those of the trees before.
    choices: u32,
    /// Its exits, and those of the trees before.
    exits: u32,
    /// The tree, with the steps that are left behind the top.
    rest: Tree,
}

/// What a top takes of its tree. Nodes are counted from the tree's first.
struct Cut<L> {
    /// Its splits, parents before children: the node, the left child, the column and the greatest value
    /// that goes left.
    splits: Vec<(u32, u32, u32, L)>,
    /// The nodes below.
    exits: Vec<u32>,
    /// Steps that the top spares every row.
    steps: u32,
}

impl<L> Cut<L> {
    fn of<N: Step<Lane = L>>(own: &[N], tree: &Tree, most: Most) -> Self {
        let inner = |place: u32| own.get(place as usize).filter(|node| node.left() != place);
        let all = (0..tree.len).filter(|&place| inner(place).is_some()).count();
        let levels = if all <= most.splits { u32::MAX } else { most.levels };
        let mut cut = Self { splits: Vec::new(), exits: Vec::new(), steps: tree.depth };
        let mut level = vec![0];
        for done in 0.. {
            for place in std::mem::take(&mut level) {
                let node = inner(place);
                match node.and_then(|node| Some((node.left(), node.test()?))) {
                    Some((left, test)) if done < levels && cut.splits.len() < ANSWERS => {
                        level.extend([left, left + 1]);
                        cut.splits.push((place, left, test.0, test.1));
                    }
                    _ => {
                        cut.steps = if node.is_some() { cut.steps.min(done) } else { cut.steps };
                        cut.exits.push(place);
                    }
                }
            }
            if level.is_empty() {
                break;
            }
        }
        cut
    }
}

impl<L: Copy + Default + PartialOrd> Tops<L> {
    /// `None` when a column has no place in a choice.
    fn new<N: Step<Lane = L>>(nodes: &[N], trees: &[Tree], most: Most) -> Option<Self> {
        let (mut choices, mut exits, mut tops) = (Vec::<Choice<L>>::new(), Vec::new(), Vec::new());
        // where the answer of each node of a tree is
        let mut answers = Vec::new();
        for tree in trees {
            let own = tree.own(nodes)?;
            let cut = Cut::of(own, tree, most);
            answers.clear();
            answers.resize(own.len(), 0_u16);
            let splits = cut.splits.iter().map(|split| split.0).zip(256..);
            for (place, answer) in splits.chain(cut.exits.iter().copied().zip(0..)) {
                *answers.get_mut(place as usize)? = answer;
            }
            let answer = |place: u32| answers.get(place as usize).copied();
            for &(place, left, column, threshold) in cut.splits.iter().rev() {
                choices.push(Choice {
                    column: u16::try_from(column).ok()?,
                    threshold,
                    node: answer(place)? as u8,
                    children: [answer(left)?, answer(left + 1)?],
                });
            }
            exits.extend(cut.exits);
            let (depth, sure) = (tree.depth - cut.steps, tree.sure.saturating_sub(cut.steps));
            let rest = Tree { depth, sure, ..*tree };
            tops.push(Top { choices: choices.len() as u32, exits: exits.len() as u32, rest });
        }
        let columns = choices.iter().map(|choice| usize::from(choice.column) + 1).max();
        Some(Self {
            choices: choices.into(),
            exits: exits.into(),
            trees: tops.into(),
            columns: columns.unwrap_or(0),
        })
    }

    /// Walks every tree with as many of the rows as fill groups, says how many those are, and hands
    /// over each `(tree, row, nodes)`: what that row and those after it reach. For each row, trees come
    /// in order.
    pub(super) fn walk<N: Step<Lane = L>, R: Cells<N::Cell>, const W: usize>(
        &self,
        nodes: &[N],
        rows: &[R],
        scratch: &mut Option<Scratch<L, W>>,
        mut found: impl FnMut(usize, usize, &[u32]),
    ) -> usize {
        let whole = rows.len() - rows.len() % ROWS;
        let rows = rows.get(..whole).unwrap_or_default();
        if scratch.is_none() {
            *scratch = Scratch::new(whole);
        }
        let Some(Scratch { blocks, answers }) = scratch else { return 0 };
        for (rows, columns) in rows.chunks(LANES).zip(blocks.iter_mut()) {
            for (lane, row) in rows.iter().enumerate() {
                for (column, lanes) in columns.iter_mut().enumerate().take(self.columns) {
                    lanes[lane] = N::lane(row.cell(column));
                }
            }
        }
        let (mut choice, mut exit) = (0, 0);
        for (index, top) in self.trees.iter().enumerate() {
            let choices = self.choices.get(choice..top.choices as usize).unwrap_or_default();
            let exits = self.exits.get(exit..top.exits as usize).unwrap_or_default();
            (choice, exit) = (top.choices as usize, top.exits as usize);
            let Some(own) = top.rest.own(nodes) else { continue };
            let root = if choices.is_empty() { 0 } else { 256 };
            for (block, (rows, columns)) in rows.chunks(LANES).zip(blocks.iter()).enumerate() {
                kernel::decide(choices, rows.len(), columns, answers);
                let groups = rows.as_chunks::<ROWS>().0.iter();
                for (group, (rows, left)) in groups.zip(answers[root].chunks(ROWS)).enumerate() {
                    let mut at = [0; ROWS];
                    for (at, &left) in at.iter_mut().zip(left) {
                        *at = exits.get(usize::from(left)).copied().unwrap_or(0);
                    }
                    walk_on(own, &top.rest, rows, &mut at);
                    let nodes = at.map(|at| top.rest.start + at);
                    found(index, block * LANES + group * ROWS, &nodes);
                }
            }
        }
        whole
    }
}
