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
    /// Faults since it last answered well, of each [`Fault`].
    faults: [AtomicU32; 2],
    /// Until when nothing is sent to it, and until when others are preferred, in nanoseconds since the
    /// gateway's start.
    out_until: [AtomicU64; 2],
}

/// How a replica has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It cannot be connected to, or has closed the connection before it answered: nothing is sent to it
    /// for a while.
    Unreachable = 0,
    /// It answers 5xx, time after time: others are preferred for a while, when there are some.
    Failing = 1,
}

impl Fault {
    /// Faults in a row that put a replica out.
    fn most(self) -> u32 {
        match self {
            Self::Unreachable => 1,
            Self::Failing => 5,
        }
    }

    /// The shortest and the longest time that it is out, in nanoseconds; each further fault doubles it.
    fn out(self) -> (u64, u64) {
        match self {
            // a container that starts anew at the same address is found soon
            Self::Unreachable => (20_000_000, 1_000_000_000),
            Self::Failing => (1_000_000_000, 30_000_000_000),
        }
    }
}

impl Replica {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            in_flight: AtomicU32::new(0),
            faults: Default::default(),
            out_until: Default::default(),
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
        if self.faults.iter().any(|faults| faults.load(Relaxed) != 0) {
            self.forgive();
        }
    }

    /// Its faults are forgotten.
    pub(super) fn forgive(&self) {
        for (faults, out) in self.faults.iter().zip(&self.out_until) {
            faults.store(0, Relaxed);
            out.store(0, Relaxed);
        }
    }

    /// It has failed; true when it is out from now on and was not before.
    pub(super) fn has_failed(&self, fault: Fault, now: u64) -> bool {
        let at = fault as usize;
        let (Some(faults), Some(out)) = (self.faults.get(at), self.out_until.get(at)) else {
            return false;
        };
        let beyond = faults.fetch_add(1, AcqRel).saturating_add(1).checked_sub(fault.most());
        let Some(beyond) = beyond else { return false };
        let (shortest, longest) = fault.out();
        let time = (shortest << beyond.min(10)).min(longest);
        out.swap(now.saturating_add(time), AcqRel) <= now
    }

    /// True while it is out by that fault.
    pub(super) fn is_out(&self, fault: Fault, now: u64) -> bool {
        self.out_until.get(fault as usize).is_some_and(|until| until.load(Relaxed) > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Replica};
    use crate::description::Endpoint;

    #[test]
    fn one_refused_connection_puts_it_out_and_one_answer_brings_it_back() {
        let address = "10.0.0.1:8080".parse().unwrap();
        let replica = Replica::new(Endpoint { address, grpc: None });
        assert!(replica.has_failed(Fault::Unreachable, 0));
        assert!(replica.is_out(Fault::Unreachable, 1) && !replica.is_out(Fault::Failing, 1));
        assert!(!replica.is_out(Fault::Unreachable, 20_000_000));
        assert!(!replica.has_failed(Fault::Unreachable, 1), "it is out already");
        replica.is_well();
        assert!(!replica.is_out(Fault::Unreachable, 1));
        for _ in 0..4 {
            assert!(!replica.has_failed(Fault::Failing, 0));
        }
        assert!(!replica.is_out(Fault::Failing, 0));
        assert!(replica.has_failed(Fault::Failing, 0));
        assert!(replica.is_out(Fault::Failing, 999_999_999));
        for _ in 0..100 {
            replica.has_failed(Fault::Failing, 0);
        }
        assert!(!replica.is_out(Fault::Failing, 30_000_000_000));
    }
}
