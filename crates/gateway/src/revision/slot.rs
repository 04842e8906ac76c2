//! Who works on a request, and who waits: each replica has so many slots, and a revision one queue.

use std::{collections::BTreeMap, fmt, net::SocketAddr, sync::Arc};

use hyper::body::Incoming;
use tokio::sync::oneshot;

use super::{
    Fault, Replica, Revision,
    lending::{Giver, Lending},
};
use crate::{description::Endpoint, upstream::Open};

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
    /// There when another gateway has given it.
    #[expect(dead_code, reason = "it is given back when it is dropped")]
    lease: Option<Lease>,
    /// Which start of a gateway has given it, when a request of this one uses it and there is a limit.
    used: Option<Giver>,
}

/// What tells the gateway that has given a slot when it is given back: the reply to the request for it,
/// which lasts for as long as this.
pub(crate) struct Lease {
    _reply: Incoming,
    _open: Open,
}

impl Lease {
    pub(crate) fn new(reply: Incoming, open: Open) -> Self {
        Self { _reply: reply, _open: open }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Lease")
    }
}

impl Slot {
    fn new(revision: &Arc<Revision>, replica: Arc<Replica>, used: Option<Giver>) -> Self {
        Self { revision: Some(revision.clone()), replica, lease: None, used }
    }

    /// One that the gateway `owner` has given; `None` when it does not give them any more: the one that
    /// does would not know of it.
    pub(crate) fn lent(
        revision: &Arc<Revision>,
        endpoint: Endpoint,
        (owner, giver): (SocketAddr, Giver),
        lease: Lease,
    ) -> Option<Self> {
        let mut state = revision.state();
        let slots = &mut state.slots;
        if slots.owner().is_some_and(|now| now != owner) {
            return None;
        }
        let replica = slots.take_this(endpoint);
        let used = slots.used(&replica, giver);
        Some(Self { revision: Some(revision.clone()), replica, lease: Some(lease), used })
    }

    pub(crate) fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(revision) = self.revision.take() else { return };
        let mut state = revision.state();
        state.slots.give_back(&self.replica, self.used);
        state.slots.grant(&revision, revision.now(), BY_END);
    }
}

/// A request that waits.
#[derive(Debug)]
struct Line {
    granted: oneshot::Sender<Slot>,
    /// Another gateway asks for it.
    is_lent: bool,
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
    waiting: BTreeMap<u64, Line>,
    last_waiting: u64,
    pub(super) lending: Lending,
    /// When time alone has last let some through, in nanoseconds since the gateway's start.
    looked: u64,
    /// Where the search for a replica begins, so that equals take turns.
    turn: usize,
}

impl Slots {
    /// Requests of all gateways that wait here.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Requests of this gateway that wait, here or elsewhere.
    pub(super) fn held(&self) -> usize {
        self.lending.away + self.waiting.values().filter(|line| !line.is_lent).count()
    }

    /// The other gateway that gives the slots; `None` when this one does.
    pub(super) fn owner(&self) -> Option<SocketAddr> {
        self.lending.owner().filter(|_| self.limit != 0)
    }

    /// Takes over who gives the slots. Whoever waits here and has to ask elsewhere is told so.
    pub(super) fn set_owner(&mut self, owner: Option<SocketAddr>) {
        self.lending.set_owner(owner);
        self.send_away();
    }

    /// True while this gateway does not know which slots others have given.
    pub(super) fn settles(&self) -> bool {
        self.lending.settles() && self.limit != 0
    }

    /// A request of this gateway uses a slot that `giver` has given.
    fn used(&mut self, replica: &Replica, giver: Giver) -> Option<Giver> {
        (self.limit != 0).then(|| {
            self.lending.begins(giver, replica.endpoint().address);
            giver
        })
    }

    fn send_away(&mut self) {
        if self.owner().is_some() {
            self.waiting.clear();
        }
    }

    /// True when no replica can be reached, or there is none.
    pub(super) fn is_cut_off(&self, now: u64) -> bool {
        self.replicas.iter().all(|replica| replica.is_out(Fault::Unreachable, now))
    }

