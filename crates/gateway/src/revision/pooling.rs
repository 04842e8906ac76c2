/// Seconds in a row with requests after which a replica of its own is started.
const SECONDS: u32 = 10;

/// Requests at a time beyond which one is started at once.
const AT_A_TIME: u32 = 8;

/// How a revision that has no replica is asked at the warm pool.
#[derive(Debug, Default)]
pub(super) struct Pooling {
    /// The second of the last request, since the gateway's start.
    last: Option<u64>,
    /// Seconds in a row that had requests.
    streak: u32,
    /// The second in which a replica was last asked for.
    asked: Option<u64>,
}

impl Pooling {
    /// Notes a request in the second `now`; true when a replica is to be asked for.
    pub(super) fn wants_replica(&mut self, now: u64, in_flight: u32) -> bool {
        self.streak = match self.last {
            Some(last) if last == now => self.streak,
            Some(last) if last + 1 == now => self.streak.saturating_add(1),
            _ => 1,
        };
        self.last = Some(now);
        let lasts = self.streak >= SECONDS || in_flight > AT_A_TIME;
        lasts && self.asked.replace(now) != Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::Pooling;

    #[test]
    fn load_that_lasts_is_worth_a_replica() {
        let mut pooling = Pooling::default();
        for second in 0..9 {
            assert!(!pooling.wants_replica(second, 1) && !pooling.wants_replica(second, 8));
        }
        assert!(pooling.wants_replica(9, 1));
        assert!(!pooling.wants_replica(9, 1), "once a second");
        assert!(pooling.wants_replica(10, 1));
        assert!(!pooling.wants_replica(12, 1), "a second without requests ends it");
        assert!(pooling.wants_replica(13, 9), "so many at a time need no time");
    }
}
