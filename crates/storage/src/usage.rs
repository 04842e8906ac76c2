use std::sync::{Mutex, PoisonError};

/// How a fetch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Files were downloaded.
    Fetched,
    /// The cache had them.
    Cached,
    /// It failed.
    Failed,
}

impl Outcome {
    /// A word for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fetched => "ok",
            Self::Cached => "cached",
            Self::Failed => "failed",
        }
    }
}

/// What a [`Storage`](crate::Storage) has done so far.
#[derive(Debug, Default)]
pub struct Usage {
    counts: Mutex<Counts>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    fetches: Vec<(&'static str, Outcome, u64)>,
    bytes: Vec<(&'static str, u64)>,
    cache: u64,
}

impl Usage {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches by scheme and outcome.
    pub fn fetches(&self) -> Vec<(&'static str, Outcome, u64)> {
        self.counts().fetches.clone()
    }

    /// Bytes that came over the network, by scheme; repeated ones count again.
    pub fn bytes(&self) -> Vec<(&'static str, u64)> {
        self.counts().bytes.clone()
    }

    /// Bytes in the cache when it was last looked at.
    pub fn cache_bytes(&self) -> u64 {
        self.counts().cache
    }

    /// Usage with one of each count, for the pages that describe the metrics.
    pub fn for_reference() -> Self {
        let usage = Self::default();
        usage.ended("s3", Outcome::Fetched);
        usage.received("s3", 1);
        usage
    }

    pub(crate) fn ended(&self, scheme: &'static str, outcome: Outcome) {
        let mut counts = self.counts();
        match counts.fetches.iter_mut().find(|(s, o, _)| (*s, *o) == (scheme, outcome)) {
            Some((.., count)) => *count += 1,
            None => counts.fetches.push((scheme, outcome, 1)),
        }
    }

    pub(crate) fn received(&self, scheme: &'static str, bytes: u64) {
        let mut counts = self.counts();
        match counts.bytes.iter_mut().find(|(s, _)| *s == scheme) {
            Some((_, sum)) => *sum += bytes,
            None => counts.bytes.push((scheme, bytes)),
        }
    }

    pub(crate) fn cached(&self, bytes: u64) {
        self.counts().cache = bytes;
    }
}