    pub(super) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
        self.send_away();
    }

    /// A slot of the replica at this endpoint, whose gateway has counted it.
    fn take_this(&mut self, endpoint: Endpoint) -> Arc<Replica> {
        let mut known = self.replicas.iter().chain(&self.leaving);
        let found = known.find(|replica| replica.endpoint() == endpoint).cloned();
        let replica = found.unwrap_or_else(|| {
            // it is not listed here yet, or no more
            let replica = Arc::new(Replica::new(endpoint));
            self.leaving.push(replica.clone());
            replica
        });
        replica.begins();
        replica
    }

    /// The replica at this address.
    pub(super) fn at(&self, address: SocketAddr) -> Option<&Arc<Replica>> {
        self.replicas.iter().find(|replica| replica.endpoint().address == address)
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
            let elsewhere = || self.lending.elsewhere(replica.endpoint().address);
            let is_full = self.limit != 0 && in_flight.saturating_add(elsewhere()) >= self.limit;
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

    fn give_back(&mut self, replica: &Arc<Replica>, used: Option<Giver>) {
        replica.ends();
        if let Some(giver) = used {
            self.lending.ends(giver, replica.endpoint().address);
        }
        if replica.in_flight() == 0 {
            self.leaving.retain(|other| !Arc::ptr_eq(other, replica));
        }
    }

    /// Joins the queue, for another gateway when `is_lent`.
    pub(super) fn wait(&mut self, is_lent: bool) -> (u64, oneshot::Receiver<Slot>) {
        let (granted, grant) = oneshot::channel();
        self.last_waiting += 1;
        // else who waits is told at once that it waits elsewhere
        if self.owner().is_none() {
            self.waiting.insert(self.last_waiting, Line { granted, is_lent });
        }
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
        while most > 0 && !self.waiting.is_empty() && !self.settles() {
            let Some(replica) = self.take(now) else { return };
            let Some((_, line)) = self.waiting.pop_first() else { return };
            let used = if line.is_lent { None } else { self.used(&replica, 0) };
            match line.granted.send(Slot::new(revision, replica, used)) {
                Ok(()) => most -= 1,
                Err(mut slot) => {
                    // who waited has left; the slot's own way back would take the lock that is held
                    slot.revision = None;
                    self.give_back(&slot.replica, slot.used);
                }
            }
        }
    }

    /// A slot, when one is free and nobody waits for it.
    pub(super) fn take_first(&mut self, revision: &Arc<Revision>, now: u64) -> Option<Slot> {
        if self.is_closed() { None } else { self.take_any(revision, now) }
    }

    /// The same for another gateway.
    pub(super) fn take_for_other(&mut self, revision: &Arc<Revision>, now: u64) -> Option<Slot> {
        if self.is_closed() {
            return None;
        }
        self.take(now).map(|replica| Slot::new(revision, replica, None))
    }

    /// True when nobody is given a slot who does not wait for it.
    fn is_closed(&self) -> bool {
        !self.waiting.is_empty() || self.owner().is_some() || self.settles()
    }

    /// A slot when one is free by what this gateway counts, whoever waits and whoever gives the slots.
    pub(super) fn take_any(&mut self, revision: &Arc<Revision>, now: u64) -> Option<Slot> {
        let replica = self.take(now)?;
        let used = self.used(&replica, 0);
        Some(Slot::new(revision, replica, used))
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
        let first = waiting.remove(0).now_or_never().flatten().unwrap();
        drop(first);
        assert_eq!(let_through(), AT_ONCE + BY_END);
        // so does time, however many look
        thread::sleep(Duration::from_nanos(WITHOUT_END));
        revision.look_again();
        revision.look_again();
        assert_eq!(let_through(), 2 * AT_ONCE + BY_END);
        // and the answers alone bring all through, in the order in which they came
        assert!(waiting.into_iter().all(|it| it.now_or_never().flatten().is_some()));
        assert_eq!(revision.held(), 0);
    }
}
