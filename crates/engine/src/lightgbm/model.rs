use std::sync::Arc;

use super::{
    categories::Categories,
    leaves::{Counts, Leaves, Lines, TreeLeaves},
    objective::Objective,
    text::{Block, File, malformed},
};
use crate::{
    Error,
    read::budget::{ALLOCATION, Budget},
    tree::{Builder, DEEPEST, Forest, Listed, SHAP, Shap, Side, Split, Test, View},
};

/// A boosted ensemble or forest with its objective.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) forest: Forest<f64>,
    leaves: Leaves,
    pub(super) outputs: usize,
    pub(super) objective: Objective,
    /// The line of the objective, such as `binary sigmoid:1`; empty for a function of the user's.
    pub(super) objective_line: String,
    /// Number of rounds by which sums are divided before the transform (`boosting=rf`).
    pub(super) divisor: Option<f64>,
    pub(super) names: Option<Arc<[Arc<str>]>>,
    pub(super) categories: Option<Categories>,
    /// Version of the format, such as `v4`.
    pub(super) version: String,
}

/// Most scores a row may have; no model of a real problem comes near.
const MOST_OUTPUTS: usize = 1 << 16;

impl Model {
    /// Reads the text of a model, up to `rounds` when there are more.
    pub(super) fn read(bytes: &[u8], rounds: Option<usize>) -> Result<Self, Error> {
        let mut file = File::cut(bytes)?;
        let header = &file.header;
        let features = header.count("max_feature_idx")?.saturating_add(1);
        // the library counts in 32 bits
        if u32::try_from(features).is_err() {
            return Err(header.wrong("max_feature_idx", "is more than a model can have"));
        }
        let outputs = match header.get("num_tree_per_iteration") {
            Some(_) => header.count("num_tree_per_iteration")?,
            None => header.count("num_class")?,
        };
        if outputs == 0 || outputs > MOST_OUTPUTS {
            return Err(header.wrong("num_tree_per_iteration", "is not a number of outputs"));
        }
        let two_steps = header.get("version").is_some_and(|v| matches!(v, "v2" | "v3"));
        let objective = Objective::named(header.get("objective"), two_steps)?;
        let names = names(header, features, &mut file.budget)?;
        let categories = Categories::read(&mut file, features)?;
        let header = &file.header;
        let most = rounds.map_or(usize::MAX, |rounds| rounds.saturating_mul(outputs));
        let used = file.trees.len().min(most);

        let mut builder = Builder::new(features, "LightGBM model");
        let mut leaves = Vec::with_capacity(used);
        for block in file.trees.into_iter().take(used) {
            leaves.push(read_tree(&mut builder, &block, &mut file.budget)?);
            file.budget.release(block.memory());
        }
        let forest = Forest::new(builder);
        let leaves = Leaves::new(&forest, &leaves, outputs);
        let average = header.get("average_output").is_some();
        Ok(Self {
            forest,
            leaves,
            outputs,
            objective,
            objective_line: header.get("objective").unwrap_or_default().to_owned(),
            divisor: average.then(|| (used / outputs).max(1) as f64),
            names,
            categories,
            version: header.get("version").unwrap_or_default().to_owned(),
        })
    }

    /// Sums of the leaves, rows × outputs.
    pub(super) fn scores(&self, rows: &[f64], count: usize) -> Vec<f64> {
        let mut sums = vec![0.0; count * self.outputs];
        self.leaves.add(&self.forest, rows, self.outputs, &mut sums);
        sums
    }

    /// True when the file tells what [`Model::contributions`] needs.
    pub(super) fn explains(&self) -> bool {
        self.leaves.counts.is_some() && self.forest.depth() <= DEEPEST
    }

    /// What each feature adds to each output's score, rows × outputs × (features + 1), the last
    /// value of an output being what is expected without any feature.
    pub(super) fn contributions(&self, rows: &[f64], count: usize) -> Vec<f64> {
        let features = self.forest.features();
        let width = features + 1;
        let mut parts = vec![0.0; count * self.outputs * width];
        let leaves = &self.leaves;
        let counts = leaves.counts.as_deref().unwrap_or_default();
        let cover = |node: u32| f64::from(counts.get(node as usize).copied().unwrap_or(0));
        let value = |node: u32| leaves.values.get(node as usize).copied().unwrap_or(0.0);
        let of_row = self.outputs * width;
        self.forest.spread_costly(SHAP, rows, of_row, &mut parts, |rows, parts| {
            let mut decisions = self.forest.decisions();
            let mut shap = Shap::default();
            for (row, parts) in rows.chunks_exact(features).zip(parts.chunks_exact_mut(of_row)) {
                decisions.set(row);
                for (tree, (&output, mean)) in leaves.group.iter().zip(&leaves.means).enumerate() {
                    let start = output as usize * width;
                    let Some(parts) = parts.get_mut(start..start + width) else { continue };
                    if let Some(expected) = parts.last_mut() {
                        *expected += mean;
                    }
                    shap.add(&self.forest, &decisions, tree, cover, value, parts);
                }
            }
        });
        parts
    }

