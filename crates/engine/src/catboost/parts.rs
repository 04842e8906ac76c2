//! What a model file holds, whichever its format.

use super::ctr::{Ctr, Projection, Values};

/// The parts of a model, as its file has them: nobody has checked yet that they fit together.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Scores a row.
    pub(super) outputs: usize,
    pub(super) floats: Vec<Float>,
    pub(super) categories: Vec<Category>,
    pub(super) one_hots: Vec<OneHot>,
    pub(super) ctrs: Vec<Ctr>,
    /// What CTRs are made from; each is named by its place.
    pub(super) projections: Vec<Projection>,
    /// The statistics of CTRs; each is named by its place.
    pub(super) tables: Vec<Values>,
    pub(super) trees: Trees,
    /// Leaves × outputs, tree after tree.
    pub(super) leaf_values: Vec<f64>,
    /// How much of the training data each leaf got; empty when it was not stored.
    pub(super) leaf_weights: Vec<f64>,
    pub(super) scale: f64,
    pub(super) bias: Vec<f64>,
    /// How many biases the file has: the others are zero.
    pub(super) biases: usize,
    pub(super) info: Info,
}

/// A column of numbers.
#[derive(Debug)]
pub(super) struct Float {
    /// Its number among the columns of numbers.
    pub(super) index: i64,
    /// Its place in a row.
    pub(super) column: i64,
    pub(super) name: String,
    pub(super) borders: Vec<f32>,
    /// A missing value is above every border; otherwise it is above none.
    pub(super) missing_above: bool,
}

/// A column of categories.
#[derive(Debug)]
pub(super) struct Category {
    /// Its number among the columns of categories.
    pub(super) index: i64,
    /// Its place in a row.
    pub(super) column: i64,
    pub(super) name: String,
}

/// Categories that splits ask for by themselves.
#[derive(Debug)]
pub(super) struct OneHot {
    /// The number of the column among those of categories.
    pub(super) category: i64,
    /// Hashes.
    pub(super) values: Vec<i32>,
}

/// The splits of all trees. A split is the place of its border among those of all columns of
/// numbers, then the values of all one-hot columns, then the borders of all CTRs.
#[derive(Debug)]
pub(super) enum Trees {
    /// All nodes of a level share a split: the number of levels of each tree, and all splits.
    Symmetric { sizes: Vec<i32>, splits: Vec<i32> },
    /// Nodes of their own: the number of nodes of each tree, and all nodes.
    Nodes { sizes: Vec<i32>, nodes: Vec<Node> },
}

impl Default for Trees {
    fn default() -> Self {
        Self::Symmetric { sizes: Vec::new(), splits: Vec::new() }
    }
}

/// A node of a tree that is not symmetric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) split: i32,
    /// Steps to the left and to the right child; 0 ends there.
    pub(super) steps: [u32; 2],
    /// The place of its first value among those of all leaves, when a row can end there.
    pub(super) leaf: u32,
}

/// What the file says about the training.
#[derive(Debug, Default)]
pub(super) struct Info {
    /// The release that wrote it, such as `1.2.10`; empty when it is not known.
    pub(super) version: String,
    /// The loss function, such as `Logloss`; empty when it is not known.
    pub(super) loss: String,
    pub(super) classes: Option<Classes>,
    /// The probability from which on the second class is predicted.
    pub(super) threshold: Option<f64>,
}

/// The classes of a classifier.
#[derive(Debug)]
pub(super) struct Classes {
    pub(super) labels: Option<crate::Labels>,
    /// The class of each output.
    pub(super) of_outputs: Vec<usize>,
    pub(super) count: usize,
}
