use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use super::Counts;

/// Writes what became of spans.
#[derive(Debug)]
pub(super) struct TraceMetrics(pub(super) Arc<Counts>);

impl Collector for TraceMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut spans = encoder.encode_descriptor(
            "longshore_trace_spans",
            "Spans of requests, by what became of them: `dropped` when the queue was full, `failed` when the \
             collector did not take them",
            None,
            MetricType::Counter,
        )?;
        let Counts { exported, dropped, failed } = &*self.0;
        for (result, count) in [("exported", exported), ("dropped", dropped), ("failed", failed)] {
            let family = &[("result", result)];
            ConstCounter::new(count.load(Relaxed)).encode(spans.encode_family(family)?)?;
        }
        Ok(())
    }
}
