use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Latency;

/// How the requests of one InferenceService have ended at one gateway since it started: what a stepped
/// rollout is judged by. All figures only grow; a reader takes the difference of two reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeReport {
    /// The gateway, and which start of it, as in [`LoadReport`](crate::LoadReport).
    pub instance: String,
    /// Seconds since that start, by the gateway's own clock.
    pub seconds: f64,
    /// Revisions that have been asked since that start, by name.
    pub revisions: BTreeMap<String, Outcomes>,
}

/// How the requests of one revision have ended at one gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Requests that have ended; copies of requests do not count here. Those whose client left before
    /// the reply began are not in it: they say nothing of the revision.
    pub ended: u64,
    /// Of these, the requests that failed by a fault of the server: HTTP 5xx, gRPC's `UNKNOWN`,
    /// `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS`.
    pub errors: u64,
    /// How long they took from their arrival to the begin of the reply, the failed ones included.
    #[serde(default, skip_serializing_if = "Latency::is_empty")]
    pub latency: Latency,
    /// Copies of the stable revision's requests that this one was asked as well, whose reply was held
    /// against the stable one's.
    #[serde(default)]
    pub compared: u64,
    /// Of these, the replies that differed, failures included.
    #[serde(default)]
    pub disagreed: u64,
    /// Of these, the copies that failed by a fault of the server.
    #[serde(default)]
    pub failed: u64,
    /// How long copies took from when they were sent to the begin of the reply.
    #[serde(default, skip_serializing_if = "Latency::is_empty")]
    pub copy_latency: Latency,
    /// Copies that were not made or not compared: too many or too long at a time, no replica, or replies
    /// that cannot be read.
    #[serde(default)]
    pub dropped: u64,
}

impl Outcomes {
    /// Adds what another gateway has counted, or another revision.
    pub fn merge(&mut self, other: &Self) {
        self.ended = self.ended.saturating_add(other.ended);
        self.errors = self.errors.saturating_add(other.errors);
        self.latency.merge(&other.latency);
        self.compared = self.compared.saturating_add(other.compared);
        self.disagreed = self.disagreed.saturating_add(other.disagreed);
        self.failed = self.failed.saturating_add(other.failed);
        self.copy_latency.merge(&other.copy_latency);
        self.dropped = self.dropped.saturating_add(other.dropped);
    }

    /// What was counted since it was `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            ended: self.ended.saturating_sub(earlier.ended),
            errors: self.errors.saturating_sub(earlier.errors),
            latency: self.latency.since(&earlier.latency),
            compared: self.compared.saturating_sub(earlier.compared),
            disagreed: self.disagreed.saturating_sub(earlier.disagreed),
            failed: self.failed.saturating_sub(earlier.failed),
            copy_latency: self.copy_latency.since(&earlier.copy_latency),
            dropped: self.dropped.saturating_sub(earlier.dropped),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Outcomes;

    #[test]
    fn a_difference_is_what_came_since() {
        let mut outcomes =
            Outcomes { ended: 3, errors: 1, failed: 2, dropped: 4, ..Outcomes::default() };
        outcomes.latency.add(Duration::from_millis(5));
        outcomes.copy_latency.add(Duration::from_millis(7));
        let mut later = outcomes;
        later.merge(&outcomes);
        assert_eq!(later.since(&outcomes), outcomes);
        let text = serde_json::to_string(&outcomes).unwrap();
        assert_eq!(serde_json::from_str::<Outcomes>(&text).unwrap(), outcomes);
    }
}
