//! What is counted: per model and version, on every event loop for itself, added up when read.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use longshore_daemon::Code;

mod batches;
mod collect;
mod pool;
mod statistics;

pub(crate) use collect::ServeMetrics;
pub(crate) use pool::PoolCounts;

use crate::{failure::Rejection, protocol::Protocol};
use batches::Batches;

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
    /// The time of requests that were answered, and of those that failed.
    nanos: [AtomicU64; 2],
    rows: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    /// How often the model was run with success, and how long that took.
    executions: AtomicU64,
    run_nanos: AtomicU64,
    /// The other parts of requests that were answered whole.
    queue_nanos: AtomicU64,
    input_nanos: AtomicU64,
    output_nanos: AtomicU64,
    /// Requests that were answered with kept outputs, and the time of these without their waiting.
    hits: AtomicU64,
    hit_nanos: AtomicU64,
    /// Those whose outputs were looked for and computed, and the time of looking and keeping.
    misses: AtomicU64,
    miss_nanos: AtomicU64,
    /// Streams that were answered to their end, and those that ended early.
    streams: [AtomicU64; 2],
    /// The time of both, which `nanos` has as well.
    stream_nanos: AtomicU64,
    /// Runs for the lines of streams.
    stream_runs: AtomicU64,
    /// When a request was last answered, in nanoseconds since the counters began; 0 before the first.
    last: AtomicU64,
}

/// Places in [`Shard::nanos`] and [`Shard::streams`].
const ANSWERED: usize = 0;
const FAILED: usize = 1;

/// The counters of one version of a model; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct ModelMetrics {
    shards: Arc<[Shard]>,
    /// When counting began, by both clocks.
    begun: (Instant, SystemTime),
    /// There once requests were computed together.
    batches: Arc<OnceLock<Box<Batches>>>,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Relaxed);
}

/// The counter of the bucket that `value` falls into: behind the last of `bounds` there is one more.
fn bucket<'c>(bounds: &[u64], counters: &'c [AtomicU64], value: u64) -> Option<&'c AtomicU64> {
    counters.get(bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len()))
}

/// A shard, and whether others write it too.
#[derive(Clone, Copy)]
struct Counting<'s> {
    shard: &'s Shard,
    /// Only the thread of its event loop writes it: requests begin and end there. What does not
    /// come over a socket is counted in the last shard, by any thread.
    alone: bool,
}

impl Counting<'_> {
    /// Counts `count` more. Where nobody else can write in between, a load and a store cost less
    /// than one step that locks; a request counts ten times.
    fn add(self, counter: &AtomicU64, count: u64) {
        if self.alone {
            counter.store(counter.load(Relaxed).wrapping_add(count), Relaxed);
        } else {
            add(counter, count);
        }
    }
}

/// How long the parts of a request took, when it was answered whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// It waited for a thread that computes.
    pub(crate) queue: Duration,
    /// Everything else before the model was run: receiving, decoding.
    pub(crate) input: Duration,
    pub(crate) run: Duration,
    /// Everything after the model was run.
    pub(crate) output: Duration,
}

/// Runs of a model.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Runs {
    pub(crate) count: u64,
    pub(crate) took: Duration,
}

/// What the cache of outputs had for a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Consulted {
    /// It was not asked.
    Never,
    Hit,
    /// Nothing; so long it took to ask it, and to keep what was computed.
    Missed(Duration),
}

/// The end of a request.
pub(crate) struct End {
    pub(crate) code: Result<Answered, Code>,
    pub(crate) begun: Instant,
    pub(crate) at: Instant,
    /// It was a stream of lines that had begun to be answered.
    pub(crate) is_stream: bool,
}

/// What was answered at the end of a request.
pub(crate) enum Answered {
    /// These rows. Of requests that shared a run, one counts it.
    Whole { rows: usize, runs: u64, parts: Parts, consulted: Consulted },
    /// The last of a stream of lines, which are counted on their way.
    Stream,
}

impl ModelMetrics {
    pub(crate) fn new(shards: usize) -> Self {
        let shards = (0..shards.max(1)).map(|_| Shard::default()).collect();
        let begun = (Instant::now(), SystemTime::now());
        Self { shards, begun, batches: Arc::default() }
    }

    fn counting(&self, loop_id: usize) -> Option<Counting<'_>> {
        let alone = loop_id + 1 < self.shards.len();
        let shard = self.shards.get(loop_id).or(self.shards.last())?;
        Some(Counting { shard, alone })
    }

    /// A request is in flight.
    pub(crate) fn begin(&self, loop_id: usize) {
        if let Some(counting) = self.counting(loop_id) {
            counting.add(&counting.shard.begun, 1);
        }
    }

    /// It is answered, or its caller left (`None`).
    pub(crate) fn end(&self, loop_id: usize, protocol: Protocol, end: Option<End>) {
        let Some(counting) = self.counting(loop_id) else { return };
        let shard = counting.shard;
        counting.add(&shard.ended, 1);
        let Some(End { code, begun, at, is_stream }) = end else { return };
        let class = match code {
            Ok(_) => 0,
            Err(code) if code.is_server_fault() => 2,
            Err(_) => 1,
        };
        let protocol = Protocol::ALL.iter().position(|other| *other == protocol);
        let counter = protocol.and_then(|at| shard.requests.get(at)).and_then(|c| c.get(class));
        if let Some(counter) = counter {
            counting.add(counter, 1);
        }
        let took = nanos(at.duration_since(begun));
        let outcome = if class == 0 { ANSWERED } else { FAILED };
        counting.add(&shard.nanos[outcome], took);
        if is_stream {
            // it lasts as long as its sender likes, which is no latency
            counting.add(&shard.streams[outcome], 1);
            counting.add(&shard.stream_nanos, took);
        } else if let Some(counter) = bucket(&BUCKETS, &shard.latency, took) {
            counting.add(counter, 1);
        }
        let Ok(answered) = code else { return };
        shard.last.store(nanos(at.duration_since(self.begun.0)), Relaxed);
        match answered {
            Answered::Whole { rows, runs, parts, consulted } => {
                counting.add(&shard.rows, rows as u64);
                if !parts.queue.is_zero() {
                    counting.add(&shard.queue_nanos, nanos(parts.queue));
                }
                match consulted {
                    Consulted::Hit => {
                        counting.add(&shard.hits, 1);
                        counting.add(&shard.hit_nanos, took.saturating_sub(nanos(parts.queue)));
                        return;
                    }
                    Consulted::Missed(time) => {
                        counting.add(&shard.misses, 1);
                        counting.add(&shard.miss_nanos, nanos(time));
                    }
                    Consulted::Never => {}
                }
                counting.add(&shard.executions, runs);
                counting.add(&shard.input_nanos, nanos(parts.input));
                counting.add(&shard.run_nanos, nanos(parts.run));
                counting.add(&shard.output_nanos, nanos(parts.output));
            }
            Answered::Stream => {}
        }
    }

    /// Rows of a stream that goes on were answered.
    pub(crate) fn ran(&self, loop_id: usize, rows: usize, runs: Runs) {
        if let Some(counting) = self.counting(loop_id) {
            let shard = counting.shard;
            counting.add(&shard.rows, rows as u64);
            counting.add(&shard.executions, runs.count);
            counting.add(&shard.stream_runs, runs.count);
            counting.add(&shard.run_nanos, nanos(runs.took));
        }
    }

    /// A batch of `rows` rows is computed, whose requests have waited.
    pub(crate) fn batch(&self, rows: usize, waits: impl Iterator<Item = Duration>) {
        self.batches.get_or_init(Box::default).count(rows, waits);
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
