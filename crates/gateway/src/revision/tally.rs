use std::time::Duration;

use longshore_platform::Outcomes;

use crate::{
    grpc,
    trace::{Ended, GRPC_STATUS, HTTP_STATUS},
};

/// Upper bounds of the buckets of seconds.
pub(crate) const BUCKETS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
    300.0,
];

/// How requests have ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// By how they ended.
    pub(crate) ended: Vec<(End, u64)>,
    /// From their arrival to their end.
    pub(crate) times: Times,
    /// What a rollout is judged by.
    pub(crate) outcomes: Outcomes,
    /// Requests that were sent again.
    pub(crate) retries: u64,
    /// Replicas that were left out, by [`Fault`](super::Fault).
    pub(crate) ejections: [u64; 2],
    /// Requests that waited for a replica.
    pub(crate) waited: u64,
    /// Requests that were sent to the warm pool.
    pub(crate) pooled: u64,
    /// Copies of another revision's requests, by [`CopyEnd`].
    pub(crate) copies: [u64; CopyEnd::ALL.len()],
    /// From when they were sent to the head of their reply, of those that were answered.
    pub(crate) copy_times: Times,
}

/// How long something has taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Seconds, summed over all.
    pub(crate) seconds: f64,
    /// How many took so long, by [`BUCKETS`]; the last has no bound.
    pub(crate) buckets: [u64; BUCKETS.len() + 1],
}

/// What has come of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyEnd {
    /// Its reply says the same.
    Agreed,
    /// Its reply says something else.
    Differed,
    /// It failed by a fault of the server.
    Failed,
    /// There were too many copies, or all replicas were at work.
    Busy,
    /// A body was too long to be kept.
    Large,
    /// No replica was ready in time.
    Absent,
    /// The replies cannot be read.
    Unreadable,
}

impl CopyEnd {
    pub(crate) const ALL: [Self; 7] = [
        Self::Agreed,
        Self::Differed,
        Self::Failed,
        Self::Busy,
        Self::Large,
        Self::Absent,
        Self::Unreadable,
    ];

    /// Its name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Differed => "differed",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Large => "large",
            Self::Absent => "absent",
            Self::Unreadable => "unreadable",
        }
    }
}

/// How a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// By a status of HTTP.
    Http(u16),
    /// By a status of gRPC.
    Grpc(i32),
    /// Its client left before it was answered.
    Left,
}

impl End {
    /// True when it is a fault of the server.
    fn is_error(self) -> bool {
        match self {
            Self::Http(status) => status >= 500,
            Self::Grpc(code) => grpc::is_fault(code),
            Self::Left => false,
        }
    }

    /// As the span of the request tells it.
    pub(super) fn ended(self) -> Ended {
        let (key, code) = match self {
            Self::Http(status) => (HTTP_STATUS, status),
            Self::Grpc(status) => (GRPC_STATUS, u16::try_from(status).unwrap_or_default()),
            // as the metrics count it
            Self::Left => (HTTP_STATUS, 499),
        };
        Ended { key, code, is_error: self.is_error() }
    }

    /// True when the replica that answered so may be ill, and another may do better. A method that it does
    /// not have is missing everywhere, and `DEADLINE_EXCEEDED` is most often the deadline that the client
    /// has set.
    pub(super) fn is_fault_of_replica(self) -> bool {
        match self {
            Self::Http(status) => status >= 500 && status != 501,
            // UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS: what gRPC maps to 500 and 503
            Self::Grpc(code) => matches!(code, 2 | 13 | 14 | 15),
            Self::Left => false,
        }
    }
}

impl Tally {
    /// A request has ended; the head of its reply was there after `replied`.
    pub(super) fn end(&mut self, end: End, took: Duration, replied: Option<Duration>) {
        if let Some(replied) = replied {
            self.outcomes.ended += 1;
            self.outcomes.errors += u64::from(end.is_error());
            self.outcomes.latency.add(replied);
        }
        match self.ended.iter_mut().find(|(other, _)| *other == end) {
            Some((_, count)) => *count += 1,
            None => self.ended.push((end, 1)),
        }
        self.times.add(took);
    }

    /// A copy has ended; the head of its reply, when it has one, was there after `replied`.
    pub(super) fn copy_ended(&mut self, end: CopyEnd, replied: Option<Duration>) {
        if let Some(count) = self.copies.get_mut(end as usize) {
            *count += 1;
        }
        let outcomes = &mut self.outcomes;
        match end {
            CopyEnd::Agreed | CopyEnd::Differed | CopyEnd::Failed => {
                outcomes.compared += 1;
                outcomes.disagreed += u64::from(end != CopyEnd::Agreed);
                outcomes.failed += u64::from(end == CopyEnd::Failed);
            }
            CopyEnd::Busy | CopyEnd::Large | CopyEnd::Absent | CopyEnd::Unreadable => {
                outcomes.dropped += 1;
            }
        }
        let Some(replied) = replied else { return };
        outcomes.copy_latency.add(replied);
        self.copy_times.add(replied);
    }
}

impl Times {
    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.seconds += seconds;
        let at = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
        if let Some(count) = self.buckets.get_mut(at) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{End, Tally};

    #[test]
    fn faults_of_the_server_are_errors_and_clients_that_left_count_nothing() {
        let mut tally = Tally::default();
        let second = Duration::from_secs(1);
        for end in [End::Http(200), End::Http(404), End::Grpc(0), End::Grpc(3), End::Grpc(5)] {
            tally.end(end, second, Some(second));
        }
        assert_eq!((tally.outcomes.ended, tally.outcomes.errors), (5, 0));
        for end in [End::Http(500), End::Http(503), End::Grpc(2), End::Grpc(13), End::Grpc(14)] {
            tally.end(end, second, Some(second));
        }
        tally.end(End::Left, second, None);
        assert_eq!((tally.outcomes.ended, tally.outcomes.errors), (10, 5));
        assert_eq!(tally.outcomes.latency.at_least(Duration::from_millis(900)), 10);
    }
}
