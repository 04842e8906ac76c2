//! The gateway's metrics.

use std::{collections::HashMap, fmt, sync::Arc};

use longshore_daemon::{Drain, gate::Gate};
use longshore_platform::Load;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, counter::ConstCounter, exemplar::Exemplar, gauge::ConstGauge},
};

use crate::{
    Revision, Table,
    revision::{BUCKETS, CopyEnd, End, Fault, Tally, Times},
};

/// Writes the metrics of a gateway: of all revisions that were asked.
#[derive(Debug)]
pub(crate) struct GatewayMetrics {
    pub(crate) table: Table,
    pub(crate) connections: Gate,
    /// Requests that wait for a replica.
    pub(crate) waiting: Gate,
    pub(crate) drain: Drain,
}

type Labels<const N: usize> = [(&'static str, String); N];

/// A revision with what was counted of it.
struct Counted {
    labels: Labels<4>,
    tally: Tally,
    load: Load,
    replicas: usize,
}

impl Counted {
    fn of(revision: &Arc<Revision>) -> Option<Self> {
        let tally = revision.tally()?;
        let facts = revision.facts().unwrap_or_default();
        let labels = [
            ("namespace", revision.namespace().to_owned()),
            ("service", facts.service.clone()),
            ("component", facts.component.clone()),
            ("revision", revision.name().to_owned()),
        ];
        Some(Self { labels, tally, load: revision.load(), replicas: revision.endpoints().len() })
    }

    fn with<const N: usize>(&self, more: Labels<N>) -> Vec<(&'static str, String)> {
        self.labels.iter().cloned().chain(more).collect()
    }
}

impl Collector for GatewayMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let revisions: Vec<Counted> = self.table.all().iter().filter_map(Counted::of).collect();
        ended(&revisions, &mut encoder)?;
        let mut counters = |name: &str, help: &str, count: &dyn Fn(&Counted) -> u64| {
            let kind = MetricType::Counter;
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            revisions.iter().try_for_each(|it| {
                ConstCounter::new(count(it)).encode(metric.encode_family(&it.labels)?)
            })
        };
        counters("longshore_gateway_waited", "Requests that waited for a replica", &|it| {
            it.tally.waited
        })?;
        counters(
            "longshore_gateway_pooled",
            "Requests that were sent to the warm pool, since the revision had no replica",
            &|it| it.tally.pooled,
        )?;
        counters(
            "longshore_gateway_retries",
            "Times that a request was sent again, since nothing can have come of it before",
            &|it| it.tally.retries,
        )?;
        ejected(&revisions, &mut encoder)?;
        copied(&revisions, &mut encoder)?;
        let mut gauges = |name: &str, help: &str, value: &dyn Fn(&Counted) -> i64| {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            revisions.iter().try_for_each(|it| {
                ConstGauge::new(value(it)).encode(metric.encode_family(&it.labels)?)
            })
        };
        gauges("longshore_gateway_requests_in_flight", "Requests that are here now", &|it| {
            it.load.in_flight.into()
        })?;
        gauges(
            "longshore_gateway_requests_waiting",
            "Requests that wait for a replica now",
            &|it| it.load.held.into(),
        )?;
        gauges("longshore_gateway_replicas", "Replicas that are known to be ready", &|it| {
            it.replicas as i64
        })?;
        self.own(&mut encoder)
    }
}

impl GatewayMetrics {
    /// What belongs to no revision.
    fn own(&self, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, value: i64| {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        };
        gauge(
            "longshore_gateway_connections",
            "Open connections of clients, and open requests beyond the first of each HTTP/2 connection",
            self.connections.taken() as i64,
        )?;
        gauge(
            "longshore_gateway_draining",
            "1 once the gateway goes down",
            self.drain.has_begun().into(),
        )?;
        let metric = encoder.encode_descriptor(
            "longshore_gateway_rejections",
            "Connections and requests that were turned away since there were too many",
            None,
            MetricType::Counter,
        )?;
        let mut metric = metric;
        for (reason, gate) in [("connections", &self.connections), ("waiting", &self.waiting)] {
            let labels = [("reason", reason)];
            ConstCounter::new(gate.refused()).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// How requests have ended, and how long they took.
fn ended(revisions: &[Counted], encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(
        "longshore_gateway_requests",
        "Requests that have ended, by the status of their protocol; 499 when the client left before",
        None,
        MetricType::Counter,
    )?;
    for revision in revisions {
        for (end, count) in &revision.tally.ended {
            let (protocol, code) = match end {
                End::Http(status) => ("http", status.to_string()),
                End::Grpc(status) => ("grpc", status.to_string()),
                End::Left => ("http", "499".to_owned()),
            };
            let labels = revision.with([("protocol", protocol.to_owned()), ("code", code)]);
            ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
        }
    }
    let mut metric = encoder.encode_descriptor(
        "longshore_gateway_request_duration_seconds",
        "Time from the arrival of a request to the end of its reply",
        None,
        MetricType::Histogram,
    )?;
    revisions.iter().try_for_each(|Counted { labels, tally, .. }| {
        histogram(metric.encode_family(labels)?, &tally.times)
    })
}

/// One histogram, in buckets of [`BUCKETS`].
fn histogram(mut encoder: MetricEncoder<'_>, times: &Times) -> Result<(), fmt::Error> {
    let bounds = BUCKETS.into_iter().chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(times.buckets).collect();
    let exemplars = None::<&HashMap<usize, Exemplar<Labels<4>, f64>>>;
    encoder.encode_histogram(times.seconds, times.buckets.iter().sum(), &buckets, exemplars)
}

/// What has come of copies of requests, and how long they took. Most revisions never get one.
fn copied(revisions: &[Counted], encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let copied: Vec<_> =
        revisions.iter().filter(|it| it.tally.copies.iter().any(|count| *count > 0)).collect();
    let mut metric = encoder.encode_descriptor(
        "longshore_gateway_copies",
        "Copies of another revision's requests, by what has come of them",
        None,
        MetricType::Counter,
    )?;
    for revision in &copied {
        for (end, count) in CopyEnd::ALL.iter().zip(revision.tally.copies) {
            let labels = revision.with([("outcome", end.name().to_owned())]);
            ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
        }
    }
    let mut metric = encoder.encode_descriptor(
        "longshore_gateway_copy_duration_seconds",
        "Time from the sending of a copy to the head of its reply",
        None,
        MetricType::Histogram,
    )?;
    copied.iter().try_for_each(|Counted { labels, tally, .. }| {
        histogram(metric.encode_family(labels)?, &tally.copy_times)
    })
}

fn ejected(revisions: &[Counted], encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
    let mut metric = encoder.encode_descriptor(
        "longshore_gateway_ejections",
        "Times that a replica was left out for a while: it could not be reached, or failed time after time",
        None,
        MetricType::Counter,
    )?;
    for revision in revisions {
        for (fault, reason) in [(Fault::Unreachable, "unreachable"), (Fault::Failing, "failing")] {
            let labels = revision.with([("reason", reason.to_owned())]);
            let count = revision.tally.ejections.get(fault as usize).copied().unwrap_or_default();
            ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}
