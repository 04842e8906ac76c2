use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use longshore_storage::Usage;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// The metrics of fetching and following models.
#[derive(Clone, Debug)]
pub(crate) struct StorageMetrics {
    usage: Arc<Usage>,
    /// Seconds since 1970 when each model was last looked for, by name.
    checks: Arc<Mutex<BTreeMap<String, f64>>>,
}

impl StorageMetrics {
    pub(crate) fn new(usage: Arc<Usage>) -> Self {
        Self { usage, checks: Arc::default() }
    }

    /// Notes that the present state of a model was just looked up.
    pub(crate) fn checked(&self, model: &str) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.insert(model.to_owned(), now.as_secs_f64());
    }
}

impl Collector for StorageMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut fetches = encoder.encode_descriptor(
            "longshore_storage_fetches",
            "Models brought from elsewhere, by scheme and result",
            None,
            MetricType::Counter,
        )?;
        for (scheme, outcome, count) in self.usage.fetches() {
            let labels = [("scheme", scheme), ("result", outcome.name())];
            ConstCounter::new(count).encode(fetches.encode_family(&labels)?)?;
        }
        let mut bytes = encoder.encode_descriptor(
            "longshore_storage_fetched_bytes",
            "Bytes of models that came over the network, by scheme",
            None,
            MetricType::Counter,
        )?;
        for (scheme, sum) in self.usage.bytes() {
            ConstCounter::new(sum).encode(bytes.encode_family(&[("scheme", scheme)])?)?;
        }
        let cache = encoder.encode_descriptor(
            "longshore_storage_cache_bytes",
            "Bytes of models in the cache",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(self.usage.cache_bytes() as f64).encode(cache)?;
        let mut checks = encoder.encode_descriptor(
            "longshore_storage_last_check_timestamp_seconds",
            "When it was last known what a followed model is now, in seconds since 1970",
            None,
            MetricType::Gauge,
        )?;
        for (model, at) in self.checks.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let labels = [("model", model.as_str())];
            ConstGauge::new(*at).encode(checks.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
