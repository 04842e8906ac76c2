use crate::{
    Error,
    read::{Array, Cursor, Kind},
    sklearn::building::Building,
    tree::{Split, Test, View},
};

/// Marks a node without children.
const LEAF: i64 = -1;

/// One fitted tree as `sklearn.tree._tree.Tree` stores it.
pub(crate) struct Grown {
    /// Columns of a row.
    pub(crate) features: usize,
    /// Targets.
    pub(crate) outputs: usize,
    /// Values of each target: the most classes any of them has, or one.
    pub(crate) width: usize,
    /// The nodes, in the order of the file.
    pub(crate) splits: Vec<Split<f32>>,
    /// Nodes × outputs × width.
    pub(crate) values: Vec<f64>,
}

impl Grown {
    /// Reads `estimator.tree_`. Thresholds are doubles that floats are compared with, so they are
    /// rounded down to floats, which changes no comparison.
    pub(crate) fn read(estimator: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let building = building.enter(estimator)?;
        let tree = estimator.require("tree_")?;
        building.enter(tree)?;
        let wrong = |reason: &str| Error::attribute(estimator.class_name(), "tree_", reason);
        let Kind::Object(object) = tree.kind() else {
            return Err(wrong("is not a tree"));
        };
        let argument = |at: usize| object.args.get(at).and_then(|&id| tree.go(id).as_i64());
        let count = |at: usize| argument(at).and_then(|n| usize::try_from(n).ok());
        let (Some(features), Some(outputs)) = (count(0), count(2)) else {
            return Err(wrong("does not say how many features and outputs it has"));
        };
        let array = |name: &str| {
            tree.attr(name)
                .and_then(Cursor::as_array)
                .ok_or_else(|| wrong("lacks its nodes or values"))
        };
        let (nodes, values) = (array("nodes")?, array("values")?);
        let [rows, of, width] = values.shape[..] else {
            return Err(wrong("has values that are not nodes × outputs × classes"));
        };
        let splits = splits(tree, nodes).ok_or_else(|| {
            wrong("has nodes without `left_child`, `right_child`, `feature` and `threshold`")
        })?;
        let values = values.f64s(tree.document())?;
        let cells = rows.checked_mul(of).and_then(|n| n.checked_mul(width));
        if features == 0
            || outputs == 0
            || width == 0
            || of != outputs
            || rows != splits.len()
            || cells != Some(values.len())
        {
            return Err(wrong("has values of another shape than its nodes and outputs"));
        }
        Ok(Self { features, outputs, width, splits, values })
    }

    /// The tree as one of rows of `columns`, of which it was trained on `seen`.
    pub(crate) fn among(mut self, seen: &[usize], columns: usize) -> Self {
        for split in &mut self.splits {
            if let Split::Inner { test: Test::Above { feature, .. }, .. } = split {
                // what is out of range stays so, which the builder refuses
                let place = seen.get(*feature as usize).and_then(|&at| u32::try_from(at).ok());
                *feature = place.unwrap_or(u32::MAX);
            }
        }
        self.features = columns;
        self
    }

    /// How many nodes each node's path from the root has, itself included; 0 for nodes that no path
    /// reaches.
    pub(crate) fn depths(&self) -> Vec<u32> {
        let mut depths = vec![0_u32; self.splits.len()];
        let mut waiting = vec![(0_u32, 1_u32)];
        while let Some((node, depth)) = waiting.pop() {
            let Some(own) = depths.get_mut(node as usize).filter(|own| **own == 0) else {
                continue;
            };
            *own = depth;
            if let Some(Split::Inner { left, right, .. }) = self.splits.get(node as usize) {
                waiting.extend([(*left, depth + 1), (*right, depth + 1)]);
            }
        }
        depths
    }
}

/// How many rows of training each node of a tree had.
pub(crate) fn samples(estimator: Cursor<'_>) -> Option<Vec<i64>> {
    let tree = estimator.attr("tree_")?;
    let nodes = tree.attr("nodes")?.as_array()?;
    nodes.field(tree.document(), "n_node_samples")?.i64s().ok()
}

/// The nodes by the names of their fields, whose places differ between releases.
fn splits(tree: Cursor<'_>, nodes: &Array) -> Option<Vec<Split<f32>>> {
    let doc = tree.document();
    let integers = |name: &str| nodes.field(doc, name)?.i64s().ok();
    let (left, right) = (integers("left_child")?, integers("right_child")?);
    let feature = integers("feature")?;
    let threshold = nodes.field(doc, "threshold")?.f64s().ok()?;
    // releases before 1.3 refuse missing values, so it does not matter where they would go
    let missing = integers("missing_go_to_left");
    let mut splits = Vec::with_capacity(left.len());
    for (at, &left) in left.iter().enumerate() {
        if left == LEAF {
            splits.push(Split::Leaf);
            continue;
        }
        let goes_left = missing.as_ref().is_none_or(|m| m.get(at).is_some_and(|&left| left != 0));
        let test = Test::Above {
            feature: index(*feature.get(at)?),
            threshold: rounded_down(*threshold.get(at)?),
            view: if goes_left { View::Plain } else { View::NanRight },
        };
        splits.push(Split::Inner { test, left: index(left), right: index(*right.get(at)?) });
    }
    Some(splits)
}

/// An index; what cannot be one becomes one that the builder refuses.
fn index(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// The greatest float that is not above `value`.
fn rounded_down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::rounded_down;

    proptest! {
        #[test]
        fn a_rounded_threshold_splits_floats_as_the_double_does(
            threshold in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
            x in prop::num::f32::ANY,
        ) {
            let near = threshold as f32;
            for x in [x, near, near.next_up(), near.next_down()] {
                prop_assert_eq!(x > rounded_down(threshold), f64::from(x) > threshold);
            }
        }
    }
}
