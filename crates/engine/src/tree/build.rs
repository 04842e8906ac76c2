use super::{
    columns::{Categories, Columns, Numbering, View},
    direct::Wide,
    listed::Listed,
};
use crate::{Error, table::Real};

/// A split or a leaf as its library stores it. Nobody has checked it yet: the builder does that.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Split<T> {
    /// Goes left or right.
    Inner {
        /// What decides.
        test: Test<T>,
        /// Index of the left child in the library's numbering.
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// Ends here.
    Leaf,
}

/// What sends a row to the right child.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test<T> {
    /// `x > threshold`, where `x` is the feature seen through the view.
    Above {
        /// Index of the feature.
        feature: u32,
        /// Greatest value that goes left.
        threshold: T,
        /// What missing values mean.
        view: View,
    },
    /// The feature's category is none of those that go left.
    NotIn {
        /// Index of the feature.
        feature: u32,
        /// The categories.
        categories: Categories,
    },
    /// The feature's category is on the right side of a set.
    Listed {
        /// Index of the feature.
        feature: u32,
        /// What [`Builder::listed`] gave for the set.
        set: u32,
    },
}

/// One tree after building: a range of the form's nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree {
    /// Index of its root among all nodes.
    pub(super) start: u32,
    /// Number of nodes.
    pub(super) len: u32,
    /// Steps that reach the deepest leaf.
    pub(super) depth: u32,
    /// Steps after which it pays to look whether all lanes have ended.
    pub(super) sure: u32,
}

impl Tree {
    /// Its own nodes among those of all trees.
    #[inline]
    pub(super) fn own<'a, N>(&self, nodes: &'a [N]) -> Option<&'a [N]> {
        nodes.get(self.start as usize..)?.get(..self.len as usize)
    }
}

/// A node after building. A leaf's `left` is the node itself and nothing is above its threshold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<T> {
    pub(super) threshold: T,
    pub(super) column: u32,
    /// Left child counted from the tree's root; the right one follows it.
    pub(super) left: u32,
    pub(super) leaf: bool,
}

/// Trees in the common form, before a kernel's own layout.
pub(super) struct Form<T> {
    pub(super) columns: Columns,
    pub(super) trees: Vec<Tree>,
    pub(super) nodes: Vec<Node<T>>,
    /// The library's number of each node.
    pub(super) origin: Vec<u32>,
}

/// Takes trees one by one, checks them, and lays them out with siblings adjacent.
///
/// Guarantees of what it builds, which every kernel relies on: each child lies inside its tree and
/// after its parent, each column is below the number of columns, a leaf loops on itself.
pub(crate) struct Builder<T> {
    features: usize,
    format: &'static str,
    numbering: Numbering,
    form: Form<T>,
}

impl<T: Real> Builder<T> {
    /// Most bytes that a node takes: as it is built, and as a kernel wants it.
    pub(crate) const NODE: usize = size_of::<Node<T>>() + size_of::<u32>() + size_of::<Wide<T>>();
    /// Bytes that a node takes while its tree is checked: as it is given, and its places in orders.
    pub(crate) const CHECKED: usize = size_of::<Split<T>>() + 6 * size_of::<u32>();

    /// A builder for rows of `features` columns; `format` is named in errors.
    pub(crate) fn new(features: usize, format: &'static str) -> Self {
        Self {
            features,
            format,
            numbering: Numbering::default(),
            form: Form {
                columns: Columns::default(),
                trees: Vec::new(),
                nodes: Vec::new(),
                origin: Vec::new(),
            },
        }
    }

    /// Columns of a row.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// Takes a set of categories, and gives its number for [`Test::Listed`].
    pub(crate) fn listed(&mut self, set: Listed) -> u32 {
        self.numbering.listed(set)
    }

