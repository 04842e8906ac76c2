use std::{
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::Kubernetes;

/// What is counted of one followed list.
#[derive(Debug, Default)]
pub(super) struct Counts {
    objects: AtomicUsize,
    failures: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    /// One list has `now` objects and had `before`. Lists of several namespaces share their counts.
    pub(super) fn objects(&self, before: usize, now: usize) {
        self.objects.fetch_add(now, Relaxed);
        self.objects.fetch_sub(before, Relaxed);
    }

    /// The API server did not answer, or refused.
    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    /// An object was not understood.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}

/// What is watched and woken.
#[derive(Debug)]
pub(super) struct WatchMetrics(pub(super) Kubernetes);

impl Collector for WatchMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let state = &*self.0.0;
        let kinds = [
            ("InferenceService", &state.services),
            ("Service", &state.revisions),
            ("EndpointSlice", &state.slices),
        ];
        let mut objects = encoder.encode_descriptor(
            "longshore_gateway_objects",
            "Objects of Kubernetes that the gateway knows",
            None,
            MetricType::Gauge,
        )?;
        for (kind, counts) in kinds {
            let count = counts.objects.load(Relaxed) as i64;
            ConstGauge::new(count).encode(objects.encode_family(&[("kind", kind)])?)?;
        }
        let mut failures = encoder.encode_descriptor(
            "longshore_gateway_watch_failures",
            "Times that the Kubernetes API did not answer for a list of objects, or refused it",
            None,
            MetricType::Counter,
        )?;
        for (kind, counts) in kinds {
            let count = counts.failures.load(Relaxed);
            ConstCounter::new(count).encode(failures.encode_family(&[("kind", kind)])?)?;
        }
        let mut refused = encoder.encode_descriptor(
            "longshore_gateway_objects_refused",
            "Objects that were not understood, and left the routes as they were",
            None,
            MetricType::Counter,
        )?;
        for (kind, counts) in kinds {
            let count = counts.refused.load(Relaxed);
            ConstCounter::new(count).encode(refused.encode_family(&[("kind", kind)])?)?;
        }
        let wakes = state.deployments.counts();
        let woken = encoder.encode_descriptor(
            "longshore_gateway_woken",
            "Revisions that the gateway has asked a first replica for",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(wakes.woken.load(Relaxed)).encode(woken)?;
        let failed = encoder.encode_descriptor(
            "longshore_gateway_wake_failures",
            "Attempts to ask for a first replica that failed",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(wakes.failures.load(Relaxed)).encode(failed)
    }
}
