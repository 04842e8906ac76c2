use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};

use super::{
    Decision, Replicas,
    revision::{Reason, Verdict},
};
use crate::cluster::Key;

/// What was last decided, by revision.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<Key, Decided>>>);

/// What was last decided for a revision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    pub(super) verdict: Verdict,
    pub(super) replicas: Replicas,
}

/// A gauge: its name, what it is, and its value when there is one.
type Gauge = (&'static str, &'static str, fn(&Decided) -> Option<f64>);

const GAUGES: [Gauge; 7] = [
    (
        "longshore_autoscaler_desired_replicas",
        "Replicas that a revision's load asks for, before any bounds",
        |it| it.verdict.decision.map(|decision| decision.desired.into()),
    ),
    ("longshore_autoscaler_replicas", "Replicas that were decided for a revision", |it| {
        Some(it.verdict.replicas.into())
    }),
    ("longshore_autoscaler_ready_replicas", "Replicas of a revision that are ready", |it| {
        Some(it.replicas.ready.into())
    }),
    (
        "longshore_autoscaler_stable_load",
        "Load of a revision, averaged over the stable window, in units of its metric",
        |it| it.verdict.decision.map(|decision| decision.stable),
    ),
    (
        "longshore_autoscaler_panic_load",
        "Load of a revision, averaged over the panic window, in units of its metric",
        |it| it.verdict.decision.map(|decision| decision.panic),
    ),
    (
        "longshore_autoscaler_target_load",
        "Load that a replica of a revision is to have, in units of its metric",
        |it| it.verdict.decision.map(|decision| decision.target),
    ),
    ("longshore_autoscaler_panicking", "1 for a revision whose replicas only grow for now", |it| {
        it.verdict.decision.map(|decision| f64::from(decision.is_panicking))
    }),
];

impl Metrics {
    /// Puts them into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }

    /// One decision, for the pages that describe the metrics.
    pub(crate) fn for_reference() -> Self {
        let decision = Decision {
            desired: 1,
            excess_burst_capacity: 0,
            is_panicking: false,
            stable: 1.0,
            panic: 1.0,
            target: 1.0,
        };
        let verdict = Verdict { replicas: 1, reason: Reason::Load, decision: Some(decision) };
        let decided = Decided { verdict, replicas: Replicas::default() };
        let metrics = Self::default();
        metrics.set([(Key::new("NAMESPACE", "REVISION"), decided)].into());
        metrics
    }

    /// Says nothing any more: another operator decides.
    pub(crate) fn clear(&self) {
        self.set(BTreeMap::new());
    }

    /// Says what was decided, in place of what was before.
    pub(super) fn set(&self, decided: BTreeMap<Key, Decided>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = decided;
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, help, value) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (revision, decided) in all.iter() {
                let Some(value) = value(decided) else { continue };
                let labels = [("namespace", &*revision.namespace), ("revision", &*revision.name)];
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
