use std::{fmt, time::UNIX_EPOCH};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::Tls;

/// Writes the metrics of TLS.
#[derive(Debug)]
pub(super) struct TlsMetrics(pub(super) Tls);

impl Collector for TlsMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let state = &self.0.0;
        let mut handshakes = encoder.encode_descriptor(
            "longshore_tls_handshakes",
            "TLS handshakes, by result",
            None,
            MetricType::Counter,
        )?;
        for (result, count) in state.tally.read() {
            ConstCounter::new(count).encode(handshakes.encode_family(&[("result", result)])?)?;
        }
        let (ok, failed) = state.settings.counts();
        let mut reloads = encoder.encode_descriptor(
            "longshore_tls_reloads",
            "Changes of the TLS files, by result: a change that failed left the certificate as it was",
            None,
            MetricType::Counter,
        )?;
        for (result, count) in [("ok", ok), ("failed", failed)] {
            ConstCounter::new(count).encode(reloads.encode_family(&[("result", result)])?)?;
        }
        let expires = encoder.encode_descriptor(
            "longshore_tls_certificate_expiry_timestamp_seconds",
            "When the TLS certificate expires, in seconds since 1970",
            None,
            MetricType::Gauge,
        )?;
        let when = state.settings.get().expires.duration_since(UNIX_EPOCH).unwrap_or_default();
        ConstGauge::new(when.as_secs_f64()).encode(expires)
    }
}
