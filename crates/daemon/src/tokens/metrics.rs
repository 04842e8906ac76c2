use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::Tokens;

#[derive(Debug)]
pub(super) struct JwksMetrics {
    pub(super) tokens: Tokens,
    /// What the names begin with.
    pub(super) role: &'static str,
}

impl Collector for JwksMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let (keys, failures) = self.tokens.counts();
        let name = format!("{}_jwks_keys", self.role);
        let gauge = encoder.encode_descriptor(
            &name,
            "Keys by which tokens may be signed",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(keys as i64).encode(gauge)?;
        let name = format!("{}_jwks_failures", self.role);
        let counter = encoder.encode_descriptor(
            &name,
            "Attempts to read these keys that failed",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(failures).encode(counter)
    }
}
