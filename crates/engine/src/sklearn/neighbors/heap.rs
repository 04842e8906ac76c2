//! The nearest rows so far.

use super::lanes::NO_ROW;

/// A row of the training and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Near {
    /// The distance; reduced while rows are still looked at.
    pub(crate) distance: f64,
    /// The number of the row.
    pub(crate) row: u32,
}

/// The `k` nearest rows, the farthest of them on top.
///
/// A row enters when it is nearer than the top. Which of several rows at the same distance stays
/// follows from how the entries sink, so they sink as in scikit-learn.
#[derive(Debug)]
pub(super) struct Heap {
    entries: Vec<Near>,
}

const NOTHING: Near = Near { distance: f64::INFINITY, row: NO_ROW };

impl Heap {
    pub(super) fn new(k: usize) -> Self {
        Self { entries: vec![NOTHING; k] }
    }

    pub(super) fn clear(&mut self) {
        self.entries.fill(NOTHING);
    }

    /// The distance from which on rows are too far.
    pub(super) fn farthest(&self) -> f64 {
        self.entries.first().map_or(f64::NEG_INFINITY, |top| top.distance)
    }

    pub(super) fn push(&mut self, distance: f64, row: u32) {
        if distance.is_nan() || distance >= self.farthest() {
            return;
        }
        let size = self.entries.len();
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let far =
                |place: usize| self.entries.get(place).map_or(f64::NEG_INFINITY, |it| it.distance);
            let next = if left >= size {
                break;
            } else if right >= size || far(left) >= far(right) {
                left
            } else {
                right
            };
            if distance >= far(next) {
                break;
            }
            self.entries.swap(at, next);
            at = next;
        }
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = Near { distance, row };
        }
    }

    /// The rows, the nearest first. `count` is how many rows there are: where too few had a
    /// distance, the first others stand in for them.
    pub(super) fn sorted(&mut self, count: usize) -> &mut [Near] {
        if self.entries.first().is_some_and(|top| top.row == NO_ROW) {
            let mut taken: Vec<_> = self.entries.iter().map(|near| near.row).collect();
            taken.sort_unstable();
            let mut others = (0..count as u32).filter(|row| taken.binary_search(row).is_err());
            for entry in self.entries.iter_mut().filter(|entry| entry.row == NO_ROW) {
                let row = others.next().unwrap_or_default();
                *entry = Near { distance: f64::INFINITY, row };
            }
        }
        self.entries.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        &mut self.entries
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Heap, Near};

    proptest! {
        #[test]
        fn the_nearest_stay(distances in prop::collection::vec(0u8..40, 5..60)) {
            let mut heap = Heap::new(5);
            for (row, &distance) in distances.iter().enumerate() {
                heap.push(f64::from(distance), row as u32);
            }
            let found: Vec<_> = heap.sorted(distances.len()).to_vec();
            let mut sorted = distances.clone();
            sorted.sort_unstable();
            let nearest: Vec<_> = sorted.iter().take(5).map(|&v| f64::from(v)).collect();
            prop_assert_eq!(found.iter().map(|near| near.distance).collect::<Vec<_>>(), nearest);
            for near in found {
                prop_assert_eq!(f64::from(distances[near.row as usize]), near.distance);
            }
        }
    }

    #[test]
    fn rows_without_a_distance_come_last() {
        let mut heap = Heap::new(3);
        heap.push(f64::NAN, 0);
        heap.push(2.0, 1);
        let far = f64::INFINITY;
        let expected = [(2.0, 1), (far, 0), (far, 2)].map(|(distance, row)| Near { distance, row });
        assert_eq!(*heap.sorted(3), expected);
    }
}
