//! The trees of a booster, and the sums of their leaves.

use std::{fmt, sync::OnceLock};

use super::{
    json::{ints, malformed},
    quadrature::{Rule, Walk},
    tree::{self, Nodes},
};
use crate::{
    Error,
    read::tree_json::Json,
    tree::{Builder, DEEPEST, Forest, SHAP, Shap},
};

/// Trees with what their leaves hold.
#[derive(Debug)]
pub(super) struct Ensemble {
    pub(super) forest: Forest<f32>,
    leaves: Leaves,
    /// The output that each tree adds to.
    group: Box<[u32]>,
    /// The base score is added last: what `dart` did before 1.4.
    base_last: bool,
    /// How much of training reached each node, when the file tells.
    covers: Option<Box<[f32]>>,
    /// What the leaves held before their trees were given weights (`dart`).
    unweighted: Option<Unweighted>,
    /// Contributions are computed as since 3.3.
    quadrature: bool,
    /// What each tree gives on the average of training, trees × values of a leaf.
    means: OnceLock<Box<[f64]>>,
}

/// Leaves without the weights of their trees: contributions are weighted after they are summed up.
#[derive(Debug)]
struct Unweighted {
    leaves: Leaves,
    weights: Box<[f32]>,
}

/// What the leaves hold.
enum Leaves {
    /// The value of each node.
    Values(Box<[f32]>),
    /// Which vector each node has, and the vectors with a value for each output.
    Vectors { slots: Box<[u32]>, values: Box<[f32]> },
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(values) => write!(f, "{} values", values.len()),
            Self::Vectors { values, .. } => write!(f, "vectors of {} values", values.len()),
        }
    }
}

/// What is needed beside the trees.
pub(super) struct Shape<'a> {
    pub(super) features: usize,
    pub(super) outputs: usize,
    /// How many trees count.
    pub(super) used: usize,
    /// What `dart` multiplies the leaves of each tree by.
    pub(super) weights: Option<&'a [f32]>,
    /// Start scores, one for each output.
    pub(super) base: &'a [f32],
    pub(super) dart: Dart,
    /// Contributions are computed as since 3.3.
    pub(super) quadrature: bool,
}

/// How a release adds up the trees of `dart`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dart {
    /// Each leaf times its tree's weight.
    Weighted,
    /// The same, with the base score added last: what `dart` did before 1.4.
    BaseLast,
    /// Each tree is asked for the base score and its leaf, and the base score is taken away again
    /// before the weight applies: what the wrappers did from 1.4 to 3.2.
    InPlace,
}

impl Ensemble {
    /// Reads `trees` and `tree_info` of a model.
    ///
    /// # Errors
    /// [`Error::Malformed`] when they are not trees for these features and outputs.
    pub(super) fn read(model: &Json, trees: &[Json], shape: &Shape<'_>) -> Result<Self, Error> {
        let info = ints(model, "tree_info", 0)?;
        let mut group = Vec::with_capacity(shape.used);
        let mut builder = Builder::new(shape.features, "XGBoost model");
        let mut all = Vec::with_capacity(shape.used);
        for (index, tree) in trees.iter().take(shape.used).enumerate() {
            let nodes = tree::read(&mut builder, tree, index)?;
            check_width(&nodes, all.first(), shape.outputs, index)?;
            all.push(nodes);
            let output = info.get(index).copied().unwrap_or(0);
            let output = u32::try_from(output).ok().filter(|&g| (g as usize) < shape.outputs);
            group.push(output.ok_or_else(|| {
                malformed(format!("`tree_info[{index}]`"), "names an output the model has not")
            })?);
        }
        let forest = Forest::new(builder);
        let leaves = Leaves::new(&forest, &all, |_, value| value);
        let weighted = |weights: &[f32]| {
            Leaves::new(&forest, &all, |tree, value| {
                let weight = weights.get(tree).copied().unwrap_or(1.0);
                if shape.dart != Dart::InPlace {
                    // before 3.3 a tree's score starts from zero, which takes a leaf's negative
                    // zero away
                    return if shape.quadrature { value } else { value + 0.0 } * weight;
                }
                let output = group.get(tree).copied().unwrap_or(0) as usize;
                let base = shape.base.get(output).copied().unwrap_or(0.0);
                ((base + value) - base) * weight
            })
        };
        let (leaves, unweighted) = match shape.weights {
            Some(weights) => {
                (weighted(weights), Some(Unweighted { leaves, weights: weights.into() }))
            }
            None => (leaves, None),
        };
        let covers = all.iter().all(|nodes| nodes.covers.is_some()).then(|| {
            forest.arrange(|tree, node| {
                let covers = all.get(tree).and_then(|nodes| nodes.covers.as_ref());
                covers.and_then(|covers| covers.get(node as usize)).copied().unwrap_or(0.0)
            })
        });
        Ok(Self {
            forest,
            leaves,
            group: group.into(),
            base_last: shape.dart == Dart::BaseLast,
            covers,
            unweighted,
            quadrature: shape.quadrature,
            means: OnceLock::new(),
        })
    }

