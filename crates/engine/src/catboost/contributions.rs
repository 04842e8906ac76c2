//! What each column adds to a score: the Shapley values of the trees, weighed by the training data
//! that their leaves got.
//!
//! Source: Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree
//! Ensembles" (2018), algorithm 2, with what `catboost/libs/fstr/shap_values.cpp` makes of it: a
//! subtree that no training data reached adds nothing, and the share of a CTR is divided equally
//! among the columns of categories that it is made of.
//!
//! Only of symmetric trees: what CatBoost gives for trees of nodes does not add up to the score, and
//! differs from what these formulas give.

use std::{collections::HashMap, sync::Arc};

use super::columns::Compared;

/// Deepest tree that is followed; CatBoost grows none beyond 16.
const DEEPEST: usize = 24;

/// What the Shapley values need beside the trees that run.
#[derive(Debug)]
pub(super) struct Contributions {
    /// The borders that splits compare with.
    tests: Vec<Test>,
    /// Columns of a row that splits share: a column of numbers, or all those of a combination.
    groups: Vec<Arc<[usize]>>,
    trees: Vec<Tree>,
    weights: Vec<f64>,
}

/// A border, and which group its columns are.
#[derive(Clone, Copy, Debug)]
struct Test {
    place: usize,
    border: f32,
    missing_above: bool,
    group: usize,
}

/// The split of each level of a tree, the first of which is the lowest bit of a leaf's number.
#[derive(Debug)]
struct Tree(Vec<usize>);

/// A node: its split with both children, and its leaf, when rows can end there. A child that is the
/// node itself is none.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    split: usize,
    children: Option<[usize; 2]>,
    leaf: Option<usize>,
}

impl Contributions {
    /// Of the levels of symmetric trees, whose splits are counted through the borders of all that is
    /// compared; `weights` has one for each leaf. `None` when a tree is not as it must be.
    pub(super) fn new(
        compared: &[Compared],
        sizes: &[i32],
        splits: &[i32],
        weights: Vec<f64>,
    ) -> Option<Self> {
        let mut used = splits.to_vec();
        used.sort_unstable();
        used.dedup();
        let mut groups = Vec::new();
        let mut known = HashMap::new();
        // the group of columns that stand in one place: those of a combination are looked through once
        let mut shared = HashMap::new();
        let mut tests = Vec::with_capacity(used.len());
        let mut rest = used.iter().map(|&split| usize::try_from(split).ok()).peekable();
        let mut before = 0;
        for compared in compared {
            let end = before + compared.borders.len();
            while let Some(split) = rest.next_if(|split| split.is_some_and(|split| split < end)) {
                let border = *compared.borders.get(split?.checked_sub(before)?)?;
                let group = *shared.entry(compared.columns.as_ptr()).or_insert_with(|| {
                    *known.entry(&compared.columns).or_insert_with(|| {
                        groups.push(Arc::clone(&compared.columns));
                        groups.len() - 1
                    })
                });
                let (place, missing_above) = (compared.place, compared.missing_above);
                tests.push(Test { place, border, missing_above, group });
            }
            before = end;
        }
        if rest.next().is_some() {
            return None;
        }
        let mut trees = Vec::with_capacity(sizes.len());
        let mut rest = splits;
        for &size in sizes {
            let (own, others) = rest.split_at_checked(usize::try_from(size).ok()?)?;
            rest = others;
            if own.len() > DEEPEST {
                return None;
            }
            let split = |split: &i32| used.binary_search(split).ok();
            trees.push(Tree(own.iter().map(split).collect::<Option<_>>()?));
        }
        Some(Self { tests, groups, trees, weights })
    }

