//! The sum of the kernels around a row. scikit-learn keeps a least and a greatest sum, goes down the
//! tree until they are near enough, and answers what lies between them. What its subtractions leave
//! over is part of its answer, so each step is taken as it takes it.

use super::{
    super::{heap::Near, metric::Metric, tree::Tree},
    Kernel,
};

/// What the sums are made with.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) tree: Tree,
    pub(super) metric: Metric,
    pub(super) kernel: Kernel,
    /// The bandwidth.
    pub(super) h: f64,
    pub(super) log_norm: f64,
    /// How near is near enough, absolute and relative.
    pub(super) log_atol: f64,
    pub(super) log_rtol: f64,
    /// The weight of all rows.
    pub(super) log_whole: f64,
    /// Of each row; without weights `None`.
    pub(super) log_weights: Option<Vec<f64>>,
}

/// The logarithms of the least sum, and of how much greater it may be.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: f64,
    spread: f64,
}

/// Memory for one row after another.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    near: Vec<Near>,
    queue: Queue,
    nodes: Vec<Bounds>,
}

impl Walk {
    /// The logarithm of the sum, not yet normalised, the nearest nodes first.
    pub(super) fn breadth_first(&self, row: &[f64], scratch: &mut Scratch) -> f64 {
        let none = Bounds { least: f64::NEG_INFINITY, spread: 0.0 };
        scratch.nodes.clear();
        scratch.nodes.resize(self.tree.len(), none);
        scratch.queue.0.clear();
        let (nearest, farthest) = self.tree.span(&self.metric, 0, row);
        let least = self.log_whole + self.kernel.log(farthest, self.h);
        let most = self.log_whole + self.kernel.log(nearest, self.h);
        let mut all = Bounds { least, spread: log_less(most, least) };
        if let Some(root) = scratch.nodes.first_mut() {
            *root = all;
        }
        scratch.queue.push(nearest, 0);
        while let Some(at) = scratch.queue.pop() {
            let own = scratch.nodes.get(at).copied().unwrap_or(none);
            if self.is_settled(at, own) {
                continue;
            }
            if self.is_enough(all) {
                break;
            }
            if self.tree.is_leaf(at) {
                all.take(own);
                self.add_rows(at, row, &mut all, &mut scratch.near);
                continue;
            }
            let children = [2 * at + 1, 2 * at + 2].map(|child| {
                let (nearest, farthest) = self.tree.span(&self.metric, child, row);
                let log_weight = self.tree.weight(child).ln();
                // the library starts from the greatest sum of a child, not from the spread
                let least = log_weight + self.kernel.log(farthest, self.h);
                let spread = log_weight + self.kernel.log(nearest, self.h);
                (child, nearest, Bounds { least, spread })
            });
            all.take(own);
            for (child, nearest, bounds) in children {
                all.add(bounds);
                if let Some(node) = scratch.nodes.get_mut(child) {
                    *node = bounds;
                }
                scratch.queue.push(nearest, child);
            }
        }
        all.middle()
    }

    /// The same, one branch after another.
    pub(super) fn depth_first(&self, row: &[f64], scratch: &mut Scratch) -> f64 {
        let mut all = self.bounds(0, self.log_whole, row);
        self.descend(0, all, row, &mut all, &mut scratch.near);
        all.middle()
    }

    fn descend(&self, at: usize, own: Bounds, row: &[f64], all: &mut Bounds, near: &mut Vec<Near>) {
        if self.is_settled(at, own) || self.is_enough(*all) {
            return;
        }
        all.take(own);
        if self.tree.is_leaf(at) {
            return self.add_rows(at, row, all, near);
        }
        let children = [2 * at + 1, 2 * at + 2]
            .map(|child| (child, self.bounds(child, self.tree.weight(child).ln(), row)));
        for (_, bounds) in children {
            all.add(bounds);
        }
        for (child, bounds) in children {
            self.descend(child, bounds, row, all, near);
        }
    }

    fn bounds(&self, at: usize, log_weight: f64, row: &[f64]) -> Bounds {
        let (nearest, farthest) = self.tree.span(&self.metric, at, row);
        let least = log_weight + self.kernel.log(farthest, self.h);
        let most = log_weight + self.kernel.log(nearest, self.h);
        Bounds { least, spread: log_less(most, least) }
    }

    /// Whether the node's own bounds are near enough.
    fn is_settled(&self, at: usize, own: Bounds) -> bool {
        let spread = self.log_norm + own.spread - self.tree.weight(at).ln() + self.log_whole;
        spread <= log_sum(self.log_atol, self.log_rtol + self.log_norm + own.least)
    }

    /// Whether the bounds of the sum are near enough.
    fn is_enough(&self, all: Bounds) -> bool {
        let enough = log_sum(self.log_atol, self.log_rtol + self.log_norm + all.least);
        self.log_norm + all.spread <= enough
    }

    fn add_rows(&self, at: usize, row: &[f64], all: &mut Bounds, near: &mut Vec<Near>) {
        near.clear();
        self.tree.take(&self.metric, at, row, |_| true, near);
        for near in near {
            let log = self.kernel.log(near.distance, self.h);
            let weights = self.log_weights.as_ref();
            let weight = weights.and_then(|weights| weights.get(near.row as usize));
            all.least = log_sum(all.least, log + weight.copied().unwrap_or(0.0));
        }
    }
}

impl Bounds {
    fn add(&mut self, other: Self) {
        self.least = log_sum(self.least, other.least);
        self.spread = log_sum(self.spread, other.spread);
    }

    fn take(&mut self, other: Self) {
        self.least = log_less(self.least, other.least);
        self.spread = log_less(self.spread, other.spread);
    }

    fn middle(self) -> f64 {
        log_sum(self.least, self.spread - 2_f64.ln())
    }
}

/// log(exp(x) + exp(y)).
fn log_sum(x: f64, y: f64) -> f64 {
    let most = x.max(y);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + ((x - most).exp() + (y - most).exp()).ln()
}

/// log(exp(x) − exp(y)); −∞ where the second is not less.
fn log_less(x: f64, y: f64) -> f64 {
    if x <= y { f64::NEG_INFINITY } else { x + (1.0 - (y - x).exp()).ln() }
}

/// Nodes by their distance. Of equal ones the order is that of the library's heap.
#[derive(Debug, Default)]
struct Queue(Vec<(f64, usize)>);

impl Queue {
    fn distance(&self, at: usize) -> Option<f64> {
        self.0.get(at).map(|(distance, _)| *distance)
    }

    fn push(&mut self, distance: f64, node: usize) {
        let mut at = self.0.len();
        self.0.push((distance, node));
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.distance(parent) <= Some(distance) {
                break;
            }
            self.0.swap(parent, at);
            at = parent;
        }
    }

    fn pop(&mut self) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let (_, node) = self.0.swap_remove(0);
        let mut at = 0;
        while let (Some(own), Some(left)) = (self.distance(at), self.distance(2 * at + 1)) {
            let mut child = 2 * at + 1;
            let mut nearest = left;
            if let Some(right) = self.distance(child + 1).filter(|right| left > *right) {
                (child, nearest) = (child + 1, right);
            }
            if nearest > own {
                break;
            }
            self.0.swap(at, child);
            at = child;
        }
        Some(node)
    }
}
