//! CTRs as they are looked up: which borders each is above, for every combination that training saw.

use super::{
    ctr::{Ctr, EMPTY, Values},
    malformed,
};
use crate::Error;

/// The CTRs that are made from one table of statistics.
#[derive(Debug)]
pub(super) struct Lookup {
    /// Hashes in the order in which they are looked for; [`EMPTY`] where there is none. As many as
    /// a power of two.
    hashes: Box<[u64]>,
    /// For each hash, how many of its borders each CTR is above.
    ranks: Box<[u8]>,
    /// The same for a combination that training did not see.
    unseen: Box<[u8]>,
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

impl Lookup {
    /// CTRs with their places in a row, and the statistics that all are made from.
    ///
    /// # Errors
    /// [`Error::Malformed`] for borders that are not in order, or too many.
    pub(super) fn new(values: &Values, ctrs: &[(usize, Ctr)]) -> Result<Self, Error> {
        if ctrs.iter().any(|(_, ctr)| ctr.borders.len() > 255 || !ctr.borders.is_sorted()) {
            return Err(malformed("the borders of a CTR", "are out of order, or more than 255"));
        }
        let rank = |(_, ctr): &(usize, Ctr), place| {
            let value = ctr.value(values, place);
            ctr.borders.iter().filter(|border| value > **border).count() as u8
        };
        let mut hashes = Vec::with_capacity(values.buckets().len());
        let mut ranks = Vec::with_capacity(values.buckets().len() * ctrs.len());
        for (hash, place) in values.buckets() {
            hashes.push(hash);
            let seen = hash != EMPTY;
            ranks.extend(ctrs.iter().map(|ctr| if seen { rank(ctr, Some(place)) } else { 0 }));
        }
        let shown = |(place, ctr): &(usize, Ctr)| Shown {
            place: *place,
            numbers: ctr.borders.iter().copied().chain([f32::INFINITY]).collect(),
        };
        Ok(Self {
            hashes: hashes.into(),
            ranks: ranks.into(),
            unseen: ctrs.iter().map(|ctr| rank(ctr, None)).collect(),
            ctrs: ctrs.iter().map(shown).collect(),
        })
    }

    /// Writes the CTRs of rows of `width` cells, whose combinations have these hashes.
    pub(super) fn write(&self, keys: &[u64], cells: &mut [f32], width: usize) {
        for (&key, cells) in keys.iter().zip(cells.chunks_exact_mut(width)) {
            let seen = self.place(key).and_then(|at| self.ranks.get(at * self.ctrs.len()..));
            for (ctr, &rank) in self.ctrs.iter().zip(seen.unwrap_or(&self.unseen)) {
                if let (Some(to), Some(number)) =
                    (cells.get_mut(ctr.place), ctr.numbers.get(usize::from(rank)))
                {
                    *to = *number;
                }
            }
        }
    }

    /// The place of a hash.
    #[inline]
    fn place(&self, hash: u64) -> Option<usize> {
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
