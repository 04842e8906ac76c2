use longshore_platform::Load;

/// What is counted of a revision's requests. It is exact: every request counts from when it has
/// arrived to when it is over, however short it is and whenever the ledger is read.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    requests: u64,
    in_flight: u32,
    /// The ends of all requests that are over less the beginnings of all, in nanoseconds since the
    /// gateway's start. With what is in flight ending now it is the time that all of them took.
    nanos: i128,
}

impl Ledger {
    pub(super) fn begin(&mut self, at: u64) {
        self.requests += 1;
        self.in_flight += 1;
        self.nanos -= i128::from(at);
    }

    pub(super) fn end(&mut self, at: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.nanos += i128::from(at);
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(super) fn load(&self, now: u64, held: usize) -> Load {
        let nanos = self.nanos + i128::from(self.in_flight) * i128::from(now);
        Load {
            requests: self.requests,
            busy_seconds: nanos.max(0) as f64 / 1e9,
            in_flight: self.in_flight,
            held: held.try_into().unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn time_counts_from_arrival_to_end() {
        let mut ledger = Ledger::default();
        ledger.begin(SECOND);
        ledger.begin(2 * SECOND);
        assert_eq!(ledger.load(3 * SECOND, 1).busy_seconds, 3.0);
        ledger.end(3 * SECOND);
        ledger.end(3 * SECOND);
        let load = ledger.load(100 * SECOND, 0);
        assert_eq!((load.requests, load.busy_seconds, load.in_flight), (2, 3.0, 0));
    }

    #[test]
    fn a_request_between_two_reports_is_in_their_difference() {
        let mut ledger = Ledger::default();
        let before = ledger.load(10 * SECOND, 0);
        ledger.begin(10 * SECOND + 100);
        ledger.end(10 * SECOND + 1_000_100);
        let after = ledger.load(11 * SECOND, 0);
        assert_eq!(after.requests - before.requests, 1);
        assert!((after.busy_seconds - before.busy_seconds - 1e-3).abs() < 1e-12);
    }
}
