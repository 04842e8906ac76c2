use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// The column of each known term.
#[derive(Debug, Default)]
pub(in crate::sklearn) struct Vocabulary(HashMap<Box<str>, u32, BuildHasherDefault<Words>>);

impl Vocabulary {
    pub(in crate::sklearn) fn insert(&mut self, term: &str, column: u32) {
        self.0.insert(term.into(), column);
    }

    pub(in crate::sklearn) fn get(&self, term: &str) -> Option<u32> {
        self.0.get(term).copied()
    }

    pub(in crate::sklearn) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::sklearn) fn columns(&self) -> impl Iterator<Item = u32> {
        self.0.values().copied()
    }
}

/// A hash for short words: a multiplication for each eight bytes.
///
/// Only the model's own terms are ever inserted, so requests cannot fill one bucket.
#[derive(Debug, Default)]
pub(in crate::sklearn) struct Words(u64);

/// 2^64 divided by the golden ratio: spreads consecutive numbers over the whole range.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Words {
    fn mix(&mut self, part: u64) {
        let wide = u128::from(self.0 ^ part).wrapping_mul(u128::from(SPREAD));
        self.0 = (wide as u64) ^ ((wide >> 64) as u64);
    }
}

impl Hasher for Words {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for &eight in eights {
            self.mix(u64::from_le_bytes(eight));
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.mix(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u8(&mut self, _end_of_text: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
