//! The load that gateways report, second by second.

use std::{collections::HashMap, net::SocketAddr};

use longshore_platform::{Load, LoadReport};

use crate::cluster::Key;

/// Seconds for which the last figures of a gateway that does not answer are taken to go on.
const TRUSTED: u64 = 10;

/// A gateway that says it has run for less than this many seconds has counted from zero since its
/// start, and the autoscaler has missed nothing of it.
const FRESH: f64 = 5.0;

/// What gateways have reported so far.
#[derive(Debug, Default)]
pub(super) struct Loads {
    gateways: HashMap<SocketAddr, Gateway>,
}

/// What one gateway has reported.
#[derive(Debug, Default)]
struct Gateway {
    report: LoadReport,
    /// When it last answered.
    answered: u64,
    /// Its figures then; none before its second report.
    figures: Option<HashMap<String, Figures>>,
}

/// The load of one revision in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Average requests at a time.
    pub(super) concurrency: f64,
    /// Requests a second.
    pub(super) rps: f64,
    /// Requests that have arrived since the report before.
    pub(super) arrived: u64,
    /// Requests that are under way.
    pub(super) in_flight: u32,
    /// Of these, the requests that wait for a replica.
    pub(super) held: u32,
}

/// What is known of one second.
#[derive(Debug, Default)]
pub(super) struct Second {
    /// By `NAMESPACE/REVISION`; nothing was asked of those that are not here.
    pub(super) revisions: HashMap<String, Figures>,
    /// True when at least one gateway's figures are known.
    pub(super) is_known: bool,
    /// True when those of every gateway are: then the load is not more than this.
    pub(super) is_whole: bool,
    /// True when every gateway answered in this second.
    pub(super) is_fresh: bool,
}

impl Second {
    /// The load of a revision.
    pub(super) fn of(&self, revision: &Key) -> Figures {
        self.revisions.get(&revision.to_string()).copied().unwrap_or_default()
    }
}

impl Loads {
    /// Takes what each gateway that there is answered in this second.
    pub(super) fn take(
        &mut self,
        second: u64,
        answers: Vec<(SocketAddr, Option<LoadReport>)>,
    ) -> Second {
        self.gateways.retain(|address, _| answers.iter().any(|(listed, _)| listed == address));
        let there = !answers.is_empty();
        let mut sum = Second { is_whole: there, is_fresh: there, ..Second::default() };
        for (address, report) in answers {
            let has_answered = report.is_some();
            if let Some(report) = report {
                match self.gateways.get_mut(&address) {
                    Some(gateway) => gateway.take(second, report),
                    None => {
                        self.gateways.insert(address, Gateway::first(second, report));
                    }
                }
            }
            let gateway = self.gateways.get(&address);
            let figures = gateway.and_then(|gateway| {
                let is_trusted = second.saturating_sub(gateway.answered) <= TRUSTED;
                gateway.figures.as_ref().filter(|_| is_trusted)
            });
            sum.is_fresh &= has_answered && figures.is_some();
            match figures {
                Some(figures) => {
                    sum.is_known = true;
                    for (revision, figures) in figures {
                        let total = sum.revisions.entry(revision.clone()).or_default();
                        total.add(figures, has_answered);
                    }
                }
                None => sum.is_whole = false,
            }
        }
        sum
    }
}

impl Gateway {
    /// A gateway's first report: it says nothing of one second, unless the gateway is new.
    fn first(second: u64, report: LoadReport) -> Self {
        let is_new = report.seconds <= FRESH;
        let figures = is_new.then(|| difference(&LoadReport::default(), &report));
        Self { report, answered: second, figures }
    }

    fn take(&mut self, second: u64, report: LoadReport) {
        let start = LoadReport::default();
        let is_same = report.instance == self.report.instance;
        let before = if is_same { &self.report } else { &start };
        if report.seconds > before.seconds {
            self.figures = Some(difference(before, &report));
            self.answered = second;
        }
        self.report = report;
    }
}

/// The load between two reports of one start of a gateway.
fn difference(before: &LoadReport, after: &LoadReport) -> HashMap<String, Figures> {
    let seconds = after.seconds - before.seconds;
    let a_second = |counted: f64| if seconds > 0.0 { (counted / seconds).max(0.0) } else { 0.0 };
    let figures = after.revisions.iter().map(|(revision, now)| {
        let then = before.revisions.get(revision).copied().unwrap_or(Load::default());
        let arrived = now.requests.saturating_sub(then.requests);
        let figures = Figures {
            concurrency: a_second(now.busy_seconds - then.busy_seconds),
            rps: a_second(arrived as f64),
            arrived,
            in_flight: now.in_flight,
            held: now.held,
        };
        (revision.clone(), figures)
    });
    figures.filter(|(_, figures)| *figures != Figures::default()).collect()
}

impl Figures {
    /// Adds those of another gateway. What arrived is counted once, in the second of the report.
    fn add(&mut self, other: &Self, is_new: bool) {
        self.concurrency += other.concurrency;
        self.rps += other.rps;
        self.arrived += if is_new { other.arrived } else { 0 };
        self.in_flight = self.in_flight.saturating_add(other.in_flight);
        self.held = self.held.saturating_add(other.held);
    }
}

#[cfg(test)]
mod tests;
