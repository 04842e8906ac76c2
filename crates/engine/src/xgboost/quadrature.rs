//! Contributions of features as XGBoost computes them since 3.3: `TreeSHAP`'s sums over subsets are
//! integrals of polynomials, which eight points give exactly for paths of up to sixteen features.
//!
//! The points, the recurrence and the order of sums are those of the project's
//! `predictor/interpretability`, in single precision.

use super::ensemble::Explained;
use crate::tree::Decisions;

const POINTS: usize = 8;

/// Numbers at the points.
type At = [f32; POINTS];

/// Gauss-Legendre points on 0 to 1 and their weights, with the points squared.
pub(super) struct Rule {
    points: At,
    weights: At,
}

impl Rule {
    pub(super) fn new() -> Self {
        let mut rule = Self { points: [0.0; POINTS], weights: [0.0; POINTS] };
        let count = POINTS as f64;
        for index in 0..POINTS {
            let angle = std::f64::consts::PI * (index as f64 + 0.75) / (count + 0.5);
            let mut x = angle.cos();
            for _ in 0..64 {
                let (value, slope) = legendre(x);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            let (_, slope) = legendre(x);
            let weight = 2.0 / ((1.0 - x * x) * slope * slope);
            let point = 0.5 * (x + 1.0);
            let place = POINTS - 1 - index;
            rule.points[place] = (point * point) as f32;
            rule.weights[place] = (2.0 * point * (0.5 * weight)) as f32;
        }
        rule
    }
}

/// The Legendre polynomial of degree eight and its derivative.
fn legendre(x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=POINTS {
        let degree = degree as f64;
        let next = ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree;
        (before, value) = (value, next);
    }
    (value, POINTS as f64 * (x * value - before) / (x * x - 1.0))
}

/// One row in one tree, for one output.
pub(super) struct Walk<'a> {
    pub(super) rule: &'a Rule,
    pub(super) row: &'a Decisions<'a, f32>,
    pub(super) trees: &'a Explained<'a>,
    pub(super) tree: usize,
    pub(super) output: usize,
    /// For each feature on the way, how much likelier the row takes this way than training did:
    /// zero when it takes another. `None` for features that are not on the way.
    pub(super) odds: &'a mut [Option<f32>],
    /// What each feature adds.
    pub(super) parts: &'a mut [f32],
}

impl Walk<'_> {
    /// Adds the contributions of the tree.
    pub(super) fn run(&mut self, root: u32) {
        if self.row.fork(self.tree, root).is_some() {
            self.node(root, &[1.0; POINTS], 1.0);
        }
    }

    /// Visits the nodes below one, of which no tree has more levels than
    /// [`crate::tree::DEEPEST`], and gives the sum of their leaves.
    fn node(&mut self, node: u32, way: &At, share: f32) -> At {
        let Some(fork) = self.row.fork(self.tree, node) else {
            let scale = share * self.trees.value(node, self.output);
            let mut sums = *way;
            for (sum, weight) in sums.iter_mut().zip(&self.rule.weights) {
                *sum = *sum * scale * weight;
            }
            return sums;
        };
        let whole = self.trees.cover(node);
        let mut sums = [0.0; POINTS];
        for (child, taken) in [(fork.left, !fork.right), (fork.left + 1, fork.right)] {
            let part = branch(self.trees.cover(child), whole);
            let below = self.child(fork.feature, child, part, taken, way, share);
            for (sum, below) in sums.iter_mut().zip(below) {
                *sum += below;
            }
        }
        sums
    }

    fn child(
        &mut self,
        feature: u32,
        child: u32,
        part: f32,
        taken: bool,
        way: &At,
        share: f32,
    ) -> At {
        let place = feature as usize;
        let before = self.odds.get(place).copied().flatten();
        let odds = if taken { before.unwrap_or(1.0) / part } else { 0.0 };
        let mut way = *way;
        let points = &self.rule.points;
        for (way, point) in way.iter_mut().zip(points) {
            *way *= 1.0 + (odds - 1.0) * point;
        }
        if let Some(before) = before.filter(|before| before - 1.0 != 0.0) {
            for (way, point) in way.iter_mut().zip(points) {
                *way /= 1.0 + (before - 1.0) * point;
            }
        }
        self.set(place, Some(odds));
        let sums = self.node(child, &way, share * part);
        let delta = delta(points, &sums, odds, before.unwrap_or(1.0));
        if let Some(to) = self.parts.get_mut(place) {
            *to += delta;
        }
        self.set(place, before);
        sums
    }

    fn set(&mut self, place: usize, odds: Option<f32>) {
        if let Some(to) = self.odds.get_mut(place) {
            *to = odds;
        }
    }
}

/// The share of training that a branch had.
fn branch(cover: f32, whole: f32) -> f32 {
    if whole <= 0.0 {
        return 0.5;
    }
    let share = cover / whole;
    if share < 1e-12 { 1e-12 } else { share }
}

/// What a split adds to its feature's contribution.
fn delta(points: &At, sums: &At, enter: f32, exit: f32) -> f32 {
    let mut total = 0.0;
    if enter != 1.0 {
        let alpha = enter - 1.0;
        for (sum, point) in sums.iter().zip(points) {
            total += alpha * sum / (1.0 + alpha * point);
        }
    }
    if exit != 1.0 {
        let alpha = exit - 1.0;
        for (sum, point) in sums.iter().zip(points) {
            total -= alpha * sum / (1.0 + alpha * point);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn the_rule_integrates_polynomials() {
        let rule = Rule::new();
        for power in 0..8 {
            let sum: f32 =
                rule.points.iter().zip(&rule.weights).map(|(x, w)| x.powi(power) * w).sum();
            assert!((sum - 1.0 / (power as f32 + 1.0)).abs() < 1e-6, "{power}: {sum}");
        }
    }
}
