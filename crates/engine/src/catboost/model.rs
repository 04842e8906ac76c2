use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    columns::{Columns, Compared},
    contributions::{Contributions, Values},
    malformed,
    parts::{Info, Node, Parts, Trees},
};
use crate::{
    ColumnUse, Error, Table, parallel,
    scores::contributions_width,
    tree::{Builder, Column, FEWEST, Forest, ROWS, Split, Symmetric, Test, View},
};

/// A boosted ensemble.
#[derive(Debug)]
pub(super) struct Model {
    columns: Columns,
    trees: Ensemble,
    leaves: Leaves,
    /// What contributions need, when the file has it.
    contributions: Option<Contributions>,
    pub(super) outputs: usize,
    scale: f64,
    bias: Vec<f64>,
    pub(super) names: Option<Arc<[Arc<str>]>>,
    pub(super) info: Info,
}

/// The trees as they run.
#[derive(Debug)]
enum Ensemble {
    Symmetric(Symmetric),
    Nodes(Box<Nodes>),
}

/// Trees of nodes.
#[derive(Debug)]
struct Nodes {
    forest: Forest<f32>,
    /// For each node the place of its first value.
    slots: Box<[u32]>,
    /// The one value of each node, when each has one.
    values: Box<[f64]>,
}

/// What the leaves hold.
struct Leaves {
    /// Leaves × outputs, tree after tree.
    values: Vec<f64>,
    /// Where the values of each tree begin.
    starts: Vec<usize>,
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.values.len())
    }
}

/// Most scores a row may have; no model of a real problem comes near.
const MOST_OUTPUTS: usize = 1 << 16;
/// Rows whose numbers are made at a time.
const CHUNK: usize = 512;
/// About how many times as long as finding the leaves of a row its contributions take.
const SHAP: usize = 50;

impl Model {
    /// A number that may be among those that training had in a column.
    pub(super) fn typical(&self, column: usize) -> Option<f64> {
        let place = self.columns.number(column)?;
        match &self.trees {
            Ensemble::Symmetric(trees) => trees.typical(place),
            Ensemble::Nodes(nodes) => nodes.forest.typical(place),
        }
    }

    /// Puts the parts of a file together.
    ///
    /// # Errors
    /// [`Error::Malformed`] when they do not fit.
    pub(super) fn new(mut parts: Parts) -> Result<Self, Error> {
        let outputs = parts.outputs;
        // each tree has a value for each score
        let most = parts.leaf_values.len().max(parts.biases).clamp(1, MOST_OUTPUTS);
        if outputs == 0 || outputs > most || parts.bias.len() != outputs {
            return Err(malformed("the number of scores", format!("is `{outputs}`")));
        }
        let names = names(&parts);
        let (columns, compared) = Columns::new(&mut parts)?;
        let width = columns.width().unwrap_or(columns.count);
        let weights = std::mem::take(&mut parts.leaf_weights);
        // CatBoost explains no model that was scaled
        let explained = parts.scale == 1.0 && weights.len() * outputs == parts.leaf_values.len();
        let trees = std::mem::take(&mut parts.trees);
        let contributions = match &trees {
            Trees::Symmetric { sizes, splits } if explained => {
                Contributions::new(&compared, sizes, splits, weights)
            }
            _ => None,
        };
        let (trees, starts) = match trees {
            Trees::Symmetric { sizes, splits } => {
                symmetric(compared, &sizes, &splits, outputs, parts.leaf_values.len())?
            }
            Trees::Nodes { sizes, nodes } => {
                let forest = Grown { compared, width, outputs, values: &parts.leaf_values };
                forest.build(&sizes, &nodes)?
            }
        };
        Ok(Self {
            columns,
            trees,
            leaves: Leaves { values: parts.leaf_values, starts },
            contributions,
            outputs,
            scale: parts.scale,
            bias: parts.bias,
            names,
            info: parts.info,
        })
    }

    /// Columns of a row.
    pub(super) fn features(&self) -> usize {
        self.columns.count
    }

    /// What is done with each column.
    pub(super) fn uses(&self) -> Arc<[ColumnUse]> {
        self.columns.uses()
    }

    /// Number of trees.
    pub(super) fn trees(&self) -> usize {
        self.leaves.starts.len()
    }

