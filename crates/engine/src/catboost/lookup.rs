//! CTRs as they are looked up: which borders each is above, for every combination that training saw.

use super::{
    ctr::{Ctr, EMPTY, Values},
    malformed,
};
use crate::{
    Error,
    tree::{LANES, Room, Symmetric},
};

/// The CTRs that are made from one table of statistics.
#[derive(Debug)]
pub(super) struct Lookup {
    /// Hashes in the order in which they are looked for, with [`EMPTY`] where there is none, as many
    /// as a power of two; ascending ones when `sorted`.
    hashes: Box<[u64]>,
    /// Far too many hashes fall to one place to look at one after another.
    sorted: bool,
    /// For each hash, how many of its borders each CTR is above; at last the same for a combination
    /// that training did not see.
    ranks: Box<[u8]>,
    ctrs: Box<[Shown]>,
}

/// One CTR.
#[derive(Debug)]
struct Shown {
    /// Where it goes in a row.
    place: usize,
    /// A number above as many borders, for each rank: what splits compare tells no more of a CTR.
    numbers: Box<[f32]>,
}

/// Hashes that may stand side by side before they are sorted; real ones do not reach a hundred.
const MOST_TOGETHER: usize = 1024;

/// The hashes that are found where they stand, ascending, with the places of their counts; `None` when
/// few enough stand side by side.
fn sorted(values: &Values) -> Option<Vec<(u64, usize)>> {
    let size = values.buckets().len();
    // twice around, as behind the last bucket comes the first; with how many stand side by side there
    let around = || {
        let twice = values.buckets().chain(values.buckets()).enumerate();
        twice.scan(0, |together, (at, (hash, place))| {
            *together = if hash == EMPTY { 0 } else { *together + 1 };
            Some((at, hash, place, *together))
        })
    };
    if around().all(|(.., together)| together <= MOST_TOGETHER) {
        return None;
    }
    let found = around().skip(size).filter_map(|(at, hash, place, together)| {
        let distance = at.wrapping_sub(hash as usize) & (size - 1);
        (distance < together).then_some((hash, distance, place))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    // the nearest of equal hashes is found
    found.dedup_by_key(|&mut (hash, ..)| hash);
    Some(found.into_iter().map(|(hash, _, place)| (hash, place)).collect())
}

impl Lookup {
    /// CTRs with their places in a row, and the statistics that all are made from. Takes what they
    /// need of `room`, in bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] for borders that are not in order, or too many, and for too many CTRs.
    pub(super) fn new(
        values: &Values,
        ctrs: &[(usize, Ctr)],
        room: &mut usize,
    ) -> Result<Self, Error> {
        if ctrs.iter().any(|(_, ctr)| ctr.borders.len() > 255 || !ctr.borders.is_sorted()) {
            return Err(malformed("the borders of a CTR", "are out of order, or more than 255"));
        }
        let rank = |(_, ctr): &(usize, Ctr), place| {
            let value = ctr.value(values, place);
            ctr.borders.iter().filter(|border| value > **border).count() as u8
        };
        let by_hash = sorted(values);
        let count = by_hash.as_ref().map_or(values.buckets().len(), Vec::len);
        match room.checked_sub(count.saturating_mul(ctrs.len())) {
            Some(left) => *room = left,
            None => return Err(malformed("its CTRs", "are too many for their statistics")),
        }
        let (mut hashes, mut ranks) =
            (Vec::with_capacity(count), Vec::with_capacity((count + 1) * ctrs.len()));
        let mut add = |(hash, place): (u64, usize)| {
            hashes.push(hash);
            let seen = hash != EMPTY;
            ranks.extend(ctrs.iter().map(|ctr| if seen { rank(ctr, Some(place)) } else { 0 }));
        };
        let is_sorted = by_hash.is_some();
        match by_hash {
            Some(pairs) => pairs.into_iter().for_each(&mut add),
            None => values.buckets().for_each(&mut add),
        }
        ranks.extend(ctrs.iter().map(|ctr| rank(ctr, None)));
        let shown = |(place, ctr): &(usize, Ctr)| Shown {
            place: *place,
            numbers: ctr.borders.iter().copied().chain([f32::INFINITY]).collect(),
        };
        Ok(Self {
            hashes: hashes.into(),
            sorted: is_sorted,
            ranks: ranks.into(),
            ctrs: ctrs.iter().map(shown).collect(),
        })
    }

    /// Writes the CTRs of rows of `width` cells, whose combinations have these hashes.
    pub(super) fn write(&self, keys: &[u64], cells: &mut [f32], width: usize) {
        for (&key, cells) in keys.iter().zip(cells.chunks_exact_mut(width)) {
            let ranks = self.ranks.get(self.counts(key)..).unwrap_or_default();
            for (ctr, &rank) in self.ctrs.iter().zip(ranks) {
                if let (Some(to), Some(number)) =
                    (cells.get_mut(ctr.place), ctr.numbers.get(usize::from(rank)))
                {
                    *to = *number;
                }
            }
        }
    }

    /// Writes the ranks of the CTRs of rows whose combinations have these hashes. `found` has room for
    /// a number a row.
    pub(super) fn rank(
        &self,
        keys: &[u64],
        found: &mut [usize],
        trees: &Symmetric,
        room: &mut Room,
    ) {
        for (found, &key) in found.iter_mut().zip(keys) {
            *found = self.counts(key);
        }
        for (at, ctr) in self.ctrs.iter().enumerate() {
            let own = self.ranks.get(at..).unwrap_or_default();
            for (to, found) in trees.ranks(ctr.place, room).zip(found.chunks(LANES)) {
                for (to, &at) in to.iter_mut().zip(found) {
                    *to = own.get(at).copied().unwrap_or_default();
                }
            }
        }
    }

    /// Where the ranks of a hash begin.
    #[inline]
    fn counts(&self, hash: u64) -> usize {
        self.place(hash).unwrap_or(self.hashes.len()) * self.ctrs.len()
    }

    /// The place of a hash.
    #[inline]
    fn place(&self, hash: u64) -> Option<usize> {
        if self.sorted {
            return self.hashes.binary_search(&hash).ok();
        }
        let mask = self.hashes.len().wrapping_sub(1);
        for step in 0..self.hashes.len() {
            let at = (hash as usize).wrapping_add(step) & mask;
            let found = *self.hashes.get(at)?;
            if found == EMPTY {
                return None;
            }
            if found == hash {
                return Some(at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ctr, *};

    /// A CTR that tells apart by its one count whether a combination was seen.
    fn counter(borders: Vec<f32>) -> Ctr {
        let kind = ctr::Kind::Counter;
        let (projection, table, target) = (0, 0, 0);
        Ctr { projection, table, kind, target, prior: [0.0, 1.0], shift: 0.0, scale: 1.0, borders }
    }

    fn values(hashes: &[u64]) -> Values {
        let counts = ctr::Counts::Rows(vec![1; hashes.len()], 1);
        Values::of_pairs(hashes.iter().copied(), counts, 1).unwrap()
    }

    fn lookup(values: &Values) -> Lookup {
        let mut room = values.room();
        Lookup::new(values, &[(0, counter(vec![0.25]))], &mut room).unwrap()
    }

    #[test]
    fn hashes_that_all_fall_to_one_place_are_found_at_once() {
        // as many as would take minutes one after another
        let hash = |n: u64| n << 32 | 7;
        let keys: Vec<u64> = (0..200_000).map(hash).collect();
        let looked = lookup(&values(&keys[..100_000]));
        assert!(looked.sorted);
        let mut cells = vec![0.0; keys.len()];
        looked.write(&keys, &mut cells, 1);
        let above = |cells: &[f32]| cells.iter().filter(|cell| **cell > 0.25).count();
        let (seen, unseen) = cells.split_at(100_000);
        assert_eq!((above(seen), above(unseen)), (100_000, 0));
    }

    #[test]
    fn what_is_sorted_answers_as_what_is_not() {
        // the run goes on behind the last bucket, and ends before the first hash that stands alone
        let hashes: Vec<u64> = (0..2000).map(|n| n * 4096 + 4000).chain([3000, 3001]).collect();
        let known = values(&hashes);
        let looked = lookup(&known);
        assert!(looked.sorted && known.buckets().next().unwrap().0 != EMPTY);
        assert_eq!(looked.hashes.len(), hashes.len());
        assert!(hashes.iter().all(|&hash| looked.place(hash).is_some()));
        assert_eq!([looked.place(1 << 40), looked.place(EMPTY)], [None, None]);
        assert!(!lookup(&values(&(0..2000).map(|n| n * 2).collect::<Vec<_>>())).sorted);
    }

    #[test]
    fn ctrs_that_the_statistics_have_no_room_for_are_an_error() {
        let known = values(&[1]);
        let ctrs: Vec<_> = (0..100).map(|at| (at, counter(Vec::new()))).collect();
        let refusal = Lookup::new(&known, &ctrs, &mut known.room()).unwrap_err();
        assert!(refusal.to_string().contains("too many for their statistics"), "{refusal}");
    }
}
