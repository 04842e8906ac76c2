//! A number for a column that may be among those of training, from what splits compare it with.

use super::{
    columns::ZERO,
    forest::{Forest, Layout},
    symmetric::Symmetric,
};
use crate::table::Real;

/// Most nodes that are looked at: they are spread over all trees.
const MOST: usize = 1 << 16;

impl<T: Real> Forest<T> {
    /// The middle one of the thresholds of a feature; `None` when splits compare it with none.
    pub(crate) fn typical(&self, feature: usize) -> Option<f64> {
        let columns = self.columns();
        let compares = |column: u32| {
            let found = columns.list.get(column as usize);
            found.is_some_and(|(of, view)| *of as usize == feature && !view.is_flag())
        };
        match self.layout() {
            Layout::Ranked(_, ranks, _) => middle(ranks.thresholds(feature).map(Real::to_f64)),
            Layout::Packed(all) => middle(
                spread(&all.nodes)
                    .filter(|node| compares(node.column()))
                    .map(|node| f64::from(node.threshold())),
            ),
            Layout::Wide(nodes) => middle(
                spread(nodes)
                    .filter(|node| compares(node.column()))
                    .map(|node| node.threshold().to_f64()),
            ),
        }
    }
}

impl Symmetric {
    /// The middle one of the borders of a column, by its place in a row.
    pub(crate) fn typical(&self, place: usize) -> Option<f64> {
        middle(self.borders(place).iter().copied().map(f64::from))
    }
}

fn spread<N: Copy>(nodes: &[N]) -> impl Iterator<Item = N> {
    nodes.iter().copied().step_by(nodes.len().div_ceil(MOST).max(1))
}

/// The middle one of distinct thresholds. They lie between the numbers of training: where all are whole or end in .5,
/// those were whole, and so is this. A leaf has an infinite threshold.
fn middle(thresholds: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = thresholds.filter(|threshold| threshold.is_finite()).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    let middle = *all.get(all.len() / 2)?;
    if all.iter().all(|&threshold| half(threshold).is_some()) {
        // the sum takes the sign off a zero
        return half(middle).map(|whole| whole.floor() + 0.0);
    }
    // LightGBM tells 0 from other numbers by a threshold beside it
    Some(if middle.abs() <= ZERO { 0.0 } else { middle })
}

/// A number of halves, when it is one: libraries put a threshold some of the last bits beside it.
fn half(value: f64) -> Option<f64> {
    let nearest = (value * 2.0).round() / 2.0;
    ((value - nearest).abs() <= 1e-6 * value.abs().max(0.5)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::middle;

    #[test]
    fn the_middle_threshold_is_whole_where_training_was() {
        let of = |thresholds: &[f64]| middle(thresholds.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[f64::INFINITY]), None);
        assert_eq!(of(&[0.25, 0.125, 7.75, f64::INFINITY]), Some(0.25));
        assert_eq!(of(&[1.5, 2.499_999_9, 30.5]), Some(2.0));
        assert_eq!(of(&[-0.5, -1.5]), Some(-1.0));
        assert_eq!(of(&[1.5, 2.5, 2.6]), Some(2.5));
        assert_eq!(of(&[-0.3, -1e-35, 0.3]), Some(0.0));
        assert_eq!(of(&[-1e-35]).map(f64::to_bits), Some(0.0_f64.to_bits()));
    }
}