    /// What people ask of its trees and its loss.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let (shape, depth) = match &self.trees {
            Ensemble::Symmetric(trees) => ("symmetric", trees.depth()),
            Ensemble::Nodes(nodes) => ("of nodes", nodes.forest.depth() as usize),
        };
        let mut facts = vec![("trees", format!("{}, {shape}", self.trees()))];
        facts.push(("deepest", depth.to_string()));
        let leaves = self.leaves.values.len() / self.outputs;
        facts.push(("leaves", leaves.to_string()));
        if !self.info.loss.is_empty() {
            facts.push(("objective", self.info.loss.clone()));
        }
        facts
    }

    /// Sums of the leaves, rows × outputs.
    pub(super) fn scores(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let mut sums = vec![0.0; input.rows * self.outputs];
        if let Ensemble::Symmetric(trees) = &self.trees
            && self.columns.width().is_some()
            && input.rows >= FEWEST
        {
            self.check(input)?;
            in_parts(self.cost(1), ROWS, self.outputs, &mut sums, |range, sums| {
                let room = self.columns.ranks(input, range, trees)?;
                trees.add_ranked(&room, &self.leaves.values, self.outputs, sums);
                self.finish(sums);
                Ok(())
            })?;
            return Ok(sums);
        }
        self.answer(input, 1, self.outputs, &mut sums, |cells, stride, sums| {
            self.add(cells, stride, sums);
            self.finish(sums);
        })?;
        Ok(sums)
    }

    /// Scales sums and adds the bias of each score.
    fn finish(&self, sums: &mut [f64]) {
        for sums in sums.chunks_exact_mut(self.outputs) {
            for (sum, bias) in sums.iter_mut().zip(&self.bias) {
                *sum = *sum * self.scale + bias;
            }
        }
    }

    /// Whether the file has what contributions need.
    pub(super) fn explains(&self) -> bool {
        self.contributions.is_some()
    }

    /// What each column adds to each score, rows × outputs × (columns + 1); the last one is what is
    /// expected. Of a mean with its deviation only the mean is explained.
    pub(super) fn contributions(&self, input: &Table) -> Result<(usize, Vec<f64>), Error> {
        let shown = if self.info.loss == "RMSEWithUncertainty" { 1 } else { self.outputs };
        let width = self.features() + 1;
        let values = contributions_width(self.features(), shown, input.rows)?;
        let mut all = vec![0.0; input.rows * values];
        for (at, to) in all.chunks_exact_mut(width).enumerate() {
            if let (Some(to), Some(bias)) = (to.last_mut(), self.bias.get(at % shown)) {
                *to = *bias;
            }
        }
        let Some(contributions) = &self.contributions else { return Ok((shown * width, all)) };
        let leaves = Values { all: &self.leaves.values, outputs: self.outputs, shown };
        self.answer(input, SHAP, shown * width, &mut all, |cells, stride, to| {
            let (rows, answers) =
                (cells.chunks(CHUNK * stride), to.chunks_mut(CHUNK * shown * width));
            for (cells, to) in rows.zip(answers) {
                contributions.add(cells, stride, leaves, to);
            }
        })?;
        Ok((shown * width, all))
    }

    /// The numbers of the leaves, rows × trees.
    pub(super) fn leaf_numbers(&self, input: &Table) -> Result<Vec<i32>, Error> {
        let trees = self.trees();
        let mut numbers = vec![0; input.rows * trees];
        self.answer(input, 1, trees, &mut numbers, |cells, stride, numbers| {
            let mut found = |tree: usize, row: usize, leaf: u32| {
                if let Some(to) = numbers.get_mut(row * trees + tree) {
                    *to = leaf as i32;
                }
            };
            match &self.trees {
                Ensemble::Symmetric(trees) => trees.find(cells, stride, found),
                Ensemble::Nodes(nodes) => nodes.forest.leaves(cells, |tree, row, node| {
                    let slot = nodes.slots.get(node as usize).copied().unwrap_or(0) as usize;
                    let start = self.leaves.starts.get(tree).copied().unwrap_or(0);
                    found(tree, row, (slot.saturating_sub(start) / self.outputs) as u32);
                }),
            }
        })?;
        Ok(numbers)
    }

    /// Has `work` answer all rows, `width` answers each: some rows at a time, on all cores when there
    /// are many. It gets the numbers that splits compare, how many a row has, and the place of the
    /// answers, and takes `times` as long as finding leaves does.
    fn answer<V: Send>(
        &self,
        input: &Table,
        times: usize,
        width: usize,
        answers: &mut [V],
        work: impl Fn(&[f32], usize, &mut [V]) + Sync,
    ) -> Result<(), Error> {
        self.check(input)?;
        let width = width.max(1);
        let cost = self.cost(times);
        let Some(stride) = self.columns.width() else {
            let rows = self.columns.rows(input)?;
            let stride = self.features().max(1);
            parallel::rows(answers, width, cost, |first, answers| {
                let own = rows.get(first * stride..).unwrap_or_default();
                work(own.get(..answers.len() / width * stride).unwrap_or(own), stride, answers);
            });
            return Ok(());
        };
        in_parts(cost, CHUNK, width, answers, |range, answers| {
            work(&self.columns.cells(input, range)?, stride, answers);
            Ok(())
        })
    }

    /// Refuses rows of another width, and what is no number in columns that no split compares.
    fn check(&self, input: &Table) -> Result<(), Error> {
        input.expect_columns(self.features())?;
        self.columns.check(input)
    }

    /// About the nanoseconds that a row takes, for work that takes `times` as long as finding leaves.
    fn cost(&self, times: usize) -> usize {
        let trees = match &self.trees {
            Ensemble::Symmetric(trees) => trees.cost(self.outputs),
            Ensemble::Nodes(nodes) => {
                nodes.forest.trees() * (nodes.forest.depth() as usize).min(16)
            }
        };
        trees.saturating_mul(times).saturating_add(self.columns.cost())
    }

    fn add(&self, cells: &[f32], stride: usize, sums: &mut [f64]) {
        let outputs = self.outputs;
        match &self.trees {
            Ensemble::Nodes(nodes) if outputs == 1 => {
                nodes.forest.add(cells, &nodes.values, &[], outputs, sums);
            }
            Ensemble::Nodes(nodes) => nodes.forest.leaves(cells, |_, row, node| {
                let slot = nodes.slots.get(node as usize).copied().unwrap_or(0) as usize;
                add_values(self.leaves.values.get(slot..), sums, row, outputs);
            }),
            Ensemble::Symmetric(trees) => {
                trees.add(cells, stride, &self.leaves.values, outputs, sums);
            }
        }
    }
}

