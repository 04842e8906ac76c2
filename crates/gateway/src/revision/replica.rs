use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Relaxed},
};

use crate::description::Endpoint;

/// One replica of a revision.
#[derive(Debug)]
pub(crate) struct Replica {
    endpoint: Endpoint,
    /// Requests that it works on for this gateway. Changed only under the lock of its revision.
    in_flight: AtomicU32,
    /// Failures since it last answered well.
    failures: AtomicU32,
    /// Until when others are asked instead, in nanoseconds since the gateway's start.
    away_until: AtomicU64,
}

/// Failures in a row after which a replica is left out.
const FAILURES: u32 = 5;

/// How long a replica is left out for the first time, in nanoseconds; each further failure doubles it.
const AWAY: u64 = 100_000_000;

/// The longest time that a replica is left out.
const LONGEST_AWAY: u64 = 10_000_000_000;

/// How a replica has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection could be made to it, or it closed one before it answered: it is left out at once.
    Unreachable,
    /// It answered 5xx: so may its model, so that it takes several in a row.
    Failing,
}

impl Replica {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            in_flight: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            away_until: AtomicU64::new(0),
        }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    pub(super) fn begins(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    pub(super) fn ends(&self) {
        let less = |count: u32| Some(count.saturating_sub(1));
        // the update cannot be refused
        let _ = self.in_flight.fetch_update(Relaxed, Relaxed, less);
    }

    /// It has answered.
    pub(crate) fn is_well(&self) {
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
            self.away_until.store(0, Relaxed);
        }
    }

    /// It has failed; true when it is left out from now on and was not before.
    pub(crate) fn has_failed(&self, fault: Fault, now: u64) -> bool {
        let failures = match fault {
            Fault::Unreachable => self.failures.fetch_add(1, AcqRel).saturating_add(FAILURES),
            Fault::Failing => self.failures.fetch_add(1, AcqRel).saturating_add(1),
        };
        let Some(beyond) = failures.checked_sub(FAILURES) else { return false };
        let time = AWAY.checked_shl(beyond.min(16)).unwrap_or(LONGEST_AWAY).min(LONGEST_AWAY);
        let before = self.away_until.swap(now.saturating_add(time), AcqRel);
        before <= now
    }

    /// True while others are asked instead.
    pub(crate) fn is_away(&self, now: u64) -> bool {
        self.away_until.load(Relaxed) > now
    }
}
