//! CTRs: numbers that stand for categories and their combinations, from statistics of training.
//!
//! Formulas: `TModelCtr::Calc`, `CalcHash` and `TStaticCtrProvider::CalcCtrs` of CatBoost.

use super::malformed;
use crate::Error;

/// A number made of the statistics of one combination.
#[derive(Debug)]
pub(super) struct Ctr {
    /// The place of its combination.
    pub(super) projection: usize,
    /// The place of its statistics.
    pub(super) table: usize,
    pub(super) kind: Kind,
    /// The class, or the border between classes, that it asks for.
    pub(super) target: i32,
    /// What is added to both counts.
    pub(super) prior: [f32; 2],
    pub(super) shift: f32,
    pub(super) scale: f32,
    pub(super) borders: Vec<f32>,
}

/// How counts become a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The share of classes above a border.
    Borders,
    /// The share of a class.
    Buckets,
    /// The mean of a target.
    Mean,
    /// The share of rows.
    Counter,
}

impl Kind {
    /// From the number in a binary file.
    pub(super) fn of_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Borders,
            1 => Self::Buckets,
            2 | 3 => Self::Mean,
            4 | 5 => Self::Counter,
            _ => return None,
        })
    }

    /// From the name in a file of JSON.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Borders" => Self::Borders,
            "Buckets" => Self::Buckets,
            "BinarizedTargetMeanValue" | "FloatTargetMeanValue" => Self::Mean,
            "Counter" | "FeatureFreq" => Self::Counter,
            _ => return None,
        })
    }
}

/// A combination of columns, by their numbers among the columns of their kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Projection {
    pub(super) categories: Vec<i64>,
    /// Columns of numbers, each with a border.
    pub(super) floats: Vec<(i64, f32)>,
    /// Columns of categories, each with a hash to compare.
    pub(super) one_hots: Vec<(i64, i32)>,
}

/// Multiplier of CatBoost's hash of combinations.
const MULTIPLIER: u64 = 0x4906_ba49_4954_cb65;

/// What [`joined`] takes for a value: the same one for every combination.
pub(super) fn product(value: u64) -> u64 {
    MULTIPLIER.wrapping_mul(value)
}

/// The hash of a combination, with one more value, by its product.
pub(super) fn joined(hash: u64, product: u64) -> u64 {
    MULTIPLIER.wrapping_mul(hash.wrapping_add(product))
}

/// Statistics of training by the hash of a combination.
#[derive(Debug)]
pub(super) struct Values {
    /// Hashes in the order in which they are looked for; [`EMPTY`] where there is none. As many as
    /// a power of two.
    hashes: Vec<u64>,
    /// The place of each hash among the counts.
    places: Vec<u32>,
    counts: Counts,
    /// What counts are divided by.
    denominator: i32,
}

/// No hash stands there.
pub(super) const EMPTY: u64 = u64::MAX;

/// What was counted.
#[derive(Debug)]
pub(super) enum Counts {
    /// Rows of each class, classes side by side.
    Rows(Vec<i32>, usize),
    /// Sums and numbers of targets.
    Means(Vec<(f32, i32)>),
}

impl Values {
    /// Statistics with the hashes where their file has them.
    pub(super) fn new(
        buckets: impl ExactSizeIterator<Item = (u64, u32)>,
        counts: Counts,
        denominator: i32,
    ) -> Result<Self, Error> {
        let wrong = |reason: &str| malformed("the statistics of a CTR", reason);
        let known = match &counts {
            Counts::Rows(rows, classes) => rows.len().checked_div(*classes).unwrap_or(0),
            Counts::Means(means) => means.len(),
        };
        if !buckets.len().is_power_of_two() {
            return Err(wrong("the number of their hashes is no power of two"));
        }
        let (hashes, places): (Vec<_>, Vec<_>) = buckets.unzip();
        let outside = |(&hash, &place): (&u64, &u32)| hash != EMPTY && place as usize >= known;
        if hashes.iter().zip(&places).any(outside) {
            return Err(wrong("a hash has no counts"));
        }
        Ok(Self { hashes, places, counts, denominator })
    }

    /// Statistics in the order of their hashes in a file that does not lay them out; the first of
    /// equal hashes counts. Takes no longer for hashes that fall to one place.
    pub(super) fn of_pairs(
        pairs: impl ExactSizeIterator<Item = u64>,
        counts: Counts,
        denominator: i32,
    ) -> Result<Self, Error> {
        let size = (pairs.len() * 2).next_power_of_two();
        let mut pairs: Vec<_> = pairs
            .enumerate()
            .filter(|&(_, hash)| hash != EMPTY)
            .map(|(place, hash)| (hash as usize & (size - 1), hash, place as u32))
            .collect();
        // in the order of where they are looked for, each goes behind the one before it
        pairs.sort_by_key(|&(home, ..)| home);
        let mut buckets = vec![(EMPTY, 0); size];
        let (mut free, mut beyond) = (0, Vec::new());
        for &(home, hash, place) in &pairs {
            free = free.max(home);
            match buckets.get_mut(free) {
                Some(bucket) => *bucket = (hash, place),
                None => beyond.push((hash, place)),
            }
            free += 1;
        }
        // behind the last bucket comes the first
        let mut empty = buckets.iter_mut().filter(|bucket| bucket.0 == EMPTY);
        for pair in beyond {
            if let Some(bucket) = empty.next() {
                *bucket = pair;
            }
        }
        Self::new(buckets.into_iter(), counts, denominator)
    }