/// Has `work` answer `part` rows at a time, on all cores when there are many; it gets which rows
/// those are.
fn in_parts<V: Send>(
    cost: usize,
    part: usize,
    width: usize,
    answers: &mut [V],
    work: impl Fn(Range<usize>, &mut [V]) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    // the refusal of the least row, as when one thread takes all of them
    let refused = Mutex::new(None::<(usize, Error)>);
    parallel::rows(answers, width, cost, |first, answers| {
        for (block, answers) in answers.chunks_mut(part * width).enumerate() {
            let first = first + block * part;
            if let Err(error) = work(first..first + answers.len() / width, answers) {
                let mut known = refused.lock().unwrap_or_else(PoisonError::into_inner);
                if known.as_ref().is_none_or(|known| first < known.0) {
                    *known = Some((first, error));
                }
                return;
            }
        }
    });
    let refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    refused.map_or(Ok(()), |(_, error)| Err(error))
}

fn add_values(values: Option<&[f64]>, sums: &mut [f64], row: usize, outputs: usize) {
    let sums = sums.get_mut(row * outputs..).unwrap_or_default();
    for (sum, value) in sums.iter_mut().zip(values.unwrap_or_default()).take(outputs) {
        *sum += value;
    }
}

/// The recorded names, unless they are the places of the columns.
fn names(parts: &Parts) -> Option<Arc<[Arc<str>]>> {
    let floats = parts.floats.iter().map(|float| (float.column, &float.name));
    let categories = parts.categories.iter().map(|category| (category.column, &category.name));
    let mut all: Vec<_> = floats.chain(categories).collect();
    all.sort_unstable();
    let places = (0..).zip(&all).all(|(place, (column, _))| place == *column);
    let own = all.iter().any(|(column, name)| !name.is_empty() && **name != column.to_string());
    (places && own).then(|| all.into_iter().map(|(_, name)| name.as_str().into()).collect())
}

