use std::{fmt, sync::atomic::Ordering::Relaxed};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::{ApiKeys, Denial};

/// Writes the metrics of the keys.
#[derive(Debug)]
pub(super) struct KeyMetrics(pub(super) ApiKeys);

impl Collector for KeyMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let state = &self.0.0;
        let mut refused = encoder.encode_descriptor(
            "longshore_api_key_refused_requests",
            "Requests refused for their API key, by reason",
            None,
            MetricType::Counter,
        )?;
        for (denial, counter) in Denial::ALL.iter().zip(&state.refused) {
            let family = &[("reason", denial.name())];
            ConstCounter::new(counter.load(Relaxed)).encode(refused.encode_family(family)?)?;
        }
        let (ok, failed) = state.keys.counts();
        let mut reloads = encoder.encode_descriptor(
            "longshore_api_key_reloads",
            "Changes of the file of API keys, by result: a change that failed left the keys as they were",
            None,
            MetricType::Counter,
        )?;
        for (result, count) in [("ok", ok), ("failed", failed)] {
            ConstCounter::new(count).encode(reloads.encode_family(&[("result", result)])?)?;
        }
        let keys = encoder.encode_descriptor(
            "longshore_api_keys",
            "API keys that are let in",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(state.keys.get().len() as i64).encode(keys)
    }
}