    /// Bytes that CTRs made of these may take: a few times as many as the statistics.
    pub(super) fn room(&self) -> usize {
        let counts = match &self.counts {
            Counts::Rows(rows, _) => rows.len(),
            Counts::Means(means) => 2 * means.len(),
        };
        16 * (self.hashes.len() + counts)
    }

    /// Whether counts are of the kind that a CTR needs.
    pub(super) fn fits(&self, ctr: &Ctr) -> bool {
        match (&self.counts, ctr.kind) {
            (Counts::Rows(_, classes), Kind::Borders) => {
                usize::try_from(ctr.target).is_ok_and(|target| target + 1 < *classes)
            }
            (Counts::Rows(_, classes), Kind::Buckets) => {
                usize::try_from(ctr.target).is_ok_and(|target| target < *classes)
            }
            (Counts::Rows(_, classes), Kind::Counter) => *classes == 1,
            (Counts::Means(_), Kind::Mean) => true,
            _ => false,
        }
    }

    /// Hashes in the order in which they are looked for, each with the place of its counts.
    pub(super) fn buckets(&self) -> impl ExactSizeIterator<Item = (u64, usize)> {
        self.hashes.iter().zip(&self.places).map(|(&hash, &place)| (hash, place as usize))
    }
}

impl Ctr {
    /// The number for a combination whose counts are at `place`, if training saw it.
    pub(super) fn value(&self, values: &Values, place: Option<usize>) -> f32 {
        let (good, total) = match &values.counts {
            Counts::Means(means) => {
                let (sum, count) = place.and_then(|at| means.get(at)).copied().unwrap_or_default();
                (sum, count as f32)
            }
            Counts::Rows(rows, classes) => {
                let row = place.and_then(|at| rows.get(at * classes..)?.get(..*classes));
                let (good, total) = self.shares(row.unwrap_or_default());
                let total = if self.kind == Kind::Counter { values.denominator } else { total };
                (good as f32, total as f32)
            }
        };
        let share = (good + self.prior[0]) / (total + self.prior[1]);
        (share + self.shift) * self.scale
    }

    /// Rows that count, and all rows, from those of each class.
    fn shares(&self, rows: &[i32]) -> (i32, i32) {
        let sum = |rows: &[i32]| rows.iter().fold(0_i32, |sum, &count| sum.wrapping_add(count));
        let target = usize::try_from(self.target).unwrap_or_default();
        let good = match self.kind {
            Kind::Borders if rows.len() > 2 => rows.get(target + 1..).map_or(0, sum),
            Kind::Borders => rows.get(1).copied().unwrap_or_default(),
            Kind::Buckets => rows.get(target).copied().unwrap_or_default(),
            Kind::Counter | Kind::Mean => rows.first().copied().unwrap_or_default(),
        };
        (good, sum(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, EMPTY, Values};

    /// Statistics of one class, whose counts are the places of their hashes.
    fn values(hashes: &[u64]) -> Values {
        let counts = Counts::Rows((0..hashes.len() as i32).collect(), 1);
        Values::of_pairs(hashes.iter().copied(), counts, 1).unwrap()
    }

    /// The place of a hash, looked for bucket after bucket.
    fn found(values: &Values, hash: u64) -> Option<usize> {
        let buckets: Vec<_> = values.buckets().collect();
        let order = (0..buckets.len()).map(|step| (hash as usize + step) & (buckets.len() - 1));
        let mut met = order.map(|at| buckets[at]).take_while(|&(hash, _)| hash != EMPTY);
        met.find(|&(known, _)| known == hash).map(|(_, place)| place)
    }

    #[test]
    fn every_hash_is_found_where_it_is_looked_for() {
        for hashes in [
            vec![],
            vec![3],
            vec![7, 15, 0, 1, 8, 23],
            vec![15, 31, 47, 63, 79, 14, 0, 1],
            (0..100).map(|n| n * 256 + 250).collect(),
            (0..100).map(|n| n * 7_919).collect(),
        ] {
            let values = values(&hashes);
            for (place, &hash) in hashes.iter().enumerate() {
                assert_eq!(found(&values, hash), Some(place), "{hash} of {hashes:?}");
            }
            assert_eq!(found(&values, 0x0100_0000_000f), None, "{hashes:?}");
        }
    }

    #[test]
    fn the_first_of_equal_hashes_counts() {
        let values = values(&[9, 5, 9, EMPTY, 5]);
        assert_eq!([found(&values, 9), found(&values, 5)], [Some(0), Some(1)]);
    }
}
