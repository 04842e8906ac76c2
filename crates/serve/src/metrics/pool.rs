//! What the metrics tell of a warm pool.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// What a warm pool holds, and what it had to let go.
#[derive(Debug, Default)]
pub(crate) struct PoolCounts {
    pub(crate) guests: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) evictions: AtomicU64,
}

impl PoolCounts {
    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        for (name, help, value) in [
            ("longshore_serve_pool_models", "Models that the warm pool holds", &self.guests),
            ("longshore_serve_pool_bytes", "Memory of these models, about", &self.bytes),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value.load(Relaxed) as i64).encode(metric)?;
        }
        let (name, help) =
            ("longshore_serve_pool_evictions", "Models of the warm pool that made room for others");
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(self.evictions.load(Relaxed)).encode(metric)
    }
}
