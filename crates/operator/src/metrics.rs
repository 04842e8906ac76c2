//! What the operator counts.

use std::{
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::autoscaler;

/// Counters of the operator.
#[derive(Clone, Debug)]
pub struct Metrics {
    looks: Histogram,
    failures: Counter<u64, AtomicU64>,
    leads: Gauge<i64, AtomicI64>,
    services: Gauge<i64, AtomicI64>,
    /// What the autoscaler decides.
    pub(crate) autoscaler: autoscaler::Metrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];
        Self {
            looks: Histogram::new(buckets),
            failures: Counter::default(),
            leads: Gauge::default(),
            services: Gauge::default(),
            autoscaler: autoscaler::Metrics::default(),
        }
    }
}

impl Metrics {
    /// Metrics with one of each, for the pages that describe them.
    pub fn for_reference() -> Self {
        Self { autoscaler: autoscaler::Metrics::for_reference(), ..Self::default() }
    }

    /// Puts them into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "longshore_operator_reconcile_seconds",
            "Looks at InferenceServices and what they took",
            self.looks.clone(),
        );
        registry.register(
            "longshore_operator_reconcile_failures",
            "Looks that failed and are repeated",
            self.failures.clone(),
        );
        registry.register(
            "longshore_operator_leads",
            "1 for the operator that holds the Lease and acts",
            self.leads.clone(),
        );
        registry.register(
            "longshore_operator_inference_services",
            "InferenceServices that are seen",
            self.services.clone(),
        );
        self.autoscaler.register(registry);
    }

    /// A look was taken.
    pub(crate) fn looked(&self, took: Duration, is_well: bool) {
        self.looks.observe(took.as_secs_f64());
        if !is_well {
            self.failures.inc();
        }
    }

    /// This operator acts, or does not.
    pub(crate) fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
        if !leads {
            self.autoscaler.clear();
        }
    }

    /// So many services are seen.
    pub(crate) fn services(&self, count: usize) {
        self.services.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
