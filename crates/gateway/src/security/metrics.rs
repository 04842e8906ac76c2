use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

/// Requests that were not let in.
#[derive(Debug, Default)]
pub(super) struct Counts {
    unknown: AtomicU64,
    forbidden: AtomicU64,
    limited: AtomicU64,
}

impl Counts {
    /// Nobody knows who asked.
    pub(super) fn unknown(&self) {
        self.unknown.fetch_add(1, Relaxed);
    }

    /// Who asked may not.
    pub(super) fn forbidden(&self) {
        self.forbidden.fetch_add(1, Relaxed);
    }

    /// Who asked has done so too often.
    pub(super) fn limited(&self) {
        self.limited.fetch_add(1, Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct SecurityMetrics(pub(super) Arc<Counts>);

impl Collector for SecurityMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut refused = encoder.encode_descriptor(
            "longshore_gateway_refused",
            "Requests that were not let in: `unknown` clients, `forbidden` ones, and those over a limit",
            None,
            MetricType::Counter,
        )?;
        let Counts { unknown, forbidden, limited } = &*self.0;
        for (reason, count) in
            [("unknown", unknown), ("forbidden", forbidden), ("limited", limited)]
        {
            let count = ConstCounter::new(count.load(Relaxed));
            count.encode(refused.encode_family(&[("reason", reason)])?)?;
        }
        Ok(())
    }
}
