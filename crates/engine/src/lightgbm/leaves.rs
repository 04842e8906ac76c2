//! What the leaves of trees hold: values, linear models, and how many rows of training they had.

use std::fmt;

use super::text::Block;
use crate::{Error, read::budget::Budget, tree::Forest};

/// The leaves of one tree, in the file's order.
pub(super) struct TreeLeaves {
    pub(super) values: Vec<f64>,
    pub(super) lines: Option<Box<Lines>>,
    pub(super) counts: Option<Counts>,
}

/// The linear models of a tree's leaves (`linear_tree`).
pub(super) struct Lines {
    constants: Vec<f64>,
    /// How many terms each leaf has.
    lengths: Vec<usize>,
    /// Feature and coefficient of each term, leaf after leaf.
    terms: Vec<(u32, f64)>,
}

/// Bytes of a leaf's linear model beside its terms: as it is read, and for each of two nodes.
const LINE: usize = size_of::<(f64, usize)>() + 2 * size_of::<(f64, u32, u32)>();
/// Bytes of a term.
const TERM: usize = size_of::<(u32, f64)>();

impl Lines {
    /// Reads the lists of a tree; `None` when its leaves are plain values.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the lists do not fit each other or the features.
    pub(super) fn read(
        block: &Block<'_>,
        leaves: usize,
        features: usize,
        budget: &mut Budget,
    ) -> Result<Option<Box<Self>>, Error> {
        if block.get("is_linear").is_none_or(|flag| flag.trim() == "0") {
            return Ok(None);
        }
        budget.charge(leaves.saturating_mul(LINE), block.place)?;
        let constants = block.list("leaf_const", leaves)?;
        let lengths = block.list::<usize>("num_features", leaves)?;
        let total = lengths.iter().try_fold(0_usize, |sum, &length| sum.checked_add(length));
        let total = total.ok_or_else(|| block.wrong("num_features", "is too large"))?;
        // each is held twice while those of all trees are put together
        let most = total.min(block.most("leaf_features"));
        budget.charge(most.saturating_mul(3 * TERM), block.place)?;
        let indices = block.list::<u32>("leaf_features", total)?;
        if indices.iter().any(|&feature| feature as usize >= features) {
            return Err(block.wrong("leaf_features", "names a feature the model has not"));
        }
        let coefficients = block.list::<f64>("leaf_coeff", total)?;
        let terms = indices.into_iter().zip(coefficients).collect();
        Ok(Some(Box::new(Self { constants, lengths, terms })))
    }
}

/// How many rows of training reached the nodes of a tree.
pub(super) struct Counts {
    /// Those of the splits.
    pub(super) inner: Vec<u32>,
    /// Those of the leaves.
    pub(super) leaves: Vec<u32>,
}

impl Counts {
    /// Reads both lists; `None` when the file has them not.
    pub(super) fn read(block: &Block<'_>, inner: usize, leaves: usize) -> Option<Self> {
        let leaf_counts = block.list("leaf_count", leaves).ok();
        // a tree of one leaf may leave its count out
        let leaves = leaf_counts.or_else(|| (leaves == 1).then(|| vec![0]))?;
        let inner =
            if inner == 0 { Vec::new() } else { block.list("internal_count", inner).ok()? };
        Some(Self { inner, leaves })
    }
}

/// What the leaves of all trees hold.
pub(super) struct Leaves {
    /// The value of each node.
    pub(super) values: Box<[f64]>,
    /// The linear model of each node, when there are some.
    lines: Option<AllLines>,
    /// How many rows of training reached each node, when the file tells.
    pub(super) counts: Option<Box<[u32]>>,
    /// What each tree gives on the average of training, when the file tells.
    pub(super) means: Box<[f64]>,
    /// The output that each tree adds to.
    pub(super) group: Box<[u32]>,
    /// Number of splits of each tree: our numbers of leaves begin after them.
    pub(super) splits: Box<[u32]>,
}

/// The linear models of all leaves.
struct AllLines {
    /// Constant, and where its terms begin and end, of each node.
    nodes: Box<[(f64, u32, u32)]>,
    terms: Box<[(u32, f64)]>,
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.values.len())
    }
}

