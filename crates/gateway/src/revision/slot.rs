//! Who works on a request, and who waits: each replica has so many slots, and a revision one queue.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::oneshot;

use super::{Fault, Replica, Revision};
use crate::description::Endpoint;

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
        state.slots.grant(&revision, revision.now());
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

    /// Gives free slots to those who have waited longest.
    pub(super) fn grant(&mut self, revision: &Arc<Revision>, now: u64) {
        while !self.waiting.is_empty() {
            let Some(replica) = self.take(now) else { return };
            let Some((_, granted)) = self.waiting.pop_first() else { return };
            let slot = Slot { revision: Some(revision.clone()), replica };
            if let Err(mut slot) = granted.send(slot) {
                // who waited has left; the slot's own way back would take the lock that is held
                slot.revision = None;
                self.give_back(&slot.replica);
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
