use std::time::Duration;

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

impl Tally {
    pub(super) fn end(&mut self, end: End, took: Duration) {
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
