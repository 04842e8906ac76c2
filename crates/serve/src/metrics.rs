//! What is counted: per model and version, on every event loop for itself, added up when read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use longshore_daemon::Code;

mod collect;

pub(crate) use collect::ServeMetrics;

use crate::{failure::Rejection, protocol::Protocol};

/// Upper bounds of the latency buckets, in nanoseconds.
const BUCKETS: [u64; 16] = [
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    60_000_000_000,
];

/// The classes of status codes that are told apart.
const CLASSES: [&str; 3] = ["2xx", "4xx", "5xx"];

/// The counters of one model on one event loop; on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    /// By protocol and class of code.
    requests: [[AtomicU64; CLASSES.len()]; Protocol::ALL.len()],
    latency: [AtomicU64; BUCKETS.len() + 1],
    latency_nanos: AtomicU64,
    rows: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
}

/// The counters of one version of a model; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct ModelMetrics {
    shards: Arc<[Shard]>,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Relaxed);
}

impl ModelMetrics {
    pub(crate) fn new(shards: usize) -> Self {
        Self { shards: (0..shards.max(1)).map(|_| Shard::default()).collect() }
    }

    fn shard(&self, loop_id: usize) -> Option<&Shard> {
        self.shards.get(loop_id).or(self.shards.last())
    }

    /// A request is in flight.
    pub(crate) fn begin(&self, loop_id: usize) {
        if let Some(shard) = self.shard(loop_id) {
            add(&shard.begun, 1);
        }
    }

    /// It is answered, or its caller left (`None`).
    pub(crate) fn end(
        &self,
        loop_id: usize,
        protocol: Protocol,
        code: Option<Result<(), Code>>,
        rows: usize,
        took: Duration,
    ) {
        let Some(shard) = self.shard(loop_id) else { return };
        add(&shard.ended, 1);
        let Some(code) = code else { return };
        let class = match code {
            Ok(()) => 0,
            Err(code) if code.is_server_fault() => 2,
            Err(_) => 1,
        };
        let protocol = Protocol::ALL.iter().position(|other| *other == protocol);
        let counter = protocol.and_then(|at| shard.requests.get(at)).and_then(|c| c.get(class));
        if let Some(counter) = counter {
            add(counter, 1);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|bound| nanos <= *bound).unwrap_or(BUCKETS.len());
        if let Some(counter) = shard.latency.get(bucket) {
            add(counter, 1);
        }
        add(&shard.latency_nanos, nanos);
        add(&shard.rows, rows as u64);
    }

    /// Rows of a request that is not ended were answered.
    pub(crate) fn rows(&self, loop_id: usize, rows: usize) {
        if let Some(shard) = self.shard(loop_id) {
            add(&shard.rows, rows as u64);
        }
    }

    fn sum(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards.iter().map(|shard| counter(shard).load(Relaxed)).fold(0, u64::wrapping_add)
    }
}

/// How many requests and connections were turned away, by reason; all servers' loops count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rejections(Arc<[AtomicU64; Rejection::ALL.len()]>);

impl Rejections {
    pub(crate) fn count(&self, reason: Rejection) {
        if let Some(counter) = self.0.get(reason as usize) {
            add(counter, 1);
        }
    }

    fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counters = self.0.iter().map(|counter| counter.load(Relaxed));
        Rejection::ALL.iter().map(|reason| reason.name()).zip(counters)
    }
}
