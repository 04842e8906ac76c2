//! The k-d tree or ball tree of the file, walked as scikit-learn walks it: with several rows at the
//! same distance the order decides which are found.

use std::ops::Range;

use super::{
    heap::{Heap, Near},
    lanes::{Blocks, NO_ROW},
    metric::Metric,
};
use crate::{
    Error,
    read::{Cursor, Kind},
    sklearn::neighbors::lanes,
};

/// A fitted `KDTree` or `BallTree`.
#[derive(Debug)]
pub(crate) struct Tree {
    columns: usize,
    nodes: Vec<Node>,
    bounds: Bounds,
    /// The rows of the leaves, one leaf after another.
    blocks: Blocks,
}

#[derive(Debug)]
struct Node {
    /// Blocks of the node's own rows, of a leaf alone.
    leaf: Option<Range<usize>>,
    radius: f64,
    /// The sum of the weights of its rows, each 1 where the tree has none.
    weight: f64,
}

#[derive(Debug)]
enum Bounds {
    /// Least and greatest value of each node and column, and the metric's power.
    Boxes { least: Vec<f64>, most: Vec<f64>, power: f64 },
    /// Middle of each node.
    Balls { centres: Blocks },
}

impl Tree {
    /// Reads the tree in `attribute`; `None` when the estimator has none.
    ///
    /// # Errors
    /// A state of another form than `BinaryTree.__getstate__` gives it.
    pub(crate) fn read(c: Cursor<'_>, attribute: &str) -> Result<Option<Read>, Error> {
        let Some(tree) = c.attr(attribute).filter(|tree| !tree.is_none()) else { return Ok(None) };
        let wrong = |reason: &str| Error::attribute(c.class_name(), attribute, reason.to_owned());
        let Kind::Object(object) = tree.kind() else { return Err(wrong("is not a tree")) };
        let state = object.state.and_then(|state| tree.go(state).items());
        let state = state
            .filter(|state| state.len() >= 12)
            .ok_or_else(|| wrong("has no state of a tree"))?;
        let part = |at: usize| state.get(at).map(|&id| tree.go(id));
        let array =
            |at: usize| part(at).and_then(Cursor::as_array).ok_or_else(|| wrong("lacks an array"));
        let (data, places, nodes, bounds) = (array(0)?, array(1)?, array(2)?, array(3)?);
        let doc = tree.document();
        let &[count, columns] = &data.shape[..] else {
            return Err(wrong("has rows of another form"));
        };
        let mut rows = data.f64s(doc)?;
        let places = places.i64s(doc)?;
        let places: Vec<_> = places.into_iter().map(|place| place as usize).collect();
        if count == 0 || columns == 0 || rows.len() != count * columns || places.len() != count {
            return Err(wrong("has rows of another number than places"));
        }
        if places.iter().any(|&place| place >= count) || u32::try_from(count).is_err() {
            return Err(wrong("has places beyond its rows"));
        }
        let field = |name: &str| {
            nodes.field(doc, name).ok_or_else(|| wrong("has nodes without their fields"))
        };
        let starts = field("idx_start")?.i64s()?;
        let ends = field("idx_end")?.i64s()?;
        let leaves = field("is_leaf")?.i64s()?;
        let radii = field("radius")?.f64s()?;
        let last = part(11).ok_or_else(|| wrong("has no metric"))?;
        let metric = Metric::of_object(c, attribute, last, columns)?;
        for row in rows.chunks_exact_mut(columns) {
            metric.prepare(row);
        }
        let weights = part(12).filter(|weights| !weights.is_none());
        let weights = weights
            .map(|weights| {
                let reason = "has weights that are not one positive number a row";
                read_weights(weights, count).ok_or_else(|| wrong(reason))
            })
            .transpose()?;
        let mut blocks = Blocks::new(columns);
        let mut out = Vec::with_capacity(leaves.len());
        let mut left = count;
        for (at, (((&start, &end), &is_leaf), &radius)) in
            starts.iter().zip(&ends).zip(&leaves).zip(&radii).enumerate()
        {
            let own = places
                .get(start as usize..end as usize)
                .ok_or_else(|| wrong("has a node beyond its rows"))?;
            let weight = match &weights {
                None => own.len() as f64,
                Some(weights) => own.iter().filter_map(|&place| weights.get(place)).sum(),
            };
            let leaf = if is_leaf == 0 {
                if 2 * at + 2 >= leaves.len() {
                    return Err(wrong("has a node whose children are missing"));
                }
                None
            } else {
                left = left
                    .checked_sub(own.len())
                    .ok_or_else(|| wrong("has rows in several leaves"))?;
                let first = blocks.len();
                blocks.extend(own.iter().filter_map(|&place| {
                    Some((place as u32, rows.get(place * columns..(place + 1) * columns)?))
                }));
                Some(first..blocks.len())
            };
            out.push(Node { leaf, radius, weight });
        }
        let mut values = bounds.f64s(doc)?;
        let cells = out.len() * columns;
        let bounds = match (bounds.shape.first(), metric.power()) {
            (Some(2), Some(power)) if values.len() == 2 * cells => {
                let (least, most) = values.split_at(cells);
                Bounds::Boxes { least: least.to_vec(), most: most.to_vec(), power }
            }
            (Some(1), _) if values.len() == cells => {
                let mut centres = Blocks::new(columns);
                for (at, centre) in values.chunks_exact_mut(columns).enumerate() {
                    metric.prepare(centre);
                    centres.extend(std::iter::once((at as u32, &*centre)));
                }
                Bounds::Balls { centres }
            }
            _ => return Err(wrong("has bounds of another form than its nodes")),
        };
        if out.is_empty() {
            return Err(wrong("has no node"));
        }
        let tree = Self { columns, nodes: out, bounds, blocks };
        Ok(Some(Read { tree, metric, count, weights }))
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn is_leaf(&self, at: usize) -> bool {
        self.nodes.get(at).is_none_or(|node| node.leaf.is_some())
    }

    /// The sum of the weights of a node's rows.
    pub(super) fn weight(&self, at: usize) -> f64 {
        self.nodes.get(at).map_or(0.0, |node| node.weight)
    }

    /// Fills the heap with the nearest rows.
    pub(super) fn nearest(&self, metric: &Metric, row: &[f64], heap: &mut Heap) {
        let bound = self.least(metric, 0, row);
        self.descend(metric, 0, bound, row, heap);
    }

    fn descend(&self, metric: &Metric, at: usize, bound: f64, row: &[f64], heap: &mut Heap) {
        let Some(node) = self.nodes.get(at).filter(|_| bound <= heap.farthest()) else { return };
        if let Some(leaf) = &node.leaf {
            for block in self.blocks.range(leaf.start, leaf.end) {
                let distances = metric.to_block(row, &block);
                for (&distance, &number) in distances.iter().zip(block.rows()) {
                    if number != NO_ROW {
                        heap.push(distance, number);
                    }
                }
            }
            return;
        }
        let (left, right) = (2 * at + 1, 2 * at + 2);
        let (nearer, farther) = (self.least(metric, left, row), self.least(metric, right, row));
        if nearer <= farther {
            self.descend(metric, left, nearer, row, heap);
            self.descend(metric, right, farther, row, heap);
        } else {
            self.descend(metric, right, farther, row, heap);
            self.descend(metric, left, nearer, row, heap);
        }
    }

    /// The least reduced distance that a row of a node may have.
    fn least(&self, metric: &Metric, at: usize, row: &[f64]) -> f64 {
        match &self.bounds {
            Bounds::Boxes { power, .. } => {
                let mut least = 0_f64;
                for (low, high) in self.sides(at, row) {
                    let apart = 0.5 * ((low + low.abs()) + (high + high.abs()));
                    least = if *power == f64::INFINITY {
                        least.max(apart)
                    } else {
                        least + raised(apart, *power)
                    };
                }
                least
            }
            Bounds::Balls { .. } => {
                let (to_centre, radius) = self.ball(metric, at, row);
                metric.reduced((to_centre - radius).max(0.0))
            }
        }
    }

    /// How far a row is outside a node's least and greatest values; negative inside.
    fn sides<'t>(&'t self, at: usize, row: &'t [f64]) -> impl Iterator<Item = (f64, f64)> + 't {
        let (least, most) = match &self.bounds {
            Bounds::Boxes { least, most, .. } => (&least[..], &most[..]),
            Bounds::Balls { .. } => (&[][..], &[][..]),
        };
        let own = at * self.columns..(at + 1) * self.columns;
        let least = least.get(own.clone()).unwrap_or_default();
        let most = most.get(own).unwrap_or_default();
        row.iter().zip(least).zip(most).map(|((x, least), most)| (least - x, x - most))
    }

    /// The distance to the centre of a ball, and its radius.
    fn ball(&self, metric: &Metric, at: usize, row: &[f64]) -> (f64, f64) {
        let Bounds::Balls { centres } = &self.bounds else { return (0.0, 0.0) };
        let reduced = centres.range(at, at + 1).next().map(|block| metric.to_block(row, &block));
        let [reduced, ..] = reduced.unwrap_or([0.0; lanes::LANES]);
        (metric.distance(reduced), self.nodes.get(at).map_or(0.0, |node| node.radius))
    }

    /// The rows within a distance, in the order of the tree.
    pub(super) fn within(&self, metric: &Metric, row: &[f64], radius: f64, out: &mut Vec<Near>) {
        self.collect(metric, 0, row, radius, out);
    }

    fn collect(&self, metric: &Metric, at: usize, row: &[f64], radius: f64, out: &mut Vec<Near>) {
        let Some(node) = self.nodes.get(at) else { return };
        let (least, most) = self.span(metric, at, row);
        if least > radius {
            return;
        }
        if most <= radius {
            return self.take(metric, at, row, |_| true, out);
        }
        if node.leaf.is_some() {
            let reduced = metric.reduced(radius);
            return self.take(metric, at, row, |distance| distance <= reduced, out);
        }
        self.collect(metric, 2 * at + 1, row, radius, out);
        self.collect(metric, 2 * at + 2, row, radius, out);
    }

    /// Appends the rows below a node whose reduced distances pass.
    pub(super) fn take(
        &self,
        metric: &Metric,
        at: usize,
        row: &[f64],
        pass: impl Fn(f64) -> bool + Copy,
        out: &mut Vec<Near>,
    ) {
        let Some(node) = self.nodes.get(at) else { return };
        let Some(leaf) = &node.leaf else {
            self.take(metric, 2 * at + 1, row, pass, out);
            return self.take(metric, 2 * at + 2, row, pass, out);
        };
        for block in self.blocks.range(leaf.start, leaf.end) {
            let distances = metric.to_block(row, &block);
            for (&reduced, &number) in distances.iter().zip(block.rows()) {
                if number != NO_ROW && pass(reduced) {
                    out.push(Near { distance: metric.distance(reduced), row: number });
                }
            }
        }
    }

    /// The least and the greatest distance that a row of a node may have.
    pub(super) fn span(&self, metric: &Metric, at: usize, row: &[f64]) -> (f64, f64) {
        let Bounds::Boxes { power, .. } = self.bounds else {
            let (to_centre, radius) = self.ball(metric, at, row);
            return ((to_centre - radius).max(0.0), to_centre + radius);
        };
        let (mut least, mut most) = (0_f64, 0_f64);
        for (low, high) in self.sides(at, row) {
            let apart = 0.5 * ((low + low.abs()) + (high + high.abs()));
            let far = low.abs().max(high.abs());
            if power == f64::INFINITY {
                (least, most) = (least.max(apart), most.max(far));
            } else {
                // a density keeps every bit: a power of 2 is not always the product
                (least, most) = (least + apart.powf(power), most + far.powf(power));
            }
        }
        if power == f64::INFINITY {
            (least, most)
        } else {
            (least.powf(1.0 / power), most.powf(1.0 / power))
        }
    }
}

/// A weight for each row; `None` when they are something else.
fn read_weights(weights: Cursor<'_>, count: usize) -> Option<Vec<f64>> {
    let weights = weights.as_array()?.f64s(weights.document()).ok()?;
    let fits = weights.len() == count && weights.iter().all(|weight| *weight >= 0.0);
    fits.then_some(weights)
}

/// A power; the usual ones without the library's general function.
fn raised(value: f64, power: f64) -> f64 {
    if power == 2.0 {
        value * value
    } else if power == 1.0 {
        value
    } else {
        value.powf(power)
    }
}

/// A tree with what else its state holds.
pub(crate) struct Read {
    pub(crate) tree: Tree,
    pub(crate) metric: Metric,
    /// Number of those rows.
    pub(crate) count: usize,
    /// Of each row.
    pub(crate) weights: Option<Vec<f64>>,
}
