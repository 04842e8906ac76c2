use std::time::Duration;

use longshore_platform::Outcomes;

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
    /// Seconds from their arrival to their end, summed over all.
    pub(crate) seconds: f64,
    /// How many took so long; the last has no bound.
    pub(crate) buckets: [u64; BUCKETS.len() + 1],
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
            // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
            Self::Grpc(code) => matches!(code, 2 | 4 | 12 | 13 | 14 | 15),
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
