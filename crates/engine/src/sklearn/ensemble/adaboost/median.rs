//! The weighted median of what trees answer.

use crate::{
    Error, Inputs, Table, attributes,
    read::Cursor,
    sklearn::{
        building::Building,
        ensemble::trees,
        forest::{Collector, Leaves, Rows},
    },
    tree::Split,
};

/// Rows whose leaves are found at a time.
const BLOCK: usize = 256;

/// Trees whose leaves hold their places among the leaves of all trees, in the order of what they
/// answer, so that places are sorted in place of answers.
#[derive(Debug)]
pub(super) struct Sorted {
    rows: Rows,
    leaves: Leaves,
    /// What each leaf answers, and the weight of its tree.
    order: Vec<(f64, f64)>,
}

impl Sorted {
    pub(super) fn read(
        c: Cursor<'_>,
        estimators: &[Cursor<'_>],
        weights: &[f64],
        building: &Building,
    ) -> Result<Self, Error> {
        let columns = super::columns(c, estimators, building)?;
        let mut trees = Vec::with_capacity(estimators.len());
        let mut order = Vec::new();
        for (at, &tree) in estimators.iter().enumerate() {
            let grown = trees::read(tree, None, columns, building)?;
            attributes::counted(tree, "tree_", grown.outputs, 1)?;
            attributes::counted(tree, "tree_", grown.width, 1)?;
            let nodes = grown.values.iter().zip(&grown.splits).enumerate();
            let leaves = nodes.filter(|(_, (_, split))| matches!(split, Split::Leaf));
            order.extend(leaves.map(|(node, (&value, _))| (value, at, node)));
            trees.push(grown);
        }
        // equal answers stay in the order of their trees
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (place, &(_, tree, node)) in order.iter().enumerate() {
            if let Some(value) = trees.get_mut(tree).and_then(|tree| tree.values.get_mut(node)) {
                *value = place as f64;
            }
        }
        let mut collector = Collector::new(1);
        for grown in &trees {
            collector.add(grown, |place, out| out.extend_from_slice(place))?;
        }
        let weight = |tree: usize| weights.get(tree).copied().unwrap_or(0.0);
        let order = order.into_iter().map(|(value, tree, _)| (value, weight(tree))).collect();
        Ok(Self { rows: Rows::new(c, columns, false)?, leaves: collector.finish(), order })
    }

    pub(super) fn inputs(&self) -> Inputs {
        self.rows.inputs()
    }

    /// The median of each row.
    pub(super) fn medians(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let mut medians = vec![0.0; input.rows];
        let columns = input.columns().max(1);
        let trees = self.leaves.trees();
        self.leaves.spread(&self.rows.take(input)?, 1, &mut medians, |rows, medians| {
            let mut places = vec![0_u32; BLOCK.min(medians.len()) * trees];
            let mut order = Order::new(self.order.len(), trees);
            let mut sums = Vec::with_capacity(trees);
            for (rows, medians) in rows.chunks(BLOCK * columns).zip(medians.chunks_mut(BLOCK)) {
                self.leaves.each(rows, |tree, row, place| {
                    let to = places.get_mut(row * trees + tree);
                    if let (Some(to), Some(&place)) = (to, place.first()) {
                        *to = place as u32;
                    }
                });
                for (places, to) in places.chunks_exact_mut(trees.max(1)).zip(medians) {
                    sums.clear();
                    let mut sum = 0.0;
                    order.each(places, |place| {
                        if let Some(&(value, weight)) = self.order.get(place as usize) {
                            sum += weight;
                            sums.push((value, sum));
                        }
                    });
                    *to = median(&sums, sum);
                }
            }
        });
        Ok(medians)
    }
}

/// The first value up to which half of the weights are summed up.
pub(super) fn median(sums: &[(f64, f64)], total: f64) -> f64 {
    let half = 0.5 * total;
    let found = sums.iter().find(|(_, sum)| *sum >= half).or(sums.first());
    found.map_or(f64::NAN, |&(value, _)| value)
}

/// Hands numbers over in their order: through a bit for each possible number, unless there are too
/// many.
struct Order {
    bits: Option<Vec<u64>>,
}

impl Order {
    /// For `count` different numbers below `bound`.
    fn new(bound: usize, count: usize) -> Self {
        let words = bound.div_ceil(64);
        Self { bits: (words <= 8 * count).then(|| vec![0; words]) }
    }

    fn each(&mut self, numbers: &mut [u32], mut found: impl FnMut(u32)) {
        let Some(bits) = &mut self.bits else {
            numbers.sort_unstable();
            return numbers.iter().for_each(|&number| found(number));
        };
        for number in numbers {
            if let Some(word) = bits.get_mut(*number as usize / 64) {
                *word |= 1 << (*number % 64);
            }
        }
        for (at, word) in bits.iter_mut().enumerate() {
            while *word != 0 {
                found(at as u32 * 64 + word.trailing_zeros());
                *word &= *word - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, median};

    #[test]
    fn numbers_come_in_their_order_either_way() {
        for bound in [200, 1_000_000] {
            let mut order = Order::new(bound, 3);
            for _ in 0..2 {
                let mut found = Vec::new();
                order.each(&mut [130, 5, 64], |number| found.push(number));
                assert_eq!(found, [5, 64, 130]);
            }
        }
    }

    #[test]
    fn the_median_is_where_half_of_the_weight_is_reached() {
        assert_eq!(median(&[(1.0, 1.0), (2.0, 2.0), (3.0, 4.0)], 4.0), 2.0);
        assert!(median(&[], 0.0).is_nan());
    }
}
