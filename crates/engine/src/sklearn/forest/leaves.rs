use std::collections::HashMap;

use super::Grown;
use crate::{
    Error,
    tree::{Builder, Forest},
};

/// Trees whose leaves hold vectors.
#[derive(Debug)]
pub(crate) struct Leaves {
    forest: Forest<f32>,
    /// Which vector each node of the forest has.
    slots: Box<[u32]>,
    /// The distinct vectors, one after another.
    vectors: Box<[f64]>,
    /// The value of each node, when vectors have only one.
    values: Box<[f64]>,
    width: usize,
}

/// Collects trees and the vectors of their leaves. Grown trees repeat few vectors (pure leaves have
/// no more of them than there are classes), so equal ones are kept once.
pub(crate) struct Collector {
    builder: Option<Builder<f32>>,
    features: usize,
    width: usize,
    found: HashMap<Box<[u64]>, u32>,
    vectors: Vec<f64>,
    /// For each tree, the vector of each of its nodes.
    slots: Vec<Box<[u32]>>,
}

impl Collector {
    /// For vectors of `width` values.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            builder: None,
            features: 0,
            width,
            found: HashMap::new(),
            vectors: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// Adds a tree; `vector` writes the vector of a leaf from the values that the library stores.
    pub(crate) fn add(
        &mut self,
        grown: &Grown,
        mut vector: impl FnMut(&[f64], &mut Vec<f64>),
    ) -> Result<(), Error> {
        let builder = match &mut self.builder {
            Some(builder) if self.features == grown.features => builder,
            Some(_) => {
                return Err(Error::Malformed {
                    format: "forest",
                    place: format!("tree {}", self.slots.len()),
                    reason: "it has another number of features than the trees before it".into(),
                });
            }
            None => {
                self.features = grown.features;
                self.builder.insert(Builder::new(grown.features, "scikit-learn tree"))
            }
        };
        builder.tree(&grown.splits)?;
        let mut slots = Vec::with_capacity(grown.splits.len());
        let mut scratch = Vec::with_capacity(self.width);
        let per = grown.outputs * grown.width;
        for (split, values) in grown.splits.iter().zip(grown.values.chunks_exact(per)) {
            if !matches!(split, crate::tree::Split::Leaf) {
                slots.push(0);
                continue;
            }
            scratch.clear();
            vector(values, &mut scratch);
            scratch.resize(self.width, 0.0);
            let bits = scratch.iter().map(|v| v.to_bits()).collect();
            let next = self.found.len() as u32;
            let slot = *self.found.entry(bits).or_insert(next);
            if slot == next {
                self.vectors.extend_from_slice(&scratch);
            }
            slots.push(slot);
        }
        self.slots.push(slots.into());
        Ok(())
    }

    /// The number of features of the trees so far.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    pub(crate) fn finish(self) -> Leaves {
        let forest = Forest::new(self.builder.unwrap_or_else(|| Builder::new(1, "forest")));
        let slot = |tree: usize, node: u32| {
            let slots = self.slots.get(tree).and_then(|slots| slots.get(node as usize));
            slots.copied().unwrap_or(0)
        };
        let one = |slot: u32| self.vectors.get(slot as usize).copied().unwrap_or(0.0);
        let (slots, values, vectors) = if self.width == 1 {
            let values = forest.arrange(|tree, node| one(slot(tree, node)));
            (Box::default(), values, Box::default())
        } else {
            (forest.arrange(slot), Box::default(), self.vectors.into())
        };
        Leaves { forest, slots, vectors, values, width: self.width }
    }
}

impl Leaves {
    /// Number of trees.
    pub(crate) fn trees(&self) -> usize {
        self.forest.trees()
    }

    /// A number that may be among those that training had in a column.
    pub(crate) fn typical(&self, column: usize) -> Option<f64> {
        self.forest.typical(column)
    }

    /// Calls `work` with some rows and their answers, `width` values each, until all of `out` is
    /// written: on all cores when there are many rows.
    pub(crate) fn spread<V: Send>(
        &self,
        rows: &[f32],
        width: usize,
        out: &mut [V],
        work: impl Fn(&[f32], &mut [V]) + Sync,
    ) {
        self.forest.spread(rows, width, out, work);
    }

    /// Hands over the vector of each row's leaf in each tree as `(tree, row, vector)`. For each row,
    /// trees come in order.
    pub(crate) fn each(&self, rows: &[f32], mut found: impl FnMut(usize, usize, &[f64])) {
        self.forest.leaves(rows, |tree, row, node| {
            let node = node as usize;
            let vector = if self.width == 1 {
                self.values.get(node..=node)
            } else {
                let slot = self.slots.get(node).copied().unwrap_or(0) as usize;
                self.vectors.get(slot * self.width..(slot + 1) * self.width)
            };
            found(tree, row, vector.unwrap_or_default());
        });
    }

    /// The sum of the leaves' vectors of each of `count` rows, in the order of the trees.
    pub(crate) fn sums(&self, rows: &[f32], count: usize) -> Vec<f64> {
        let mut sums = vec![0.0; count.saturating_mul(self.width)];
        if self.width == 1 {
            self.forest.add(rows, &self.values, &[], 1, &mut sums);
        } else {
            self.forest.add_vectors(rows, &self.slots, &self.vectors, self.width, &mut sums);
        }
        sums
    }
}
