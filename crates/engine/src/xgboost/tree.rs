//! One tree of a model file.

use super::json::{ints, malformed};
use crate::{
    Error,
    read::tree_json::Json,
    tree::{Builder, Listed, Side, Split, Test, View},
};

/// What the nodes of a tree hold, in the order of the file.
pub(super) struct Nodes {
    /// Split conditions; those of leaves are the leaves' values.
    pub(super) values: Vec<f32>,
    /// The leaves' vectors, in trees that have them.
    pub(super) vectors: Option<Vectors>,
    /// How much of training reached the nodes (sums of hessians), when the file tells.
    pub(super) covers: Option<Vec<f32>>,
}

/// The vectors of a tree's leaves.
pub(super) struct Vectors {
    /// Values in a vector.
    pub(super) width: usize,
    /// Which vector each node has; splits have any.
    pub(super) slots: Vec<u32>,
    /// The vectors, one after the other.
    pub(super) values: Vec<f32>,
}

/// The lists of a tree, one item a node.
struct Lists {
    left: Vec<i64>,
    right: Vec<i64>,
    feature: Vec<i64>,
    default_left: Vec<i64>,
    conditions: Vec<f32>,
    /// Number of the set of categories for splits that have one.
    sets: Vec<Option<u32>>,
}

/// Adds the tree `index` to the builder.
///
/// # Errors
/// [`Error::Malformed`] when its lists do not make a tree.
pub(super) fn read(builder: &mut Builder<f32>, tree: &Json, index: usize) -> Result<Nodes, Error> {
    let left = ints(tree, "left_children", index)?;
    let count = left.len();
    let mut lists = Lists {
        right: ints(tree, "right_children", index)?,
        feature: ints(tree, "split_indices", index)?,
        default_left: ints(tree, "default_left", index)?,
        conditions: floats(tree, "split_conditions", index)?,
        sets: Vec::new(),
        left,
    };
    let lengths =
        [lists.right.len(), lists.feature.len(), lists.default_left.len(), lists.conditions.len()];
    if lengths != [count; 4] {
        return Err(malformed(format!("tree `{index}`"), "its lists differ in length"));
    }
    lists.sets = sets(builder, tree, index, &lists.default_left)?;
    let splits = splits(&lists, index)?;
    builder.tree(&splits)?;
    let vectors = vectors(tree, index, &lists)?;
    let covers = floats(tree, "sum_hessian", index).ok().filter(|covers| covers.len() == count);
    Ok(Nodes { values: lists.conditions, vectors, covers })
}

fn splits(lists: &Lists, tree: usize) -> Result<Vec<Split<f32>>, Error> {
    let place = |node: usize| format!("node `{node}` of tree `{tree}`");
    let mut splits = Vec::with_capacity(lists.left.len());
    let arrays = lists.left.iter().zip(&lists.right).zip(&lists.feature);
    let arrays = arrays.zip(&lists.default_left).zip(&lists.conditions);
    for (node, ((((&left, &right), &feature), &default_left), &condition)) in arrays.enumerate() {
        if left == -1 {
            splits.push(Split::Leaf);
            continue;
        }
        let index = |value: i64, what: &str| {
            u32::try_from(value).map_err(|_| malformed(place(node), format!("{what} is `{value}`")))
        };
        let feature = index(feature, "the feature")?;
        let test = if let Some(set) = lists.sets.get(node).copied().flatten() {
            Test::Listed { feature, set }
        } else {
            // `x < condition` goes left, so the greatest value on the left is the one just below
            if condition == f32::NEG_INFINITY {
                return Err(malformed(place(node), "nothing is below its condition `-inf`"));
            }
            let view = if default_left == 0 { View::NanRight } else { View::Plain };
            Test::Above { feature, threshold: condition.next_down(), view }
        };
        splits.push(Split::Inner {
            test,
            left: index(left, "the left child")?,
            right: index(right, "the right child")?,
        });
    }
    Ok(splits)
}

