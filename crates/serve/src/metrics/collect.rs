use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::UNIX_EPOCH,
};

use longshore_daemon::{Drain, gate::Gate};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, exemplar::Exemplar, gauge::ConstGauge},
};

use super::{ANSWERED, BUCKETS, CLASSES, FAILED, ModelMetrics, PoolCounts, Rejections, batches};
use crate::{
    inference::{Cache, Figures, Queue},
    models::Models,
    protocol::Protocol,
    repository::{Entry, State},
};

/// Writes the metrics of the server.
#[derive(Debug)]
pub(crate) struct ServeMetrics {
    pub(crate) models: Models,
    pub(crate) computing: Gate,
    pub(crate) connections: Gate,
    /// There when requests are computed together.
    pub(crate) queue: Option<Arc<Queue>>,
    /// There when answers are kept.
    pub(crate) cache: Option<Arc<Cache>>,
    /// There when the server is a warm pool.
    pub(crate) warm_pool: Option<Arc<PoolCounts>>,
    pub(crate) rejections: Rejections,
    pub(crate) drain: Drain,
}

type Labels<const N: usize> = [(&'static str, String); N];

/// The labels of a version, and what it has counted.
type Counted<'r> = (Labels<2>, &'r ModelMetrics);

fn labels(name: &str, version: &str) -> Labels<2> {
    [("model", name.to_owned()), ("version", version.to_owned())]
}

impl Collector for ServeMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let models = self.models.current();
        let entries = models.entries();
        requests(&entries, &mut encoder)?;
        loaded(&entries, &mut encoder)?;
        let (bytes, evictions) = self.models.residents();
        let evicted = encoder.encode_descriptor(
            "longshore_serve_model_evictions",
            "Models that were loaded on demand and evicted",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(evictions).encode(evicted)?;
        let connections = std::iter::once(("connections", self.connections.refused()));
        let rejected = self.rejections.read().chain(connections);
        counters(
            &mut encoder,
            "longshore_serve_rejected_requests",
            "Requests and connections turned away for now, by reason",
            rejected.map(|(reason, count)| ([("reason", reason)], count)),
        )?;
        for (name, help, value) in [
            (
                "longshore_serve_computing_requests",
                "Requests computed or waiting for it",
                self.computing.taken(),
            ),
            ("longshore_serve_connections", "Open connections", self.connections.taken()),
            (
                "longshore_serve_draining",
                "1 once the server was told to stop",
                usize::from(self.drain.has_begun()),
            ),
            ("longshore_serve_models_expected", "Models that are to be served", models.len()),
            ("longshore_serve_models_ready", "Models that answer", models.count(State::Ready)),
            (
                "longshore_serve_models_failed",
                "Models that do not answer because they did not load",
                models.count(State::Failed),
            ),
            (
                "longshore_serve_models_idle",
                "Models that are not loaded and that the first request loads",
                models.count(State::Idle),
            ),
            (
                "longshore_serve_models_loaded_bytes",
                "Memory of the models that were loaded on demand, estimated from their files",
                usize::try_from(bytes).unwrap_or(usize::MAX),
            ),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value as i64).encode(metric)?;
        }
        if let Some(queue) = &self.queue {
            let (name, help) =
                ("longshore_serve_queued_requests", "Requests that wait for a batch");
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(queue.waiting() as i64).encode(metric)?;
        }
        if let Some(cache) = &self.cache {
            cached(cache.figures(), &mut encoder)?;
        }
        if let Some(counts) = &self.warm_pool {
            counts.encode(&mut encoder)?;
        }
        Ok(())
    }
}

/// What the cache did.
fn cached(figures: Figures, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let Figures { hits, misses, evictions, entries, bytes } = figures;
    for (name, help, value) in [
        ("longshore_serve_output_cache_hits", "Requests whose outputs had been kept", hits),
        (
            "longshore_serve_output_cache_misses",
            "Requests whose outputs were looked for and computed",
            misses,
        ),
        (
            "longshore_serve_output_cache_evictions",
            "Kept outputs that made room for others",
            evictions,
        ),
    ] {
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(metric)?;
    }
    for (name, help, value) in [
        ("longshore_serve_output_cache_entries", "Requests whose outputs are kept", entries),
        (
            "longshore_serve_output_cache_bytes",
            "Memory of the outputs that are kept and of what was asked, about",
            bytes,
        ),
    ] {
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value as i64).encode(metric)?;
    }
    Ok(())
}

/// What is loaded.
fn loaded(entries: &[&Arc<Entry>], encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let versions = || entries.iter().flat_map(|entry| entry.versions());
    let all = || versions().map(|served| (served, labels(&served.name, &served.version)));
    gauges(
        encoder,
        "longshore_serve_model_info",
        "1 for each version that answers",
        all().map(|(served, [name, version])| {
            ([name, version, ("flavor", served.flavor().to_owned())], 1_i64)
        }),
    )?;
    gauges(
        encoder,
        "longshore_serve_model_load_seconds",
        "Time it took to load the model",
        all().map(|(served, labels)| (labels, served.load_time.as_secs_f64())),
    )?;
    gauges(
        encoder,
        "longshore_serve_model_loaded_timestamp_seconds",
        "When the model was loaded, in seconds since 1970",
        all().map(|(served, labels)| {
            let since = served.loaded_at.duration_since(UNIX_EPOCH).unwrap_or_default();
            (labels, since.as_secs_f64())
        }),
    )?;
    // ten thousand models that nobody has asked for are not worth twenty thousand lines
    let asked = |entry: &&&Arc<Entry>| {
        let loads = &entry.loads;
        !entry.on_demand || loads.ok.load(Relaxed) + loads.failed.load(Relaxed) > 0
    };
    let results = entries.iter().filter(asked).flat_map(|entry| {
        let loads = &entry.loads;
        [("ok", &loads.ok), ("failed", &loads.failed)].map(|(result, counter)| {
            ([("model", &*entry.name), ("result", result)], counter.load(Relaxed))
        })
    });
    counters(encoder, "longshore_serve_model_loads", "Attempts to load a model, by result", results)
}

