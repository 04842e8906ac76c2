use std::collections::BTreeMap;

use longshore_platform::{OutcomeReport, Outcomes};

/// What the gateways have seen of the latest and the stable revision since a step began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Of the latest revision.
    pub latest: Outcomes,
    /// Of the stable one.
    pub stable: Outcomes,
}

/// Adds up what gateways report, from a step's begin on.
///
/// Reports are sums since a gateway's start. What a gateway had counted when it was first asked is of
/// earlier steps, unless it started after this step began: then all that it has counted is of this
/// step. A gateway that is gone keeps what it has said.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    /// The last sums of each gateway's start.
    last: BTreeMap<String, Evidence>,
    sum: Evidence,
}

impl Counter {
    /// What has been seen.
    pub fn evidence(&self) -> Evidence {
        self.sum
    }

    /// Takes reports, which gateways gave `seconds` after the step began.
    pub fn add(&mut self, reports: &[OutcomeReport], latest: &str, stable: &str, seconds: f64) {
        for report in reports {
            let of = |name: &str| report.revisions.get(name).copied().unwrap_or_default();
            let now = Evidence { latest: of(latest), stable: of(stable) };
            let before = match self.last.get(&report.instance) {
                Some(before) => *before,
                None if report.seconds < seconds => Evidence::default(),
                None => now,
            };
            self.sum.latest.merge(&now.latest.since(&before.latest));
            self.sum.stable.merge(&now.stable.since(&before.stable));
            self.last.insert(report.instance.clone(), now);
        }
    }

    /// Begins a new step: what has been counted is of an earlier one.
    pub fn restart(&mut self) {
        self.sum = Evidence::default();
    }
}

#[cfg(test)]
mod tests {
    use longshore_platform::{OutcomeReport, Outcomes};

    use super::Counter;

    fn report(instance: &str, seconds: f64, ended: u64) -> OutcomeReport {
        let outcomes = Outcomes { ended, ..Outcomes::default() };
        let revisions = [("new".to_owned(), outcomes), ("old".to_owned(), outcomes)].into();
        OutcomeReport { instance: instance.into(), seconds, revisions }
    }

    #[test]
    fn what_came_since_the_step_began_is_counted_once() {
        let mut counter = Counter::default();
        let ended = |counter: &Counter| counter.evidence().latest.ended;
        // a gateway that is older than the step had counted 40 before
        counter.add(&[report("a", 100.0, 40)], "new", "old", 1.0);
        assert_eq!(ended(&counter), 0);
        counter.add(&[report("a", 101.0, 45)], "new", "old", 2.0);
        counter.add(&[report("a", 101.0, 45)], "new", "old", 3.0);
        assert_eq!(ended(&counter), 5);
        // one that started after it has counted this step's alone
        counter.add(&[report("b", 1.5, 7)], "new", "old", 4.0);
        assert_eq!(ended(&counter), 12);
        // one that is gone keeps what it said; its next start begins at zero
        counter.add(&[report("a2", 0.5, 3)], "new", "old", 5.0);
        assert_eq!(ended(&counter), 15);
        assert_eq!(counter.evidence().stable.ended, 15);
        counter.restart();
        counter.add(&[report("a2", 1.5, 4)], "new", "old", 0.5);
        assert_eq!(ended(&counter), 1);
    }

    #[test]
    fn a_revision_without_requests_counts_nothing() {
        let mut counter = Counter::default();
        counter.add(&[report("a", 0.1, 4)], "other", "old", 1.0);
        assert_eq!(counter.evidence().latest, Outcomes::default());
    }
}