    /// The numbers of the leaves, rows × trees.
    pub(super) fn leaf_numbers(&self, rows: &[f64], count: usize) -> Vec<i32> {
        self.forest.leaf_numbers(rows, count, |tree, node| {
            node.saturating_sub(self.leaves.splits.get(tree).copied().unwrap_or(0)) as i32
        })
    }
}

/// The recorded names, unless they are the ones LightGBM makes up.
fn names(
    header: &Block<'_>,
    features: usize,
    budget: &mut Budget,
) -> Result<Option<Arc<[Arc<str>]>>, Error> {
    let Some(listed) = header.get("feature_names") else { return Ok(None) };
    let made_up = |(at, name): (usize, &str)| {
        name.strip_prefix("Column_").is_some_and(|number| number == at.to_string())
    };
    if listed.split(' ').count() != features || listed.split(' ').enumerate().all(made_up) {
        return Ok(None);
    }
    budget.charge(features.saturating_mul(NAME).saturating_add(listed.len()), header.place)?;
    let mut names = listed.split(' ');
    // of a known number, so that they are written to their place at once
    let names = (0..features).map(|_| Arc::from(names.next().unwrap_or_default()));
    Ok(Some(names.collect()))
}

/// Bytes of a name beside its text: the reference to it, its counts of references, its allocation.
const NAME: usize = size_of::<Arc<str>>() + 2 * size_of::<usize>() + ALLOCATION;
/// Bytes of a tree beside its leaves.
const TREE: usize = size_of::<TreeLeaves>() + 64 + 3 * ALLOCATION;
/// Bytes of a leaf and the split above it: as they are read, as nodes of the forest with their values
/// and counts, and as a column that only they compare.
const LEAF: usize = 16 + 2 * (Builder::<f64>::NODE + 12) + 48;
/// Bytes of a leaf and the split above it while their tree is read.
const READ: usize = 32 + 2 * Builder::<f64>::CHECKED;
/// Bytes of a set of categories beside its words.
const SET: usize = 2 * (size_of::<Listed>() + ALLOCATION) + 32;

/// Adds a tree to the builder and gives back what its leaves hold.
fn read_tree(
    builder: &mut Builder<f64>,
    block: &Block<'_>,
    budget: &mut Budget,
) -> Result<TreeLeaves, Error> {
    let leaves = block.count("num_leaves")?;
    if leaves == 0 {
        return Err(block.wrong("num_leaves", "is zero"));
    }
    let most = leaves.min(block.most("leaf_value"));
    let reading = most.saturating_mul(READ);
    budget.charge(TREE.saturating_add(most.saturating_mul(LEAF + READ)), block.place)?;
    let values = block.list::<f64>("leaf_value", leaves)?;
    let lines = Lines::read(block, leaves, builder.features(), budget)?;
    let inner = leaves - 1;
    let counts = Counts::read(block, inner, leaves);
    let tree = TreeLeaves { values, lines, counts };
    if inner == 0 {
        builder.tree(&[Split::Leaf])?;
        budget.release(reading);
        return Ok(tree);
    }
    let decisions = block.list::<u32>("decision_type", inner)?;
    let sets = sets(builder, block, budget)?;
    let features = block.list::<u32>("split_feature", inner)?;
    let thresholds = block.list::<f64>("threshold", inner)?;
    let left = block.list::<i64>("left_child", inner)?;
    let right = block.list::<i64>("right_child", inner)?;
    let child = |child: i64| {
        // leaf `c` is written as `-c - 1`; leaves follow the splits in our numbering
        let place = if child < 0 { inner as i64 - 1 - child } else { child };
        u32::try_from(place).map_err(|_| {
            malformed(format!("the block at line `{}`", block.line), format!("child `{child}`"))
        })
    };
    let mut splits = Vec::with_capacity(inner + leaves);
    let arrays = features.iter().zip(&thresholds).zip(&decisions).zip(&left).zip(&right);
    for ((((&feature, &threshold), &decision), &left), &right) in arrays {
        let default_left = decision & 2 != 0;
        let view = match (decision >> 2 & 3, default_left) {
            (0, _) => View::NanZero,
            (1, true) => View::ZeroLeft,
            (1, false) => View::ZeroRight,
            (_, true) => View::Plain,
            (_, false) => View::NanRight,
        };
        let test = if decision & 1 == 1 {
            let set = (threshold >= 0.0).then(|| sets.get(threshold as usize)).flatten();
            let set =
                *set.ok_or_else(|| block.wrong("threshold", "names a set that is not there"))?;
            Test::Listed { feature, set }
        } else {
            Test::Above { feature, threshold, view }
        };
        splits.push(Split::Inner { test, left: child(left)?, right: child(right)? });
    }
    splits.resize(inner + leaves, Split::Leaf);
    builder.tree(&splits)?;
    budget.release(reading);
    Ok(tree)
}