/// What versions have counted, also those that were replaced.
fn requests(entries: &[&Arc<Entry>], encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let mut versions: Vec<Counted<'_>> = Vec::new();
    for entry in entries {
        let all = entry.counted();
        versions.extend(all.map(|(version, metrics)| (labels(&entry.name, version), metrics)));
    }
    let by_code = versions.iter().flat_map(|(labels, metrics)| {
        let protocols = Protocol::ALL.iter().enumerate();
        protocols.flat_map(move |(p, protocol)| {
            CLASSES.iter().enumerate().map(move |(c, class)| {
                let [name, version] = labels.clone();
                let labels: Labels<4> = [
                    name,
                    version,
                    ("protocol", protocol.name().into()),
                    ("code", (*class).into()),
                ];
                (labels, metrics.sum(|shard| &shard.requests[p][c]))
            })
        })
    });
    counters(
        encoder,
        "longshore_serve_requests",
        "Requests answered, by protocol and class of status code",
        by_code,
    )?;
    let took = versions.iter().map(|(labels, metrics)| {
        let counts = (0..=BUCKETS.len()).map(|at| metrics.sum(|shard| &shard.latency[at]));
        let nanos = [ANSWERED, FAILED].map(|at| metrics.sum(|shard| &shard.nanos[at]));
        let streams = metrics.sum(|shard| &shard.stream_nanos);
        // read one after another: a stream may end between them
        let nanos = nanos.iter().sum::<u64>().saturating_sub(streams);
        (labels, nanos as f64 / 1e9, counts.collect())
    });
    histograms(
        encoder,
        "longshore_serve_request_duration_seconds",
        "Time from a request's head to its reply, without streams of lines",
        &BUCKETS.map(|nanos| nanos as f64 / 1e9),
        took,
    )?;
    let rows = |(labels, metrics): &Counted<'_>| (labels.clone(), metrics.sum(|shard| &shard.rows));
    counters(encoder, "longshore_serve_rows", "Rows answered", versions.iter().map(rows))?;
    let streams = versions.iter().flat_map(|(labels, metrics)| {
        [("ok", ANSWERED), ("failed", FAILED)].map(|(result, at)| {
            let [name, version] = labels.clone();
            let labels: Labels<3> = [name, version, ("result", result.into())];
            (labels, metrics.sum(|shard| &shard.streams[at]))
        })
    });
    counters(
        encoder,
        "longshore_serve_streams",
        "Streams of lines that ended, by result: a stream that ends early has failed",
        streams,
    )?;
    computed_together(&versions, encoder)?;
    let in_flight = |(labels, metrics): &Counted<'_>| {
        let (begun, ended) = (metrics.sum(|shard| &shard.begun), metrics.sum(|shard| &shard.ended));
        (labels.clone(), begun.wrapping_sub(ended) as i64)
    };
    gauges(
        encoder,
        "longshore_serve_in_flight_requests",
        "Requests that are being answered",
        versions.iter().map(in_flight),
    )
}

/// What was computed together, for versions that had batches.
fn computed_together(
    versions: &[Counted<'_>],
    encoder: &mut DescriptorEncoder,
) -> Result<(), fmt::Error> {
    let all =
        || versions.iter().filter_map(|(labels, metrics)| Some((labels, metrics.batches.get()?)));
    if all().next().is_none() {
        return Ok(());
    }
    histograms(
        encoder,
        "longshore_serve_batch_rows",
        "Rows of the batches that were computed",
        &batches::ROWS.map(|rows| rows as f64),
        all().map(|(labels, batches)| (labels, batches.rows(), batches.by_rows())),
    )?;
    histograms(
        encoder,
        "longshore_serve_queue_duration_seconds",
        "Time that a request waited to be computed in a batch",
        &BUCKETS.map(|nanos| nanos as f64 / 1e9),
        all().map(|(labels, batches)| (labels, batches.waited(), batches.by_wait())),
    )
}

/// One histogram for each set of labels: the sum, and the counts between `bounds`.
fn histograms<'l>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    bounds: &[f64],
    values: impl Iterator<Item = (&'l Labels<2>, f64, Vec<u64>)>,
) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (labels, sum, counts) in values {
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        let counts: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let total = counts.iter().map(|(_, count)| count).sum();
        let exemplars = None::<&HashMap<usize, Exemplar<Labels<2>, f64>>>;
        metric.encode_family(labels)?.encode_histogram(sum, total, &counts, exemplars)?;
    }
    Ok(())
}

/// One counter for each set of labels.
fn counters<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (L, u64)>,
) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

/// One gauge for each set of labels.
fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (L, V)>,
) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
