//! What is counted: per model and version, on every event loop for itself, added up when read.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use longshore_daemon::Code;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, exemplar::Exemplar, gauge::ConstGauge},
};

use crate::{gate::Gate, protocol::Protocol, repository::Repository};

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

/// The counters of one model.
#[derive(Debug)]
pub(crate) struct ModelMetrics {
    shards: Box<[Shard]>,
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

    fn sum(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards.iter().map(|shard| counter(shard).load(Relaxed)).fold(0, u64::wrapping_add)
    }
}

/// Writes the metrics of all models.
#[derive(Debug)]
pub(crate) struct ServeMetrics {
    pub(crate) repository: Arc<Repository>,
    pub(crate) computing: Gate,
    pub(crate) connections: Gate,
}

type Labels<const N: usize> = [(&'static str, String); N];

impl Collector for ServeMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let models = self.repository.all();
        let labels = |model: &crate::repository::Served| -> Labels<2> {
            [("model", model.name.to_string()), ("version", model.version.to_string())]
        };
        let mut requests = encoder.encode_descriptor(
            "longshore_serve_requests",
            "Requests answered, by protocol and class of status code",
            None,
            MetricType::Counter,
        )?;
        for model in models {
            for (p, protocol) in Protocol::ALL.iter().enumerate() {
                for (c, class) in CLASSES.iter().enumerate() {
                    let count = model.metrics.sum(|shard| &shard.requests[p][c]);
                    let [name, version] = labels(model);
                    let labels: Labels<4> = [
                        name,
                        version,
                        ("protocol", protocol.name().into()),
                        ("code", (*class).into()),
                    ];
                    ConstCounter::new(count).encode(requests.encode_family(&labels)?)?;
                }
            }
        }
        let mut latency = encoder.encode_descriptor(
            "longshore_serve_request_duration_seconds",
            "Time from a request's head to its reply",
            None,
            MetricType::Histogram,
        )?;
        for model in models {
            let counts: Vec<(f64, u64)> = (0..=BUCKETS.len())
                .map(|at| {
                    let bound = BUCKETS.get(at).map_or(f64::INFINITY, |bound| *bound as f64 / 1e9);
                    (bound, model.metrics.sum(|shard| &shard.latency[at]))
                })
                .collect();
            let seconds = model.metrics.sum(|shard| &shard.latency_nanos) as f64 / 1e9;
            let total = counts.iter().map(|(_, count)| count).sum();
            latency.encode_family(&labels(model))?.encode_histogram(
                seconds,
                total,
                &counts,
                None::<&std::collections::HashMap<usize, Exemplar<Labels<2>, f64>>>,
            )?;
        }
        let mut rows = encoder.encode_descriptor(
            "longshore_serve_rows",
            "Rows answered",
            None,
            MetricType::Counter,
        )?;
        for model in models {
            let count = model.metrics.sum(|shard| &shard.rows);
            ConstCounter::new(count).encode(rows.encode_family(&labels(model))?)?;
        }
        let mut flight = encoder.encode_descriptor(
            "longshore_serve_in_flight_requests",
            "Requests that are being answered",
            None,
            MetricType::Gauge,
        )?;
        for model in models {
            let begun = model.metrics.sum(|shard| &shard.begun);
            let ended = model.metrics.sum(|shard| &shard.ended);
            let count = begun.wrapping_sub(ended) as i64;
            ConstGauge::new(count).encode(flight.encode_family(&labels(model))?)?;
        }
        let mut load = encoder.encode_descriptor(
            "longshore_serve_model_load_seconds",
            "Time it took to load the model",
            None,
            MetricType::Gauge,
        )?;
        for model in models {
            let seconds = model.load_time.as_secs_f64();
            ConstGauge::new(seconds).encode(load.encode_family(&labels(model))?)?;
        }
        let mut single = |name: &str, help: &str, value: usize| {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value as i64).encode(metric)
        };
        single(
            "longshore_serve_computing_requests",
            "Requests computed or waiting for it",
            self.computing.taken(),
        )?;
        single("longshore_serve_connections", "Open connections", self.connections.taken())
    }
}
