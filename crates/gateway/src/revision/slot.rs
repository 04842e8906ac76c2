//! Who works on a request, and who waits: each replica has so many slots, and a revision one queue.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::oneshot;

use super::{Fault, Replica, Revision};
use crate::description::Endpoint;

/// Most of those who wait that one event lets through, for each replica: all at once would be a flood to a
/// replica that has just woken.
const AT_ONCE: usize = 64;

/// How many of them the end of a request lets through, so that the flow grows with what is answered.
const BY_END: usize = 2;

/// After how many nanoseconds others are let through though no request has ended.
const WITHOUT_END: u64 = 50_000_000;

/// The right to send one request to a replica; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Gone once the slot was given back otherwise.
    revision: Option<Arc<Revision>>,
    replica: Arc<Replica>,
}

impl Slot {
    pub(crate) fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(revision) = self.revision.take() else { return };
        let mut state = revision.state();
        state.slots.give_back(&self.replica);
        state.slots.grant(&revision, revision.now(), BY_END);
    }
}

/// The slots of a revision, and who waits for one.
#[derive(Debug, Default)]
pub(super) struct Slots {
    replicas: Vec<Arc<Replica>>,
    /// Replicas that are no longer ready and still work on requests. One that comes back counts them.
    leaving: Vec<Arc<Replica>>,
    /// Most requests that a replica works on at a time; 0 is no limit.
    limit: u32,
    /// In the order in which they came.
    waiting: BTreeMap<u64, oneshot::Sender<Slot>>,
    last_waiting: u64,
    /// When time alone has last let some through, in nanoseconds since the gateway's start.
    looked: u64,
    /// Where the search for a replica begins, so that equals take turns.
    turn: usize,
}

impl Slots {
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// True when no replica can be reached, or there is none.
    pub(super) fn is_cut_off(&self, now: u64) -> bool {
        self.replicas.iter().all(|replica| replica.is_out(Fault::Unreachable, now))
    }

    pub(super) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Takes over which replicas are ready.
    pub(super) fn replace(&mut self, endpoints: &[Endpoint]) {
        for replica in &self.leaving {
            // it is ready again, so it is not what it was
            replica.forgive();
        }
        let mut known = std::mem::take(&mut self.replicas);
        known.append(&mut self.leaving);
        for endpoint in endpoints {
            let at = known.iter().position(|replica| replica.endpoint() == *endpoint);
            let replica = at.map(|at| known.swap_remove(at));
            self.replicas.push(replica.unwrap_or_else(|| Arc::new(Replica::new(*endpoint))));
        }
        known.retain(|replica| replica.in_flight() > 0);
        self.leaving = known;
    }

    /// Takes a slot of the replica with the fewest requests, of those that do not fail when there are
    /// some. `None` when none is free.
    pub(super) fn take(&mut self, now: u64) -> Option<Arc<Replica>> {
        let count = self.replicas.len();
        self.turn = self.turn.wrapping_add(1);
        let mut best: Option<(bool, u32, &Arc<Replica>)> = None;
        for step in 0..count {
            let replica = self.replicas.get((self.turn.wrapping_add(step)) % count)?;
            let in_flight = replica.in_flight();
            let is_full = self.limit != 0 && in_flight >= self.limit;
            if is_full || replica.is_out(Fault::Unreachable, now) {
                continue;
            }
            let fails = replica.is_out(Fault::Failing, now);
            if best.is_none_or(|(other_fails, most, _)| (fails, in_flight) < (other_fails, most)) {
                best = Some((fails, in_flight, replica));
                if !fails && in_flight == 0 {
                    break;
                }
            }
        }
        let (_, _, replica) = best?;
        replica.begins();
        Some(replica.clone())
    }

    fn give_back(&mut self, replica: &Arc<Replica>) {
        replica.ends();
        if replica.in_flight() == 0 {
            self.leaving.retain(|other| !Arc::ptr_eq(other, replica));
        }
    }

    /// Joins the queue.
    pub(super) fn wait(&mut self) -> (u64, oneshot::Receiver<Slot>) {
        let (granted, grant) = oneshot::channel();
        self.last_waiting += 1;
        self.waiting.insert(self.last_waiting, granted);
        (self.last_waiting, grant)
    }

    /// Leaves the queue.
    pub(super) fn leave(&mut self, waiting: u64) {
        self.waiting.remove(&waiting);
    }

    /// Gives free slots to those who have waited longest, when replicas or their limit have changed.
    pub(super) fn grant_changed(&mut self, revision: &Arc<Revision>, now: u64) {
        self.grant(revision, now, AT_ONCE.saturating_mul(self.replicas.len()));
    }

    /// The same, when nothing but time has passed.
    pub(super) fn grant_late(&mut self, revision: &Arc<Revision>, now: u64) {
        if now.saturating_sub(self.looked) >= WITHOUT_END {
            self.looked = now;
            self.grant_changed(revision, now);
        }
    }

    /// Gives free slots to those who have waited longest, to `most` of them.
    pub(super) fn grant(&mut self, revision: &Arc<Revision>, now: u64, mut most: usize) {
        while most > 0 && !self.waiting.is_empty() {
            let Some(replica) = self.take(now) else { return };
            let Some((_, granted)) = self.waiting.pop_first() else { return };
            let slot = Slot { revision: Some(revision.clone()), replica };
            match granted.send(slot) {
                Ok(()) => most -= 1,
                Err(mut slot) => {
                    // who waited has left; the slot's own way back would take the lock that is held
                    slot.revision = None;
                    self.give_back(&slot.replica);
                }
            }
        }
    }

    /// A slot, when one is free and nobody waits for it.
    pub(super) fn take_first(&mut self, revision: &Arc<Revision>, now: u64) -> Option<Slot> {
        if !self.waiting.is_empty() {
            return None;
        }
        self.take(now).map(|replica| Slot { revision: Some(revision.clone()), replica })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::Arc,
        thread,
        time::{Duration, Instant},
    };

    use futures_util::FutureExt;

    use super::{AT_ONCE, BY_END, WITHOUT_END};
    use crate::{
        description::Endpoint,
        revision::{Revision, Visit},
    };

    #[test]
    fn a_replica_that_has_just_woken_is_not_flooded_and_nobody_is_left_waiting() {
        let revision = Arc::new(Revision::new("ml", "iris-1", Instant::now(), None));
        let begin = || Visit::begin(revision.clone(), Instant::now()).0;
        let visits: Vec<_> = (0..1000).map(|_| begin()).collect();
        let mut waiting: Vec<_> = visits.iter().map(|visit| visit.wait(1000).unwrap()).collect();
        let address = "10.0.0.1:8080".parse().unwrap();
        revision.set_replicas(vec![Endpoint { address, grpc: None }]);
        let let_through = || 1000 - revision.held();
        assert_eq!(let_through(), AT_ONCE);
        // an answer lets others through
        let first = waiting.remove(0).now_or_never().unwrap();
        drop(first);
        assert_eq!(let_through(), AT_ONCE + BY_END);
        // so does time, however many look
        thread::sleep(Duration::from_nanos(WITHOUT_END));
        revision.look_again();
        revision.look_again();
        assert_eq!(let_through(), 2 * AT_ONCE + BY_END);
        // and the answers alone bring all through, in the order in which they came
        assert!(waiting.into_iter().all(|it| it.now_or_never().is_some()));
        assert_eq!(revision.held(), 0);
    }
}