/// The sets of the splits by categories: `categories` holds them one after the other, the other
/// lists tell for each such split its node, where its set begins, and how many it has.
fn sets(
    builder: &mut Builder<f32>,
    tree: &Json,
    index: usize,
    default_left: &[i64],
) -> Result<Vec<Option<u32>>, Error> {
    let kinds = ints(tree, "split_type", index)?;
    if kinds.iter().all(|&kind| kind == 0) {
        return Ok(Vec::new());
    }
    let wrong = |reason: String| malformed(format!("the categories of tree `{index}`"), reason);
    let all = ints(tree, "categories", index)?;
    let nodes = ints(tree, "categories_nodes", index)?;
    let segments = ints(tree, "categories_segments", index)?;
    let sizes = ints(tree, "categories_sizes", index)?;
    if [segments.len(), sizes.len()] != [nodes.len(); 2] {
        return Err(wrong("the lists differ in length".into()));
    }
    let mut sets = vec![None; default_left.len()];
    let mut left = all.len();
    for ((&node, &begin), &size) in nodes.iter().zip(&segments).zip(&sizes) {
        let place = usize::try_from(node).ok().filter(|&node| kinds.get(node) == Some(&1));
        let (Some(place), Some(&default_left)) =
            (place, place.and_then(|place| default_left.get(place)))
        else {
            return Err(wrong(format!("node `{node}` does not split by categories")));
        };
        let range = || {
            let begin = usize::try_from(begin).ok()?;
            all.get(begin..begin.checked_add(usize::try_from(size).ok()?)?)
        };
        let listed = range().ok_or_else(|| {
            wrong(format!("node `{node}` has `{size}` from `{begin}` on, of {}", all.len()))
        })?;
        // each set has its own part of the list: together they take no more than the file
        left = left
            .checked_sub(listed.len())
            .ok_or_else(|| wrong(format!("that of node `{node}` overlaps those of others")))?;
        let listed = listed.iter().map(|&category| {
            u32::try_from(category).map_err(|_| wrong(format!("`{category}` is no category")))
        });
        let side = Side { listed_right: true, missing_right: default_left == 0, truncates: false };
        let set = Listed::of(listed.collect::<Result<_, _>>()?, side);
        if let Some(to) = sets.get_mut(place) {
            *to = Some(builder.listed(set));
        }
    }
    let found = sets.iter().map(|set| i64::from(set.is_some()));
    if kinds.len() != sets.len() || !found.eq(kinds.iter().copied()) {
        return Err(wrong("a split has none".into()));
    }
    Ok(sets)
}

/// The vectors of the leaves: `leaf_weights` since 3.1, where a leaf names its vector as its right
/// child, and before that the `base_weights` of the leaf itself.
fn vectors(tree: &Json, index: usize, lists: &Lists) -> Result<Option<Vectors>, Error> {
    let width = tree.at(&["tree_param", "size_leaf_vector"]).and_then(Json::as_i64).unwrap_or(0);
    let Some(width) = usize::try_from(width).ok().filter(|&width| width > 1) else {
        return Ok(None);
    };
    let own = tree.get("leaf_weights").is_some();
    let values = floats(tree, if own { "leaf_weights" } else { "base_weights" }, index)?;
    let count = values.len() / width;
    let mut slots = Vec::with_capacity(lists.left.len());
    for (node, (&left, &right)) in lists.left.iter().zip(&lists.right).enumerate() {
        let slot = match (left, own) {
            (-1, true) => usize::try_from(right).unwrap_or(usize::MAX),
            (-1, false) => node,
            _ => 0,
        };
        if slot >= count && left == -1 {
            let place = format!("node `{node}` of tree `{index}`");
            return Err(malformed(place, format!("its vector is none of the {count}")));
        }
        slots.push(slot as u32);
    }
    Ok(Some(Vectors { width, slots, values }))
}

fn floats(tree: &Json, key: &str, index: usize) -> Result<Vec<f32>, Error> {
    let numbers = tree.get(key).and_then(Json::numbers);
    let numbers = numbers.ok_or_else(|| {
        malformed(format!("`{key}` of tree `{index}`"), "is not a list of numbers")
    })?;
    Ok(numbers.f32s())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::{Limits, read::json, tree::Builder};

    /// A tree of one split by categories, and its lists of them.
    fn outcome(nodes: &str, segments: &str, sizes: &str) -> Result<(), String> {
        let text = format!(
            r#"{{"left_children": [1, -1, -1], "right_children": [2, -1, -1],
                 "split_indices": [0, 0, 0], "default_left": [0, 0, 0],
                 "split_conditions": [0, 1, 2], "split_type": [1, 0, 0], "categories": [1, 2, 5],
                 "categories_nodes": {nodes}, "categories_segments": {segments},
                 "categories_sizes": {sizes}}}"#
        );
        let tree = json::parse(text.as_bytes(), &Limits::default()).unwrap();
        let mut builder = Builder::new(1, "XGBoost model");
        read(&mut builder, &tree, 0).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn sets_that_overlap_are_an_error() {
        assert_eq!(outcome("[0]", "[0]", "[3]"), Ok(()));
        assert_eq!(outcome("[0]", "[1]", "[2]"), Ok(()));
        // a list of such sets would take the square of the file
        let message = outcome("[0, 0]", "[0, 1]", "[3, 2]").unwrap_err();
        assert!(message.contains("overlaps"), "{message}");
        let message = outcome("[0]", "[1]", "[3]").unwrap_err();
        assert!(message.contains("has `3` from `1` on, of 3"), "{message}");
    }
}
