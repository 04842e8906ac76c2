//! Outputs that were computed before, for requests that ask the same again.
//!
//! What is kept belongs to one loaded version of a model and goes with it: a model that is loaded anew begins with
//! nothing. Only outputs are kept. Each request is encoded for itself, so the cache knows no protocol and no id.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use longshore_engine::{Method, Output, Table};

mod question;

/// Bytes that an entry takes besides its question and its outputs, about.
const ENTRY_BYTES: usize = 256;

/// Entries of a model that are dropped at a time, so that no request waits for all of them.
const DROPPED_AT_ONCE: usize = 256;

/// What is kept of all models.
pub(crate) struct Cache {
    /// Most bytes of all entries.
    limit: usize,
    hasher: RandomState,
    kept: Mutex<Kept>,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

/// A model's number and the hash of a question to it.
type Key = (u64, u64);

#[derive(Default)]
struct Kept {
    entries: BTreeMap<Key, Entry>,
    /// The entries by their last use, the oldest first.
    by_use: BTreeMap<u64, Key>,
    bytes: usize,
    /// Uses so far.
    uses: u64,
    /// Models so far.
    models: u64,
}

struct Entry {
    known: Arc<Known>,
    last_use: u64,
}

/// The outputs of a question.
#[derive(Debug)]
pub(crate) struct Known {
    question: Vec<u8>,
    pub(super) outputs: Vec<(Method, Output)>,
}

impl Known {
    fn bytes(&self) -> usize {
        let outputs: usize = self.outputs.iter().map(|(_, output)| output.bytes()).sum();
        ENTRY_BYTES + self.question.len() + outputs
    }
}

/// What a request asks of a model, for the cache.
#[derive(Debug)]
pub(super) struct Question {
    hash: u64,
    bytes: Vec<u8>,
}

/// What the cache knows of a request.
#[derive(Debug)]
pub(super) enum Lookup {
    /// The cache was not asked.
    Skipped,
    Missed(Question),
    Found(Arc<Known>),
}

/// Figures for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) evictions: u64,
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl Cache {
    /// Keeps up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            hasher: RandomState::new(),
            kept: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        })
    }

    /// A part for a model that is being loaded.
    pub(crate) fn part(self: &Arc<Self>) -> Part {
        let mut kept = self.kept();
        kept.models += 1;
        Part { cache: self.clone(), model: kept.models }
    }

    pub(crate) fn figures(&self) -> Figures {
        let kept = self.kept();
        Figures {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            entries: kept.entries.len(),
            bytes: kept.bytes,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // nothing under the lock panics
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Kept {
    fn get(&mut self, key: Key) -> Option<Arc<Known>> {
        let entry = self.entries.get_mut(&key)?;
        self.uses += 1;
        self.by_use.remove(&entry.last_use);
        self.by_use.insert(self.uses, key);
        entry.last_use = self.uses;
        Some(entry.known.clone())
    }

    fn put(&mut self, key: Key, known: Arc<Known>) -> Option<Arc<Known>> {
        let old = self.remove(key);
        self.uses += 1;
        self.bytes += known.bytes();
        self.by_use.insert(self.uses, key);
        self.entries.insert(key, Entry { known, last_use: self.uses });
        old
    }

    fn remove(&mut self, key: Key) -> Option<Arc<Known>> {
        let entry = self.entries.remove(&key)?;
        self.by_use.remove(&entry.last_use);
        self.bytes -= entry.known.bytes();
        Some(entry.known)
    }
}

/// What is kept of one loaded version of a model; dropped with it.
#[derive(Debug)]
pub(crate) struct Part {
    cache: Arc<Cache>,
    model: u64,
}

impl Part {
    /// What is known of a question.
    pub(super) fn look_up(&self, methods: &[Method], table: &Table) -> Lookup {
        let Self { cache, model } = self;
        let bytes = question::write(methods, table);
        let hash = cache.hasher.hash_one(&bytes);
        let known = cache.kept().get((*model, hash));
        if let Some(known) = known.filter(|known| known.question == bytes) {
            cache.hits.fetch_add(1, Relaxed);
            return Lookup::Found(known);
        }
        cache.misses.fetch_add(1, Relaxed);
        Lookup::Missed(Question { hash, bytes })
    }

    /// Keeps the outputs of a question; the least recently used entries make room.
    pub(super) fn keep(&self, question: Question, outputs: Vec<(Method, Output)>) {
        let Self { cache, model } = self;
        let Question { hash, bytes } = question;
        let known = Arc::new(Known { question: bytes, outputs });
        if known.bytes() > cache.limit {
            return;
        }
        // freed once the lock is given back
        let mut gone = Vec::new();
        let mut kept = cache.kept();
        gone.extend(kept.put((*model, hash), known));
        while kept.bytes > cache.limit {
            let Some((_, &key)) = kept.by_use.first_key_value() else { break };
            gone.extend(kept.remove(key));
            cache.evictions.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let keys = (self.model, 0)..=(self.model, u64::MAX);
        loop {
            let mut gone = Vec::new();
            let mut kept = self.cache.kept();
            let all = kept.entries.range(keys.clone());
            let some: Vec<_> = all.take(DROPPED_AT_ONCE).map(|(key, _)| *key).collect();
            gone.extend(some.iter().map(|key| kept.remove(*key)));
            drop(kept);
            if some.len() < DROPPED_AT_ONCE {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use longshore_engine::OutputData;

    use super::*;

    fn ask(part: &Part, value: f64) -> Option<Output> {
        let table = Table::matrix(1, 1, vec![value]);
        match part.look_up(&[Method::Predict], &table) {
            Lookup::Found(known) => Some(known.outputs[0].1.clone()),
            Lookup::Missed(question) => {
                let output = Output::flat(OutputData::F64(vec![value * 2.0]));
                part.keep(question, vec![(Method::Predict, output)]);
                None
            }
            Lookup::Skipped => panic!("it was asked"),
        }
    }

    fn twice(value: f64) -> Output {
        Output::flat(OutputData::F64(vec![value * 2.0]))
    }

    #[test]
    fn the_least_recently_used_of_all_models_makes_room() {
        let cache = Cache::new(usize::MAX);
        let part = cache.part();
        assert_eq!(ask(&part, 1.0), None);
        let one = cache.figures().bytes;
        let cache = Cache::new(3 * one);
        let (a, b) = (cache.part(), cache.part());
        assert_eq!((ask(&a, 1.0), ask(&b, 1.0), ask(&b, 2.0)), (None, None, None));
        assert_eq!(ask(&a, 1.0), Some(twice(1.0)));
        assert_eq!(ask(&b, 3.0), None, "takes the place of the question 1 to b");
        assert_eq!(
            (ask(&a, 1.0), ask(&b, 2.0), ask(&b, 3.0)),
            (Some(twice(1.0)), Some(twice(2.0)), Some(twice(3.0)))
        );
        assert_eq!(ask(&b, 1.0), None, "takes the place of the question 1 to a");
        let Figures { hits, misses, evictions, entries, bytes } = cache.figures();
        assert_eq!((hits, misses, evictions, entries, bytes), (4, 5, 2, 3, 3 * one));
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = Cache::new(300);
        let part = cache.part();
        let table = Table::matrix(10, 1, vec![0.5; 10]);
        let Lookup::Missed(question) = part.look_up(&[Method::Predict], &table) else { panic!() };
        let output = Output::flat(OutputData::F64(vec![0.5; 10]));
        part.keep(question, vec![(Method::Predict, output)]);
        assert_eq!(cache.figures().entries, 0);
    }

    #[test]
    fn a_model_takes_its_entries_along() {
        let cache = Cache::new(usize::MAX);
        let (a, b) = (cache.part(), cache.part());
        for value in 0..1000 {
            assert_eq!(ask(&a, f64::from(value)), None);
        }
        assert_eq!(ask(&b, 1.0), None);
        drop(a);
        let Figures { entries, evictions, bytes, .. } = cache.figures();
        assert_eq!((entries, evictions), (1, 0));
        assert_eq!(ask(&cache.part(), 1.0), None, "a model that comes later has none of them");
        assert_eq!(ask(&b, 1.0), Some(twice(1.0)));
        assert_eq!(cache.figures().bytes, bytes);
        drop(b);
        assert_eq!((cache.figures().bytes, cache.figures().entries), (0, 0));
    }
}