impl Leaves {
    pub(super) fn new(forest: &Forest<f64>, trees: &[TreeLeaves], outputs: usize) -> Self {
        let splits: Box<[u32]> =
            trees.iter().map(|tree| tree.values.len().saturating_sub(1) as u32).collect();
        let leaf = |tree: usize, node: u32| {
            let leaf = node.checked_sub(splits.get(tree).copied().unwrap_or(0))?;
            Some((trees.get(tree)?, leaf as usize))
        };
        let values = forest.arrange(|tree, node| {
            let value = leaf(tree, node).and_then(|(tree, leaf)| tree.values.get(leaf).copied());
            value.unwrap_or(0.0)
        });
        let lines = trees.iter().any(|tree| tree.lines.is_some());
        let lines = lines.then(|| AllLines::new(forest, trees, &splits));
        let counts = trees.iter().all(|tree| tree.counts.is_some()) && lines.is_none();
        let counts = counts.then(|| {
            forest.arrange(|tree, node| {
                let splits = splits.get(tree).copied().unwrap_or(0);
                let counts = trees.get(tree).and_then(|tree| tree.counts.as_ref());
                let count = counts.and_then(|counts| match node.checked_sub(splits) {
                    Some(leaf) => counts.leaves.get(leaf as usize),
                    None => counts.inner.get(node as usize),
                });
                count.copied().unwrap_or(0)
            })
        });
        let means = trees.iter().map(TreeLeaves::mean).collect();
        let group = (0..trees.len()).map(|tree| (tree % outputs) as u32).collect();
        Self { values, lines, counts, means, group, splits }
    }

    /// Adds what each row's leaves give, in the order of the trees, to rows × outputs.
    pub(super) fn add(&self, forest: &Forest<f64>, rows: &[f64], outputs: usize, sums: &mut [f64]) {
        let Some(lines) = &self.lines else {
            return forest.add(rows, &self.values, &self.group, outputs, sums);
        };
        let stride = forest.features();
        forest.spread(rows, outputs, sums, |rows, sums| {
            forest.leaves_of_rows(rows, |tree, first, nodes| {
                let output = self.group.get(tree).copied().unwrap_or(0) as usize;
                let rows = rows.get(first * stride..).unwrap_or_default().chunks(stride.max(1));
                let sums = sums.get_mut(first * outputs..).unwrap_or_default();
                let sums = sums.chunks_mut(outputs).filter_map(|sums| sums.get_mut(output));
                for ((&node, row), sum) in nodes.iter().zip(rows).zip(sums) {
                    let value = lines.value(node, row);
                    let value = value.or_else(|| self.values.get(node as usize).copied());
                    *sum += value.unwrap_or(0.0);
                }
            });
        });
    }
}

impl TreeLeaves {
    /// The mean of the leaves, by how many rows of training each had.
    fn mean(&self) -> f64 {
        let Some(counts) = &self.counts else { return 0.0 };
        match (&self.values[..], counts.inner.first()) {
            (values, Some(&total)) => {
                let parts = counts.leaves.iter().zip(values);
                let parts =
                    parts.map(|(&count, value)| f64::from(count) / f64::from(total) * value);
                parts.fold(0.0, |sum, part| sum + part)
            }
            (&[value], None) => value,
            _ => 0.0,
        }
    }
}

impl AllLines {
    fn new(forest: &Forest<f64>, trees: &[TreeLeaves], splits: &[u32]) -> Self {
        let mut terms = Vec::new();
        // where the terms of each tree's leaves begin
        let starts: Vec<Vec<u32>> = trees
            .iter()
            .map(|tree| {
                let Some(lines) = &tree.lines else { return Vec::new() };
                let mut at = terms.len();
                terms.extend_from_slice(&lines.terms);
                let ends = lines.lengths.iter().map(|length| {
                    at += length;
                    at as u32
                });
                let start = terms.len() - lines.terms.len();
                std::iter::once(start as u32).chain(ends).collect()
            })
            .collect();
        let nodes = forest.arrange(|tree, node| {
            let line = || {
                let leaf = node.checked_sub(*splits.get(tree)?)? as usize;
                let tree_leaves = trees.get(tree)?;
                let Some(lines) = &tree_leaves.lines else {
                    return Some((*tree_leaves.values.get(leaf)?, 0, 0));
                };
                let starts = starts.get(tree)?;
                Some((*lines.constants.get(leaf)?, *starts.get(leaf)?, *starts.get(leaf + 1)?))
            };
            line().unwrap_or((0.0, 0, 0))
        });
        Self { nodes, terms: terms.into() }
    }

    /// What the linear model of a leaf gives; `None` when one of its features is missing.
    fn value(&self, node: u32, row: &[f64]) -> Option<f64> {
        let &(constant, start, end) = self.nodes.get(node as usize)?;
        let mut sum = constant;
        for &(feature, coefficient) in self.terms.get(start as usize..end as usize)? {
            let value = *row.get(feature as usize)?;
            if value.is_nan() {
                return None;
            }
            sum += coefficient * value;
        }
        Some(sum)
    }
}