    /// Scores of all rows, rows × outputs, from a start score for each output.
    pub(super) fn margins(&self, rows: &[f32], count: usize, base: &[f32]) -> Vec<f32> {
        let outputs = base.len();
        let mut sums = if self.base_last { vec![0.0; count * outputs] } else { base.repeat(count) };
        match &self.leaves {
            Leaves::Values(values) => {
                self.forest.add(rows, values, &self.group, outputs, &mut sums);
            }
            Leaves::Vectors { slots, values } => {
                self.forest.add_vectors(rows, slots, values, outputs, &mut sums);
            }
        }
        if self.base_last {
            for sums in sums.chunks_exact_mut(outputs.max(1)) {
                for (sum, base) in sums.iter_mut().zip(base) {
                    *sum += base;
                }
            }
        }
        sums
    }
}

/// What contributions are computed from.
pub(super) struct Explained<'a> {
    leaves: &'a Leaves,
    covers: &'a [f32],
    outputs: usize,
}

impl Explained<'_> {
    /// What a leaf adds to an output.
    pub(super) fn value(&self, node: u32, output: usize) -> f32 {
        let value = match self.leaves {
            Leaves::Values(values) => values.get(node as usize),
            Leaves::Vectors { slots, values } => {
                let slot = slots.get(node as usize).copied().unwrap_or(0) as usize;
                values.get(slot * self.outputs + output)
            }
        };
        value.copied().unwrap_or(0.0)
    }

    /// How much of training reached a node.
    pub(super) fn cover(&self, node: u32) -> f32 {
        self.covers.get(node as usize).copied().unwrap_or(0.0)
    }
}

impl Ensemble {
    /// True when contributions can be computed. Releases before 3.3 do not know those of vectors.
    pub(super) fn explains(&self) -> bool {
        let scalar = matches!(self.leaves, Leaves::Values(_));
        self.covers.is_some() && (scalar || self.quadrature) && self.forest.depth() <= DEEPEST
    }

    /// What each feature adds to each output's score, rows × outputs × (features + 1), the last
    /// value of an output being what is expected without any feature, with the base score.
    pub(super) fn contributions(&self, rows: &[f32], count: usize, base: &[f32]) -> Vec<f32> {
        let (outputs, features) = (base.len(), self.forest.features());
        let width = features + 1;
        let mut all = vec![0.0; count * outputs * width];
        let covers = self.covers.as_deref().unwrap_or_default();
        let (leaves, weights) = match &self.unweighted {
            Some(unweighted) => (&unweighted.leaves, &*unweighted.weights),
            None => (&self.leaves, &[][..]),
        };
        let trees = Explained { leaves, covers, outputs };
        let means = self.means.get_or_init(|| self.means(&trees, outputs));
        self.forest.spread_costly(SHAP, rows, outputs * width, &mut all, |rows, all| {
            let mut row = self.forest.decisions();
            let mut shap = Shap::default();
            let rule = Rule::new();
            let mut odds = vec![None; features];
            let mut own = vec![0.0; width];
            for (index, all) in all.chunks_exact_mut(outputs * width).enumerate() {
                row.set(
                    rows.get(index * features..).and_then(|r| r.get(..features)).unwrap_or(&[]),
                );
                for (output, (parts, base)) in all.chunks_exact_mut(width).zip(base).enumerate() {
                    let mut expected = 0.0_f64;
                    for (tree, &group) in self.group.iter().enumerate() {
                        let Some(mean) = self.mean(means, tree, group, output, outputs) else {
                            continue;
                        };
                        let weight = weights.get(tree).copied().unwrap_or(1.0);
                        own.fill(0.0);
                        if self.quadrature {
                            expected += mean * f64::from(weight);
                            let odds = &mut odds[..];
                            let (row, rule, parts) = (&row, &rule, &mut own[..]);
                            let mut walk =
                                Walk { rule, row, trees: &trees, tree, output, odds, parts };
                            walk.run(self.forest.root(tree).unwrap_or(0));
                        } else {
                            own[features] = mean as f32;
                            let cover = |node| trees.cover(node);
                            let value = |node| trees.value(node, output);
                            shap.add(&self.forest, &row, tree, cover, value, &mut own[..features]);
                        }
                        for (part, own) in parts.iter_mut().zip(&own) {
                            *part += own * weight;
                        }
                    }
                    if let Some(last) = parts.last_mut() {
                        *last += expected as f32;
                        *last += base;
                    }
                }
            }
        });
        all
    }

