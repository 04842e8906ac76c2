//! Exact contributions of features to the score of a tree, by the paths that rows of training took.
//!
//! The method is `TreeSHAP` ("Consistent individualized feature attribution for
//! tree ensembles", 2018, algorithm 2). The steps and their order are those of XGBoost and LightGBM,
//! so that sums are rounded alike.

use std::ops::{Add, AddAssign, Div, Mul, Sub};

use super::{decisions::Decisions, forest::Forest};
use crate::table::Real;

/// Deepest trees for which contributions are computed: the work grows with the square of the depth.
pub(crate) const DEEPEST: u32 = 512;

/// About how many times as long as finding the leaves of a row its contributions take.
pub(crate) const SHAP: usize = 50;

/// A floating-point type with its arithmetic.
pub(crate) trait Number:
    Real + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + AddAssign
{
}

impl Number for f32 {}
impl Number for f64 {}

/// A feature on the way to a node.
#[derive(Clone, Copy, Debug)]
struct Element<F> {
    /// `u32::MAX` above the root.
    feature: u32,
    /// The share of training that goes this way when the feature is unknown.
    zero: F,
    /// One when the row goes this way, else zero.
    one: F,
    /// The weight of subsets with as many features as stand before this element.
    weight: F,
}

/// A node that is still to be visited.
#[derive(Clone, Copy, Debug)]
struct Visit<F> {
    node: u32,
    level: usize,
    zero: F,
    one: F,
    feature: u32,
}

/// Room to work in, kept between trees and rows.
#[derive(Debug, Default)]
pub(crate) struct Shap<F> {
    /// The way to the node last visited on each level.
    paths: Vec<Vec<Element<F>>>,
    waiting: Vec<Visit<F>>,
}

impl<F: Number> Shap<F> {
    /// Adds what each feature contributes to one tree's answer. `cover` tells how much of training
    /// reached a node, `value` what a leaf answers.
    pub(crate) fn add<T: Real>(
        &mut self,
        forest: &Forest<T>,
        row: &Decisions<'_, T>,
        tree: usize,
        cover: impl Fn(u32) -> F,
        value: impl Fn(u32) -> F,
        parts: &mut [F],
    ) {
        let Some(root) = forest.root(tree) else { return };
        let (none, all) = (F::from_f64(0.0), F::from_f64(1.0));
        self.waiting.clear();
        self.waiting.push(Visit { node: root, level: 0, zero: all, one: all, feature: u32::MAX });
        while let Some(visit) = self.waiting.pop() {
            let path = self.path(visit.level);
            extend(path, visit);
            let Some(fork) = row.fork(tree, visit.node) else {
                let value = value(visit.node);
                for (place, element) in path.iter().enumerate().skip(1) {
                    let share = unwound(path, place) * (element.one - element.zero) * value;
                    if let Some(part) = parts.get_mut(element.feature as usize) {
                        *part += share;
                    }
                }
                continue;
            };
            let (mut zero, mut one) = (all, all);
            if let Some(place) = path.iter().position(|element| element.feature == fork.feature) {
                (zero, one) = path.get(place).map_or((all, all), |it| (it.zero, it.one));
                unwind(path, place);
            }
            let (hot, cold) = fork.children();
            let whole = cover(visit.node);
            let child = |node, one| Visit {
                node,
                level: visit.level + 1,
                zero: cover(node) / whole * zero,
                one,
                feature: fork.feature,
            };
            // the last one in is the first one out
            self.waiting.push(child(cold, none));
            self.waiting.push(child(hot, one));
        }
    }

    /// The path of a level, as a copy of that of the level above.
    fn path(&mut self, level: usize) -> &mut Vec<Element<F>> {
        if self.paths.len() <= level {
            self.paths.resize_with(level + 1, Vec::new);
        }
        let (above, from) = self.paths.split_at_mut(level);
        let path = &mut from[0];
        path.clear();
        path.extend_from_slice(above.last().map_or(&[], Vec::as_slice));
        path
    }
}

fn number<F: Number>(count: usize) -> F {
    F::from_f64(count as f64)
}

/// Adds a feature to a path, and to the subsets that it makes.
fn extend<F: Number>(path: &mut Vec<Element<F>>, visit: Visit<F>) {
    let depth = path.len();
    let Visit { zero, one, feature, .. } = visit;
    let weight = F::from_f64(if depth == 0 { 1.0 } else { 0.0 });
    path.push(Element { feature, zero, one, weight });
    let all = number::<F>(depth + 1);
    for place in (0..depth).rev() {
        let before = path[place].weight;
        path[place + 1].weight += one * before * number(place + 1) / all;
        path[place].weight = zero * before * number(depth - place) / all;
    }
}

/// Takes a feature off a path again.
fn unwind<F: Number>(path: &mut Vec<Element<F>>, place: usize) {
    let depth = path.len().saturating_sub(1);
    let Element { zero, one, .. } = path[place];
    let nothing = F::from_f64(0.0);
    let all = number::<F>(depth + 1);
    let mut next = path[depth].weight;
    for at in (0..depth).rev() {
        let before = path[at].weight;
        if one == nothing {
            path[at].weight = before * all / (zero * number(depth - at));
        } else {
            path[at].weight = next * all / (number::<F>(at + 1) * one);
            next = before - path[at].weight * zero * number(depth - at) / all;
        }
    }
    for at in place..depth {
        let Element { feature, zero, one, .. } = path[at + 1];
        path[at] = Element { feature, zero, one, weight: path[at].weight };
    }
    path.truncate(depth);
}

/// The sum of the weights of a path without one of its features.
fn unwound<F: Number>(path: &[Element<F>], place: usize) -> F {
    let depth = path.len().saturating_sub(1);
    let Element { zero, one, .. } = path[place];
    let nothing = F::from_f64(0.0);
    let all = number::<F>(depth + 1);
    let mut next = path[depth].weight;
    let mut total = nothing;
    for at in (0..depth).rev() {
        let weight = path[at].weight;
        let share = number::<F>(depth - at) / all;
        if one != nothing {
            let part = next * all / (number::<F>(at + 1) * one);
            total += part;
            next = weight - part * zero * share;
        } else if zero != nothing {
            total += weight / zero / share;
        }
    }
    total
}