/// The numbers of the sets of categories that splits name: `cat_boundaries` tells where each one's
/// words begin in `cat_threshold`. Listed categories go left.
fn sets(
    builder: &mut Builder<f64>,
    block: &Block<'_>,
    budget: &mut Budget,
) -> Result<Vec<u32>, Error> {
    let count = block.get("num_cat").map_or(Ok(0), |_| block.count("num_cat"))?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let words = block.get("cat_threshold").unwrap_or_default().split_ascii_whitespace().count();
    let most = count.min(block.most("cat_boundaries"));
    let bytes = most.saturating_mul(SET).saturating_add(words.saturating_mul(3 * 4));
    budget.charge(bytes, block.place)?;
    let words = block.list::<u32>("cat_threshold", words)?;
    let bounds = count.checked_add(1).ok_or_else(|| block.wrong("num_cat", "is too large"))?;
    let bounds = block.list::<usize>("cat_boundaries", bounds)?;
    let side = Side { listed_right: false, missing_right: true, truncates: true };
    let pairs = bounds.iter().zip(bounds.iter().skip(1));
    let set = |(&start, &end): (&usize, &usize)| {
        let words = words.get(start..end);
        let words = words.ok_or_else(|| block.wrong("cat_boundaries", "leaves `cat_threshold`"))?;
        Ok(builder.listed(Listed::of_bits(words, side)))
    };
    pairs.map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::Model;

    #[test]
    fn more_columns_than_a_model_can_have_are_an_error() {
        let read = |last: u64| {
            let text = format!(
                "tree\nnum_class=1\nmax_feature_idx={last}\n\nTree=0\nnum_leaves=1\n\
                 leaf_value=2\n\nend of trees\n"
            );
            Model::read(text.as_bytes(), None).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(read(3_999_999_999), Ok(()));
        for last in [u64::from(u32::MAX), u64::MAX] {
            let message = read(last).unwrap_err();
            assert!(message.contains("more than a model can have"), "{message}");
        }
    }

    #[test]
    fn trees_and_names_take_no_more_than_their_share_of_memory() {
        let outcome = |columns: usize, header: &str, trees: &str| {
            let last = columns - 1;
            let text = format!(
                "tree\nnum_class=1\nmax_feature_idx={last}\n{header}\n\n{trees}end of trees\n"
            );
            Model::read(text.as_bytes(), None).map(|_| ()).map_err(|error| error.to_string())
        };
        let leaf = "Tree\nnum_leaves=1\nleaf_value=1\n";
        let split = "Tree\nnum_leaves=2\nsplit_feature=0\nthreshold=1\ndecision_type=2\n\
                     left_child=-1\nright_child=-2\nleaf_value=1 1\n";
        let names = |columns: usize| "feature_names=a".to_owned() + &" a".repeat(columns - 1);
        let infos = |columns| "feature_infos=".to_owned() + &"0 ".repeat(columns);
        assert_eq!(outcome(9, &names(9), &leaf.repeat(9)), Ok(()));
        assert_eq!(outcome(9, &infos(9), &split.repeat(9)), Ok(()));
        for (columns, header, trees) in [
            (1, String::new(), leaf.repeat(250_000)),
            (1, String::new(), split.repeat(250_000)),
            (2_000_000, names(2_000_000), leaf.to_owned()),
            (5_000_000, infos(5_000_000), leaf.to_owned()),
        ] {
            let message = outcome(columns, &header, &trees).unwrap_err();
            assert!(message.contains("bytes of memory"), "{message}");
        }
    }
}
