//! Small trees, many rows: every split of a tree is decided for all rows at once, from the leaves
//! up, and each split keeps the answer of the side it chose.
//!
//! This makes more comparisons than walking does, but the same few vector instructions make them
//! for sixty-four rows, and hardly any comparison waits for the one before.

use super::{
    build::{Form, Tree},
    kernel,
    lanes::{Choice, LANES, Places, Ranks, signed},
    ranked::Ranked,
};

/// Fewest rows for which it pays to decide for all lanes, those without a row included.
pub(super) const FEWEST: usize = 16;

/// Most nodes of a tree, so that a node's place fits a byte.
const MOST_NODES: u32 = 256;

/// The splits of every tree, children before parents.
pub(super) struct Blend {
    choices: Box<[Choice]>,
    /// Where each tree's choices end. They begin where those of the tree before end.
    ends: Box<[u32]>,
}

/// What a kernel works in.
pub(super) struct Scratch {
    pub(super) columns: Box<[Ranks; 256]>,
    answers: Box<[Places; 512]>,
}

impl Scratch {
    pub(super) fn new() -> Option<Self> {
        let columns = vec![[0; LANES]; 256].into_boxed_slice().try_into().ok()?;
        let mut answers = vec![[0; LANES]; 512].into_boxed_slice();
        for (place, constant) in (0..=u8::MAX).zip(&mut answers) {
            *constant = [place; LANES];
        }
        Some(Self { columns, answers: answers.try_into().ok()? })
    }
}

impl Blend {
    /// `None` when a tree has too many nodes.
    pub(super) fn new<T>(form: &Form<T>, nodes: &[Ranked]) -> Option<Self> {
        if form.trees.iter().any(|tree| tree.len > MOST_NODES) {
            return None;
        }
        let mut choices = Vec::new();
        let mut ends = Vec::with_capacity(form.trees.len());
        for tree in &form.trees {
            let own = tree.own(&form.nodes)?;
            let ranked = tree.own(nodes)?;
            let answer = |place: u32| {
                let leaf = own.get(place as usize)?.leaf;
                Some(place as u16 + if leaf { 0 } else { 256 })
            };
            // backwards no parent comes before its children
            for (place, (node, ranked)) in own.iter().zip(ranked).enumerate().rev() {
                if !node.leaf {
                    choices.push(Choice {
                        column: ranked.column(),
                        threshold: signed(ranked.place()),
                        node: place as u8,
                        children: [answer(node.left)?, answer(node.left + 1)?],
                    });
                }
            }
            ends.push(choices.len() as u32);
        }
        Some(Self { choices: choices.into(), ends: ends.into() })
    }

    /// Hands over each `(tree, row, node)` for the first `rows` of the lanes.
    pub(super) fn leaves(
        &self,
        trees: &[Tree],
        scratch: &mut Scratch,
        rows: usize,
        mut found: impl FnMut(usize, usize, u32),
    ) {
        let mut begin = 0;
        for (index, (tree, &end)) in trees.iter().zip(&self.ends).enumerate() {
            let choices = self.choices.get(begin as usize..end as usize).unwrap_or_default();
            begin = end;
            kernel::decide(choices, &scratch.columns, &mut scratch.answers);
            // a tree of one leaf has decided nothing, and its answer is the first constant
            let root = if choices.is_empty() { 0 } else { 256 };
            for (row, &place) in scratch.answers[root].iter().take(rows).enumerate() {
                found(index, row, tree.start + u32::from(place));
            }
        }
    }
}
