//! Sums of the kernels of a row, for each class with each list of weights.

use std::ops::Range;

use super::vectors::Order;
use crate::sklearn::weighted::Weighted;

/// Weights up to which blocks may be mostly filled up.
const MOST_FILLED: usize = 1 << 16;

/// The weights of the support vectors.
#[derive(Debug)]
pub(super) enum Sums {
    /// Each class in whole blocks.
    Blocks { weights: Weighted, classes: Vec<Range<usize>> },
    /// Of many classes with few vectors each, which whole blocks would make several times as large.
    Plain { weights: Vec<f64>, total: usize, classes: Vec<Range<usize>> },
}

impl Sums {
    /// `lists × total` weights of the vectors of `classes`, and the order in which their kernels come.
    pub(super) fn new(
        classes: Vec<Range<usize>>,
        weights: Vec<f64>,
        lists: usize,
        total: usize,
    ) -> (Self, Order) {
        let order = Order::new(&classes);
        if order.len() > 2 * total && order.len().saturating_mul(lists) > MOST_FILLED {
            let whole = 0..total;
            let order = Order::new(std::slice::from_ref(&whole));
            return (Self::Plain { weights, total, classes }, order);
        }
        let weight =
            |list: usize, place: usize| weights.get(list * total + order.vector(place)?).copied();
        let weights = Weighted::new(lists, order.len(), weight);
        (Self::Blocks { weights, classes: order.parts.clone() }, order)
    }

    /// Sums of a row.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Blocks { weights, classes } => classes.len() * weights.lists(),
            Self::Plain { weights, total, classes } => {
                classes.len() * (weights.len() / (*total).max(1))
            }
        }
    }

    /// About the nanoseconds that a row takes.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Blocks { weights, .. } => weights.stride() * weights.lists() / 8,
            Self::Plain { weights, .. } => weights.len(),
        }
    }

    /// The sums of rows of kernels, written over `out`: for each row, for each class, for each list.
    pub(super) fn of(&self, rows: &[f64], stride: usize, out: &mut [f64]) {
        let (all, total, classes) = match self {
            Self::Blocks { weights, classes } => return weights.sums(rows, classes, out),
            Self::Plain { weights, total, classes } => (weights, (*total).max(1), classes),
        };
        let lists = all.len() / total;
        let rows = rows.chunks_exact(stride.max(1)).zip(out.chunks_exact_mut(self.width().max(1)));
        for (kernels, out) in rows {
            for (class, out) in classes.iter().zip(out.chunks_exact_mut(lists.max(1))) {
                let kernels = kernels.get(class.clone()).unwrap_or_default();
                for (weights, out) in all.chunks_exact(total).zip(out) {
                    let weights = weights.get(class.clone()).unwrap_or_default();
                    *out = weights.iter().zip(kernels).map(|(weight, value)| weight * value).sum();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sums;

    #[test]
    fn many_small_classes_have_the_sums_of_a_few() {
        // 300 classes of one vector each
        let classes: Vec<_> = (0..300).map(|at| at..at + 1).collect();
        let weights: Vec<f64> = (0..299 * 300).map(|at| f64::from(at % 17) - 8.0).collect();
        let (sums, order) = Sums::new(classes, weights.clone(), 299, 300);
        assert!(matches!(sums, Sums::Plain { .. }));
        let mut kernels = vec![0.5; 2 * order.len()];
        kernels[order.len() + 7] = 3.0;
        let mut out = vec![f64::NAN; 2 * sums.width()];
        sums.of(&kernels, order.len(), &mut out);
        for class in 0..300 {
            for list in 0..299 {
                let weight = weights[list * 300 + class];
                let of = |row: usize| out[(row * 300 + class) * 299 + list];
                assert_eq!(of(0), weight * 0.5);
                assert_eq!(of(1), weight * if class == 7 { 3.0 } else { 0.5 });
            }
        }
        let (few, _) = Sums::new(vec![0..20, 20..300], weights[..300].to_vec(), 1, 300);
        assert!(matches!(few, Sums::Blocks { .. }));
        assert_eq!(few.width(), 2);
    }
}