    /// The mean of a tree for an output; `None` when the tree does not add to it.
    fn mean(
        &self,
        means: &[f64],
        tree: usize,
        group: u32,
        output: usize,
        outputs: usize,
    ) -> Option<f64> {
        match self.leaves {
            Leaves::Values(_) if group as usize != output => None,
            Leaves::Values(_) => means.get(tree).copied(),
            Leaves::Vectors { .. } => means.get(tree * outputs + output).copied(),
        }
    }

    /// The means of all trees, from the leaves up: in floats before 3.3, in doubles since.
    fn means(&self, trees: &Explained<'_>, outputs: usize) -> Box<[f64]> {
        let values = if matches!(self.leaves, Leaves::Values(_)) { 1 } else { outputs };
        let mut row = self.forest.decisions();
        row.set(&[]);
        let mut all = Vec::with_capacity(self.forest.trees() * values);
        for tree in 0..self.forest.trees() {
            let (Some(root), nodes) = (self.forest.root(tree), self.forest.origins(tree).len())
            else {
                continue;
            };
            for output in 0..values {
                let mut means = vec![0.0_f64; nodes];
                // no parent comes after its children
                for place in (0..nodes).rev() {
                    let node = root + place as u32;
                    let mean = match row.fork(tree, node) {
                        None => f64::from(trees.value(node, output)),
                        Some(fork) => {
                            let child = |node: u32| {
                                let mean = means.get((node - root) as usize).copied();
                                (mean.unwrap_or(0.0), f64::from(trees.cover(node)))
                            };
                            let children = [child(fork.left), child(fork.left + 1)];
                            self.joined(children, f64::from(trees.cover(node)))
                        }
                    };
                    if let Some(to) = means.get_mut(place) {
                        *to = mean;
                    }
                }
                all.push(means.first().copied().unwrap_or(0.0));
            }
        }
        all.into()
    }

    /// The mean of a split, from the means and covers of its children.
    fn joined(&self, [left, right]: [(f64, f64); 2], cover: f64) -> f64 {
        if self.quadrature {
            return match cover {
                0.0 => 0.5 * (left.0 + right.0),
                _ => (left.0 * left.1 + right.0 * right.1) / cover,
            };
        }
        let product = |(mean, cover): (f64, f64)| mean as f32 * cover as f32;
        f64::from((product(left) + product(right)) / cover as f32)
    }
}

/// Checks that all trees have one value in a leaf, or all a vector for the outputs.
fn check_width(
    nodes: &Nodes,
    first: Option<&Nodes>,
    outputs: usize,
    index: usize,
) -> Result<(), Error> {
    let width = nodes.vectors.as_ref().map(|vectors| vectors.width);
    if width.is_some_and(|width| width != outputs) {
        let reason = format!("its leaves do not have a value for each of the {outputs} outputs");
        return Err(malformed(format!("tree `{index}`"), reason));
    }
    if first.is_some_and(|first| first.vectors.is_some() != width.is_some()) {
        let reason = "its leaves are vectors, and those of other trees are not, or the other way";
        return Err(malformed(format!("tree `{index}`"), reason));
    }
    Ok(())
}

impl Leaves {
    /// What the leaves of all trees hold, each value as `weigh(tree, value)` makes it.
    fn new(forest: &Forest<f32>, all: &[Nodes], weigh: impl Fn(usize, f32) -> f32) -> Self {
        if all.first().is_none_or(|nodes| nodes.vectors.is_none()) {
            return Self::Values(forest.arrange(|tree, node| {
                let values = all.get(tree).map(|nodes| &nodes.values);
                let value = values.and_then(|v| v.get(node as usize)).copied();
                weigh(tree, value.unwrap_or(0.0))
            }));
        }
        let mut starts = Vec::with_capacity(all.len());
        let mut values = Vec::new();
        for (tree, vectors) in all.iter().map(|nodes| nodes.vectors.as_ref()).enumerate() {
            let Some(vectors) = vectors else { continue };
            starts.push((values.len() / vectors.width.max(1)) as u32);
            values.extend(vectors.values.iter().map(|&value| weigh(tree, value)));
        }
        let slots = forest.arrange(|tree, node| {
            let slots = all.get(tree).and_then(|nodes| nodes.vectors.as_ref()).map(|v| &v.slots);
            let slot = slots.and_then(|slots| slots.get(node as usize)).copied().unwrap_or(0);
            starts.get(tree).copied().unwrap_or(0) + slot
        });
        Self::Vectors { slots, values: values.into() }
    }
}