fn symmetric(
    compared: Vec<Compared>,
    sizes: &[i32],
    splits: &[i32],
    outputs: usize,
    values: usize,
) -> Result<(Ensemble, Vec<usize>), Error> {
    let column =
        |c: Compared| Column { place: c.place, borders: c.borders, missing_above: c.missing_above };
    let trees = Symmetric::new(compared.into_iter().map(column).collect(), sizes, splits);
    let trees = trees.ok_or_else(|| malformed("its trees", "their splits have no borders"))?;
    let mut end = 0_usize;
    let mut starts = Vec::with_capacity(trees.trees());
    for tree in 0..trees.trees() {
        starts.push(end);
        end = end.saturating_add(trees.leaves(tree).saturating_mul(outputs));
    }
    if end != values {
        let reason = format!("there are `{values}` values where the trees have `{end}`");
        return Err(malformed("its leaves", reason));
    }
    Ok((Ensemble::Symmetric(trees), starts))
}

/// What trees of nodes are built with.
struct Grown<'a> {
    compared: Vec<Compared>,
    width: usize,
    outputs: usize,
    values: &'a [f64],
}

impl Grown<'_> {
    fn build(self, sizes: &[i32], nodes: &[Node]) -> Result<(Ensemble, Vec<usize>), Error> {
        let views = |compared: &Compared| {
            if compared.missing_above { View::NanRight } else { View::Plain }
        };
        let tests: Vec<_> = self
            .compared
            .iter()
            .flat_map(|compared| {
                compared.borders.iter().map(|&threshold| Test::Above {
                    feature: compared.place as u32,
                    threshold,
                    view: views(compared),
                })
            })
            .collect();
        let mut builder = Builder::new(self.width, "CatBoost model");
        let mut rest = nodes;
        let mut leaves = Vec::with_capacity(sizes.len());
        let mut starts = Vec::with_capacity(sizes.len());
        for &size in sizes {
            let own = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size));
            let (own, others) = own.ok_or_else(|| malformed("its trees", "nodes are missing"))?;
            rest = others;
            let slots = self.tree(&mut builder, own, &tests)?;
            starts.push(slots.iter().copied().filter(|&slot| slot != NONE).min().unwrap_or(0));
            leaves.push(slots);
        }
        let starts = starts.into_iter().map(|start| start as usize).collect();
        let forest = Forest::new(builder);
        let slots = forest.arrange(|tree, node| {
            leaves.get(tree).and_then(|slots| slots.get(node as usize)).copied().unwrap_or(NONE)
        });
        let value = |&slot: &u32| self.values.get(slot as usize).copied().unwrap_or_default();
        let single = if self.outputs == 1 { &slots[..] } else { &[] };
        let values = single.iter().map(value).collect();
        Ok((Ensemble::Nodes(Box::new(Nodes { forest, slots, values })), starts))
    }

    /// Adds a tree, and gives back the place of the first value for each of its nodes.
    fn tree(
        &self,
        builder: &mut Builder<f32>,
        nodes: &[Node],
        tests: &[Test<f32>],
    ) -> Result<Vec<u32>, Error> {
        let mut splits = Vec::with_capacity(nodes.len());
        let mut slots = vec![NONE; nodes.len()];
        // where a node ends on one side only, a leaf is put there
        let mut added = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let ends = node.steps.contains(&0);
            let fits = (node.leaf as usize)
                .checked_add(self.outputs)
                .is_some_and(|end| end <= self.values.len());
            if ends && !fits {
                return Err(malformed("its leaves", "a node names values that are not there"));
            }
            if node.steps == [0, 0] {
                if let Some(slot) = slots.get_mut(at) {
                    *slot = node.leaf;
                }
                splits.push(Split::Leaf);
                continue;
            }
            let test = usize::try_from(node.split).ok().and_then(|split| tests.get(split));
            let test = *test.ok_or_else(|| malformed("its trees", "a split has no border"))?;
            let mut child = |step: u32| {
                if step == 0 {
                    added.push(node.leaf);
                    (nodes.len() + added.len() - 1) as u32
                } else {
                    (at as u32).saturating_add(step)
                }
            };
            let [left, right] = node.steps;
            splits.push(Split::Inner { test, left: child(left), right: child(right) });
        }
        splits.extend(added.iter().map(|_| Split::Leaf));
        slots.extend(added);
        builder.tree(&splits)?;
        Ok(slots)
    }
}

/// No row ends there.
const NONE: u32 = u32::MAX;