    /// Adds the tree whose root is the first of `splits`. Nodes that no path reaches are dropped.
    ///
    /// # Errors
    /// [`Error::Malformed`] when children, features or thresholds are not what a tree can have.
    pub(crate) fn tree(&mut self, splits: &[Split<T>]) -> Result<(), Error> {
        let start = self.form.nodes.len();
        let total = start.checked_add(splits.len()).and_then(|n| u32::try_from(n).ok());
        if total.is_none() {
            return Err(self.wrong(0, "the model has more than four billion nodes".into()));
        }
        let mut seen = vec![false; splits.len()];
        let mut order = vec![0_u32];
        let mut claim = |child: u32| match seen.get_mut(child as usize) {
            Some(seen) if !*seen => {
                *seen = true;
                true
            }
            _ => false,
        };
        if !claim(0) {
            return Err(self.wrong(0, "a tree has no node".into()));
        }
        let (mut next, mut depth, mut leaves, mut paths) = (0, 0, 0_u64, 0_u64);
        let mut level_end = 1;
        while let Some(&source) = order.get(next) {
            if next == level_end {
                depth += 1;
                level_end = order.len();
            }
            if let Some(Split::Inner { left, right, .. }) = splits.get(source as usize) {
                for child in [*left, *right] {
                    if !claim(child) {
                        let reason = "is out of range or has another parent";
                        return Err(self.wrong(source, format!("child `{child}` {reason}")));
                    }
                    order.push(child);
                }
            } else {
                leaves += 1;
                paths += u64::from(depth);
            }
            next += 1;
        }
        let (order, lefts) = place(splits);
        for (place, &source) in order.iter().enumerate() {
            let node = match splits.get(source as usize) {
                Some(Split::Inner { test, .. }) => {
                    let (column, threshold) = self.test(source, *test)?;
                    let left = lefts.get(source as usize).copied().unwrap_or(0);
                    Node { threshold, column, left, leaf: false }
                }
                _ => Node { threshold: T::INFINITY, column: 0, left: place as u32, leaf: true },
            };
            self.form.nodes.push(node);
        }
        let len = order.len() as u32;
        let mean = (paths / leaves.max(1)) as u32;
        let sure = if depth <= mean + 2 { depth } else { mean };
        self.form.origin.extend(order);
        self.form.trees.push(Tree { start: start as u32, len, depth, sure });
        Ok(())
    }

    pub(super) fn finish(mut self) -> (usize, Form<T>) {
        let mut columns = self.numbering.columns;
        columns.plain = columns.list.iter().all(|(_, view)| view.is_plain());
        let places = columns.sort();
        for node in self.form.nodes.iter_mut().filter(|node| !node.leaf) {
            node.column = places.get(node.column as usize).copied().unwrap_or(node.column);
        }
        self.form.columns = columns;
        (self.features, self.form)
    }

    fn test(&mut self, node: u32, test: Test<T>) -> Result<(u32, T), Error> {
        let (feature, view, threshold) = match test {
            Test::NotIn { feature, categories } => {
                (feature, self.numbering.set(categories), T::from_f64(0.5))
            }
            Test::Listed { feature, set } => (feature, View::Listed(set), T::from_f64(0.5)),
            Test::Above { feature, threshold, view } => {
                if threshold.nan() {
                    return Err(self.wrong(node, "the threshold is not a number".into()));
                }
                // no value is above infinity, so the split compares a flag, which is one for values
                // that go right
                match view {
                    View::NanRight if threshold == T::INFINITY => {
                        (feature, View::IsNan, T::from_f64(0.5))
                    }
                    View::ZeroRight if threshold == T::INFINITY => {
                        (feature, View::IsZero, T::from_f64(0.5))
                    }
                    _ => (feature, view, threshold),
                }
            }
        };
        if feature as usize >= self.features {
            let features = self.features;
            return Err(self.wrong(
                node,
                format!("feature `{feature}` is beyond the `{features}` of the model"),
            ));
        }
        Ok((self.numbering.column(feature, view), threshold))
    }

    fn wrong(&self, node: u32, reason: String) -> Error {
        Error::Malformed {
            format: self.format,
            place: format!("node `{node}` of tree `{}`", self.form.trees.len()),
            reason,
        }
    }
}

/// The order in which the nodes of a checked tree are stored, and where each one's left child comes
/// to stand (zero for leaves).
///
/// Siblings are adjacent, and their children follow at once, so that the memory fetched for one
/// step often serves the next one too.
fn place<T>(splits: &[Split<T>]) -> (Vec<u32>, Vec<u32>) {
    let children = |source: u32| match splits.get(source as usize) {
        Some(Split::Inner { left, right, .. }) => Some([*left, *right]),
        _ => None,
    };
    let mut order = vec![0];
    let mut lefts = vec![0; splits.len()];
    let mut waiting = vec![0];
    let mut next = 0;
    while let Some(&source) = waiting.get(next) {
        next += 1;
        let Some(pair) = children(source) else { continue };
        for parent in [source, pair[0], pair[1]] {
            let Some(own) = children(parent) else { continue };
            if let Some(left) = lefts.get_mut(parent as usize) {
                *left = order.len() as u32;
            }
            order.extend(own);
            if parent != source {
                waiting.extend(own);
            }
        }
    }
    (order, lefts)
}
