//! Small trees, many rows: every split of a tree is decided for all rows at once, from the leaves
//! up, and each split keeps the answer of the side it chose.
//!
//! This makes more comparisons than walking does, but the same few vector instructions make them
//! for sixty-four rows, and hardly any comparison waits for the one before.

use super::{
    build::{Form, Tree},
    kernel,
    lanes::{Choice, LANES, Places, signed},
    ranked::Nodes,
    sets::{self, Set},
};

/// Fewest rows for which it pays to decide for all lanes, those without a row included.
pub(super) const FEWEST: usize = 16;

/// Blocks of lanes that are decided by one tree before the next, so that it stays near.
pub(super) const BLOCKS: usize = 4;

/// Most nodes of a tree, so that a node's place fits a byte.
pub(super) const MOST_NODES: usize = 256;

/// The splits of every tree, children before parents.
pub(super) struct Blend {
    choices: Box<[Choice<i8>]>,
    /// Where each tree's choices end. They begin where those of the tree before end.
    ends: Box<[u32]>,
    /// The set of each choice, or zero when it compares its threshold; empty when all do.
    sets: Box<[u32]>,
}

/// What a kernel works in.
pub(super) struct Scratch<L, const W: usize> {
    /// The columns of every [`LANES`] rows.
    pub(super) blocks: Vec<Box<[[L; LANES]; W]>>,
    pub(super) answers: Box<[Places; 512]>,
}

impl<L: Copy + Default, const W: usize> Scratch<L, W> {
    /// For as many rows at a time.
    pub(super) fn new(rows: usize) -> Option<Self> {
        let block = |_| -> Option<Box<[[L; LANES]; W]>> {
            vec![[L::default(); LANES]; W].into_boxed_slice().try_into().ok()
        };
        let blocks = (0..rows.div_ceil(LANES)).map(block).collect::<Option<Vec<_>>>()?;
        let mut answers = vec![[0; LANES]; 512].into_boxed_slice();
        for (place, constant) in (0..=u8::MAX).zip(&mut answers) {
            *constant = [place; LANES];
        }
        Some(Self { blocks, answers: answers.try_into().ok()? })
    }
}

impl Blend {
    /// `None` when a tree has too many nodes.
    pub(super) fn new<T>(form: &Form<T>, nodes: &Nodes) -> Option<Self> {
        if form.trees.iter().any(|tree| tree.len as usize > MOST_NODES) {
            return None;
        }
        let mut choices = Vec::new();
        let mut sets = Vec::new();
        let mut ends = Vec::with_capacity(form.trees.len());
        for tree in &form.trees {
            let own = tree.own(&form.nodes)?;
            let answer = |place: u32| {
                let leaf = own.get(place as usize)?.leaf;
                Some(place as u16 + if leaf { 0 } else { 256 })
            };
            // backwards no parent comes before its children
            for (place, node) in own.iter().enumerate().rev() {
                if !node.leaf {
                    let (ranked, set) = nodes.at(tree.start as usize + place)?;
                    if matches!(nodes, Nodes::Coded(_)) {
                        sets.push(set);
                    }
                    choices.push(Choice {
                        column: ranked.column().into(),
                        threshold: signed(ranked.place()),
                        node: place as u8,
                        children: [answer(node.left)?, answer(node.left + 1)?],
                    });
                }
            }
            ends.push(choices.len() as u32);
        }
        Some(Self { choices: choices.into(), ends: ends.into(), sets: sets.into() })
    }

    /// Hands over each `(tree, block, first, places)` for the first `rows` of the scratch: where
    /// each lane's leaf is in the tree, counted from the tree's first node.
    pub(super) fn leaves(
        &self,
        trees: &[Tree],
        sets: &[Set],
        rows: usize,
        scratch: &mut Scratch<i8, 256>,
        mut found: impl FnMut(usize, usize, u32, &Places),
    ) {
        let Scratch { blocks: all, answers } = scratch;
        let mut begin = 0;
        for (index, (tree, &end)) in trees.iter().zip(&self.ends).enumerate() {
            let choices = self.choices.get(begin as usize..end as usize).unwrap_or_default();
            let numbers = self.sets.get(begin as usize..end as usize).unwrap_or_default();
            begin = end;
            // a tree of one leaf has decided nothing, and its answer is the first constant
            let root = if choices.is_empty() { 0 } else { 256 };
            for (block, columns) in all.iter().take(rows.div_ceil(LANES)).enumerate() {
                if numbers.is_empty() {
                    kernel::decide(choices, rows - block * LANES, columns, answers);
                } else {
                    sets::decide(choices, (numbers, sets), columns, answers);
                }
                found(index, block, tree.start, &answers[root]);
            }
        }
    }
}
