use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use super::{BUCKETS, add, bucket, nanos};

/// Upper bounds of the buckets of a batch's rows.
pub(super) const ROWS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// The batches of one version of a model.
#[derive(Debug, Default)]
pub(super) struct Batches {
    by_rows: [AtomicU64; ROWS.len() + 1],
    rows: AtomicU64,
    by_wait: [AtomicU64; BUCKETS.len() + 1],
    wait_nanos: AtomicU64,
}

impl Batches {
    /// Counts one more batch, of `rows` rows.
    pub(super) fn count(&self, rows: usize, waits: impl Iterator<Item = Duration>) {
        put(&ROWS, &self.by_rows, rows as u64);
        add(&self.rows, rows as u64);
        for wait in waits {
            put(&BUCKETS, &self.by_wait, nanos(wait));
            add(&self.wait_nanos, nanos(wait));
        }
    }

    /// Rows of all batches.
    pub(super) fn rows(&self) -> f64 {
        self.rows.load(Relaxed) as f64
    }

    /// Batches between the bounds of [`ROWS`].
    pub(super) fn by_rows(&self) -> Vec<u64> {
        read(&self.by_rows)
    }

    /// Seconds that all requests waited together.
    pub(super) fn waited(&self) -> f64 {
        self.wait_nanos.load(Relaxed) as f64 / 1e9
    }

    /// Requests between the bounds of [`BUCKETS`].
    pub(super) fn by_wait(&self) -> Vec<u64> {
        read(&self.by_wait)
    }
}

fn put(bounds: &[u64], counters: &[AtomicU64], value: u64) {
    if let Some(counter) = bucket(bounds, counters, value) {
        add(counter, 1);
    }
}

fn read(counters: &[AtomicU64]) -> Vec<u64> {
    counters.iter().map(|counter| counter.load(Relaxed)).collect()
}
