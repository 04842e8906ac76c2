use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
};

/// The column of each known term.
#[derive(Debug, Default)]
pub(in crate::sklearn) struct Vocabulary(HashMap<Box<str>, u32, Seed>);

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

/// What the hashes of one vocabulary begin with. No file can know it, so none can have terms that all
/// fall to one place.
#[derive(Debug)]
struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(()))
    }
}

impl BuildHasher for Seed {
    type Hasher = Words;

    fn build_hasher(&self) -> Words {
        Words(self.0)
    }
}

/// A hash for short words: a multiplication for each eight bytes.
#[derive(Debug)]
struct Words(u64);

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

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        hash::{BuildHasher, Hash, Hasher},
    };

    use super::{Seed, Vocabulary, Words};

    /// Words of one hash where hashes begin with zero: the second half undoes what the first did.
    fn alike(count: usize) -> Vec<String> {
        let second = |first: &str| {
            let mut words = Words(0);
            words.mix(u64::from_le_bytes(first.as_bytes().try_into().unwrap()));
            String::from_utf8((words.0 ^ 0x7878_7878_7878_7878).to_le_bytes().to_vec()).ok()
        };
        let first = (0_u64..).map(|number| format!("{number:08x}"));
        first.filter_map(|first| second(&first).map(|second| first + &second)).take(count).collect()
    }

    #[test]
    fn words_that_were_made_to_share_a_hash_share_none() {
        let words = alike(200);
        let hash = |word: &String| {
            let mut words = Words(0);
            word.as_str().hash(&mut words);
            words.finish()
        };
        assert_eq!(words.iter().map(hash).collect::<HashSet<_>>().len(), 1);
        let seed = Seed::default();
        let hashes: HashSet<_> = words.iter().map(|word| seed.hash_one(word.as_str())).collect();
        assert!(hashes.len() > 190, "{}", hashes.len());
        let mut all = Vocabulary::default();
        for (column, word) in (0..).zip(&words) {
            all.insert(word, column);
        }
        assert!((0..).zip(&words).all(|(column, word)| all.get(word) == Some(column)));
    }
}