    /// Adds the contributions to rows of `width` columns for each output: those of the row, then what
    /// is expected. `cells` holds what splits compare; `values` are those of the leaves.
    pub(super) fn add(&self, cells: &[f32], stride: usize, leaves: Values<'_>, to: &mut [f64]) {
        let rows: Vec<&[f32]> = cells.chunks_exact(stride.max(1)).collect();
        let (shown, width) = (leaves.shown, to.len() / rows.len().max(1) / leaves.shown.max(1));
        let size = self.groups.len() * shown;
        let mut found = vec![0.0; rows.len() * size];
        let mut expected = vec![0.0; shown];
        let mut first = 0;
        for tree in &self.trees {
            let grown = Grown::new(tree, self, first);
            for (cells, found) in rows.iter().zip(found.chunks_exact_mut(size.max(1))) {
                let mut walk = Walk { of: self, grown: &grown, cells, leaves, found };
                walk.down(grown.root, 0, Path::EMPTY, [1.0, 1.0], NOBODY);
            }
            grown.mean(self, leaves, &mut expected);
            first += grown.leaves;
        }
        for (at, to) in to.chunks_exact_mut(width.max(1)).enumerate() {
            let (row, output) = (at / shown, at % shown);
            for (group, columns) in self.groups.iter().enumerate() {
                let share = found.get(row * size + group * shown + output);
                for &column in &columns[..] {
                    if let (Some(to), Some(share)) = (to.get_mut(column), share) {
                        *to += share / columns.len() as f64;
                    }
                }
            }
            if let (Some(to), Some(mean)) = (to.last_mut(), expected.get(output)) {
                *to += mean;
            }
        }
    }
}

/// The values of leaves: so many each, of which the first ones are shown.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) all: &'a [f64],
    pub(super) outputs: usize,
    pub(super) shown: usize,
}

impl<'a> Values<'a> {
    fn of(self, leaf: usize) -> &'a [f64] {
        let values = self.all.get(leaf.saturating_mul(self.outputs)..).unwrap_or_default();
        values.get(..self.shown).unwrap_or_default()
    }
}

impl Test {
    fn is_above(&self, cells: &[f32]) -> bool {
        let value = cells.get(self.place).copied().unwrap_or(f32::NAN);
        value > self.border || self.missing_above && value.is_nan()
    }
}

/// A tree with the weights of all its nodes.
struct Grown<'a> {
    tree: &'a Tree,
    root: usize,
    /// The place of its first leaf among all leaves.
    first: usize,
    leaves: usize,
    weights: Vec<f64>,
}

impl<'a> Grown<'a> {
    fn new(tree: &'a Tree, of: &Contributions, first: usize) -> Self {
        let weight = |leaf: usize| of.weights.get(leaf).copied().unwrap_or_default();
        // node `n` has the children `2n` and `2n + 1`
        let leaves = 1 << tree.0.len();
        let mut weights = vec![0.0; leaves];
        weights.extend((0..leaves).map(|leaf| weight(first + leaf)));
        for node in (1..leaves).rev() {
            let sum = weights.get(node * 2..node * 2 + 2).map_or(0.0, |both| both.iter().sum());
            if let Some(to) = weights.get_mut(node) {
                *to = sum;
            }
        }
        Self { tree, root: 1, first, leaves, weights }
    }

    fn weight(&self, node: usize) -> f64 {
        self.weights.get(node).copied().unwrap_or_default()
    }

    /// The node, whose depth is known.
    fn part(&self, node: usize, depth: usize) -> Part {
        match self.tree.0.iter().rev().nth(depth) {
            Some(&split) => Part { split, children: Some([node * 2, node * 2 + 1]), leaf: None },
            None => Part { leaf: Some(self.first + node - self.leaves), ..Part::default() },
        }
    }

    /// Adds the mean of the leaves.
    fn mean(&self, of: &Contributions, leaves: Values<'_>, to: &mut [f64]) {
        let mut add = |leaf: usize| {
            let share = of.weights.get(leaf).copied().unwrap_or_default() / self.weight(self.root);
            for (to, value) in to.iter_mut().zip(leaves.of(leaf)) {
                *to += value * share;
            }
        };
        (self.first..self.first + self.leaves).for_each(&mut add);
    }
}

/// No group.
const NOBODY: usize = usize::MAX;

/// A group that a path has split by.
#[derive(Clone, Copy)]
struct Step {
    group: usize,
    /// The share of the training data that goes on when the group is not known.
    unknown: f64,
    /// One when the row goes on, else zero.
    known: f64,
    weight: f64,
}

