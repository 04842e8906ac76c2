//! The trees of a booster, and the sums of their leaves.

use std::fmt;

use super::{
    json::{ints, malformed},
    tree::{self, Nodes},
};
use crate::{
    Error,
    read::tree_json::Json,
    tree::{Builder, Forest},
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
        let weight = |tree: usize| shape.weights.map(|all| all.get(tree).copied().unwrap_or(1.0));
        let leaves = if all.first().is_some_and(|nodes| nodes.vectors.is_some()) {
            vectors(&forest, &all, weight)
        } else {
            Leaves::Values(forest.arrange(|tree, node| {
                let values = all.get(tree).map(|nodes| &nodes.values);
                let value = values.and_then(|v| v.get(node as usize)).copied().unwrap_or(0.0);
                let Some(weight) = weight(tree) else { return value };
                if shape.dart != Dart::InPlace {
                    return value * weight;
                }
                let output = group.get(tree).copied().unwrap_or(0) as usize;
                let base = shape.base.get(output).copied().unwrap_or(0.0);
                ((base + value) - base) * weight
            }))
        };
        Ok(Self { forest, leaves, group: group.into(), base_last: shape.dart == Dart::BaseLast })
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

fn vectors(forest: &Forest<f32>, all: &[Nodes], weight: impl Fn(usize) -> Option<f32>) -> Leaves {
    let mut starts = Vec::with_capacity(all.len());
    let mut values = Vec::new();
    for (tree, vectors) in all.iter().map(|nodes| nodes.vectors.as_ref()).enumerate() {
        let Some(vectors) = vectors else { continue };
        starts.push((values.len() / vectors.width.max(1)) as u32);
        let scale = |&value: &f32| weight(tree).map_or(value, |weight| value * weight);
        values.extend(vectors.values.iter().map(scale));
    }
    let slots = forest.arrange(|tree, node| {
        let slots = all.get(tree).and_then(|nodes| nodes.vectors.as_ref()).map(|v| &v.slots);
        let slot = slots.and_then(|slots| slots.get(node as usize)).copied().unwrap_or(0);
        starts.get(tree).copied().unwrap_or(0) + slot
    });
    Leaves::Vectors { slots, values: values.into() }
}