/// The groups that a path has split by, each once.
#[derive(Clone, Copy)]
struct Path {
    len: usize,
    steps: [Step; DEEPEST + 2],
}

impl Path {
    const EMPTY: Self = Self {
        len: 0,
        steps: [Step { group: NOBODY, unknown: 0.0, known: 0.0, weight: 0.0 }; DEEPEST + 2],
    };

    fn steps(&self) -> &[Step] {
        self.steps.get(..self.len).unwrap_or_default()
    }

    fn extend(&mut self, [unknown, known]: [f64; 2], group: usize) {
        let len = self.len;
        let Some(last) = self.steps.get_mut(len) else { return };
        *last = Step { group, unknown, known, weight: if len == 0 { 1.0 } else { 0.0 } };
        self.len += 1;
        let whole = self.len as f64;
        for at in (0..len).rev() {
            if let Some([step, next]) = self.steps.get_mut(at..at + 2) {
                next.weight += known * step.weight * (at + 1) as f64 / whole;
                step.weight = unknown * step.weight * (len - at) as f64 / whole;
            }
        }
    }

    fn unwind(&mut self, place: usize) {
        let Some(&Step { unknown, known, .. }) = self.steps().get(place) else { return };
        let whole = self.len as f64;
        self.len -= 1;
        let mut rest = self.steps.get(self.len).map_or(0.0, |last| last.weight);
        for at in (0..self.len).rev() {
            let Some(step) = self.steps.get_mut(at) else { continue };
            let before = (self.len - at) as f64;
            if none(known) {
                step.weight *= whole / (unknown * before);
            } else {
                let old = step.weight;
                step.weight = rest * whole / (known * (at + 1) as f64);
                rest = old - step.weight * unknown * before / whole;
            }
        }
        for at in place..self.len {
            if let Some([step, next]) = self.steps.get_mut(at..at + 2) {
                *step = Step { weight: step.weight, ..*next };
            }
        }
    }
}

/// Nothing, but for rounding.
fn none(share: f64) -> bool {
    share.abs() <= 1e-13
}

/// One row on all paths of a tree.
struct Walk<'a> {
    of: &'a Contributions,
    grown: &'a Grown<'a>,
    cells: &'a [f32],
    leaves: Values<'a>,
    /// What each group adds to each output.
    found: &'a mut [f64],
}

impl Walk<'_> {
    /// Goes on from `node`; no tree is deeper than a path is long.
    fn down(&mut self, node: usize, depth: usize, mut path: Path, shares: [f64; 2], group: usize) {
        path.extend(shares, group);
        let part = self.grown.part(node, depth);
        if let Some(leaf) = part.leaf {
            self.leaf(leaf, &path);
        }
        let (Some(children), Some(test)) = (part.children, self.of.tests.get(part.split)) else {
            return;
        };
        let [mut unknown, mut known] = [1.0, 1.0];
        if let Some(place) = path.steps().iter().position(|step| step.group == test.group) {
            if let Some(step) = path.steps().get(place) {
                [unknown, known] = [step.unknown, step.known];
            }
            path.unwind(place);
        }
        let goes = usize::from(test.is_above(self.cells));
        for (side, child) in children.into_iter().enumerate() {
            let weight = self.grown.weight(child);
            if child == node || none(weight) {
                continue;
            }
            let share = unknown * (weight / self.grown.weight(node));
            let known = if side == goes { known } else { 0.0 };
            self.down(child, depth + 1, path, [share, known], test.group);
        }
    }

    fn leaf(&mut self, leaf: usize, path: &Path) {
        let (values, shown) = (self.leaves.of(leaf), self.leaves.shown);
        for (place, step) in path.steps().iter().enumerate().skip(1) {
            let mut without = *path;
            without.unwind(place);
            let sum: f64 = without.steps().iter().map(|step| step.weight).sum();
            let share = sum * (step.known - step.unknown);
            let found = self.found.get_mut(step.group * shown..).unwrap_or_default();
            for (to, value) in found.iter_mut().zip(values) {
                *to += share * value;
            }
        }
    }
}
