//! A revision while it runs: its replicas, who waits for one of them, and what is counted.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use longshore_platform::{Load, Outcomes, Pool, Pooled, Revision as Facts};

mod ledger;
mod lending;
mod pooling;
mod replica;
mod slot;
mod tally;
mod visit;

pub(crate) use lending::{Giver, Uses};
pub(crate) use replica::{Fault, Replica};
pub(crate) use slot::{Lease, Slot};
pub(crate) use tally::{BUCKETS, CopyEnd, End, Tally, Times};
pub(crate) use visit::{Denied, Visit, Waiting};

use self::{ledger::Ledger, pooling::Pooling, slot::Slots};
use crate::description::Endpoint;

/// One revision. What is routed to it may change, and its replicas come and go: it stays the same.
pub struct Revision {
    namespace: String,
    name: String,
    /// When its gateway started.
    epoch: Instant,
    facts: ArcSwapOption<Facts>,
    /// The warm pool of its namespace, whose replicas are kept as those of a revision are.
    pool: Option<Arc<Revision>>,
    trouble: ArcSwapOption<String>,
    /// The addresses, for those who only look.
    endpoints: ArcSwap<Vec<Endpoint>>,
    /// Held for the time of a few additions, twice a request.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: Slots,
    ledger: Ledger,
    pooling: Pooling,
    /// There once a request has come.
    tally: Option<Box<Tally>>,
}

impl State {
    fn tally(&mut self) -> &mut Tally {
        self.tally.get_or_insert_default()
    }
}

impl Revision {
    pub(crate) fn new(
        namespace: &str,
        name: &str,
        epoch: Instant,
        pool: Option<Arc<Revision>>,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            epoch,
            facts: ArcSwapOption::empty(),
            pool,
            trouble: ArcSwapOption::empty(),
            endpoints: ArcSwap::default(),
            state: Mutex::default(),
        }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is known of it; `None` while its Service was not seen.
    pub fn facts(&self) -> Option<Arc<Facts>> {
        self.facts.load_full()
    }

    /// Requests that wait for a replica now.
    pub fn held(&self) -> usize {
        self.state().slots.held()
    }

    /// Where its replicas are.
    pub fn endpoints(&self) -> Arc<Vec<Endpoint>> {
        self.endpoints.load_full()
    }

    /// Tells what keeps it from having a replica: requests that wait in vain are answered with it, so
    /// it is for callers to read. `None` once it is over.
    pub fn set_trouble(&self, trouble: Option<String>) {
        self.trouble.store(trouble.map(Arc::new));
    }

    /// What keeps it from having a replica.
    pub fn trouble(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// What has been counted until now.
    pub fn load(&self) -> Load {
        let state = self.state();
        // the time is taken while nobody can begin or end
        state.ledger.load(self.now(), state.slots.held())
    }

    pub(crate) fn set_facts(self: &Arc<Self>, facts: Option<Facts>) {
        let limit = facts.as_ref().map_or(0, |facts| facts.container_concurrency);
        self.facts.store(facts.map(Arc::new));
        let mut state = self.state();
        state.slots.set_limit(limit);
        state.slots.grant_changed(self, self.now());
    }

    /// Takes over which other gateway gives the slots of replicas with a limit; `None` when this one does.
    pub(crate) fn set_owner(self: &Arc<Self>, owner: Option<SocketAddr>) {
        let mut state = self.state();
        state.slots.set_owner(owner);
        state.slots.grant_changed(self, self.now());
    }

    /// The other gateway that gives its slots; `None` when this one does, or there is no limit.
    pub(crate) fn owner(&self) -> Option<SocketAddr> {
        self.state().slots.owner()
    }

    /// True when this gateway gives its slots, and has the queue of those who wait for one.
    pub fn has_queue(&self) -> bool {
        self.owner().is_none()
    }

    /// A request of another gateway that asks for a slot joins the queue, unless `most` wait already.
    pub(crate) fn wait_for_other(self: &Arc<Self>, most: usize) -> Result<Waiting, Denied> {
        Waiting::new(self, most, true)
    }

    /// The same for one that does not wait.
    pub(crate) fn slot_for_other(self: &Arc<Self>) -> Option<Slot> {
        self.state().slots.take_for_other(self, self.now())
    }

    /// True while it is not known which of its slots other gateways have given.
    pub(crate) fn settles(&self) -> bool {
        self.state().slots.settles()
    }

    /// It is known.
    pub(crate) fn has_settled(self: &Arc<Self>) {
        let mut state = self.state();
        state.slots.lending.has_settled();
        state.slots.grant_changed(self, self.now());
    }

    /// Which of its slots others have given to the gateway `peer`; `None` when that is gone.
    pub(crate) fn set_foreign(self: &Arc<Self>, peer: SocketAddr, uses: Option<Uses>) {
        let mut state = self.state();
        state.slots.lending.set_foreign(peer, uses);
        state.slots.grant_changed(self, self.now());
    }

    /// The gateways that use slots which others have given.
    pub(crate) fn foreign(&self) -> Vec<SocketAddr> {
        self.state().slots.lending.foreign().collect()
    }

    /// What requests of this gateway use of its slots, without those that `giver` has given.
    pub(crate) fn uses(&self, giver: Giver) -> Uses {
        self.state().slots.lending.uses(giver)
    }

    /// Another gateway could not reach the replica at this address.
    pub(crate) fn is_lost(&self, address: SocketAddr) {
        let replica = self.state().slots.at(address).cloned();
        if let Some(replica) = replica {
            self.has_failed(&replica, Fault::Unreachable);
        }
    }

    /// A request does not get its slot at once.
    pub(crate) fn waits(&self) {
        self.state().tally().waited += 1;
    }

    pub(crate) fn set_replicas(self: &Arc<Self>, mut endpoints: Vec<Endpoint>) {
        endpoints.sort_unstable();
        endpoints.dedup();
        if !endpoints.is_empty() {
            self.set_trouble(None);
        }
        let mut state = self.state();
        state.slots.replace(&endpoints);
        state.slots.grant_changed(self, self.now());
        self.endpoints.store(Arc::new(endpoints));
    }

    /// How requests have ended; `None` when none has come.
    pub(crate) fn tally(&self) -> Option<Tally> {
        self.state().tally.as_deref().cloned()
    }

    /// How requests have ended, for those who judge a rollout; `None` when none has come.
    pub(crate) fn outcomes(&self) -> Option<Outcomes> {
        self.state().tally.as_deref().map(|tally| tally.outcomes)
    }

    /// True when no replica can be reached: there is none, or connections to all were refused.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.state().slots.is_cut_off(self.now())
    }

    /// A slot at the warm pool and what the pool has to know, when it may answer for this revision and
    /// is ready.
    pub(crate) fn pool_slot(&self) -> Option<(Slot, Pooled)> {
        let (pool, pooled) = (self.pool.as_ref()?, self.pooled()?);
        let slot = pool.state().slots.take_first(pool, self.now())?;
        let mut state = self.state();
        state.tally().pooled += 1;
        Some((slot, pooled))
    }

    /// What the warm pool has to know, when it may answer for this revision.
    pub(crate) fn pooled(&self) -> Option<Pooled> {
        let Pool { uri, model } = self.facts.load().as_ref()?.pool.clone()?;
        Some(Pooled { revision: self.name.clone(), model, uri })
    }

    /// A replica of the warm pool, whichever is first.
    pub(crate) fn pool_address(&self) -> Option<SocketAddr> {
        Some(self.pool.as_ref()?.endpoints.load().first()?.address)
    }

    /// True when requests for the pool have come for so long, or are so many, that a replica of its own is
    /// worth its start; at most once a second.
    pub(crate) fn wants_replica(&self) -> bool {
        let mut state = self.state();
        let in_flight = state.ledger.in_flight();
        state.pooling.wants_replica(self.now() / 1_000_000_000, in_flight)
    }

    /// A replica has failed.
    pub(crate) fn has_failed(&self, replica: &Replica, fault: Fault) {
        let mut state = self.state();
        if replica.has_failed(fault, self.now())
            && let Some(count) = state.tally().ejections.get_mut(fault as usize)
        {
            *count += 1;
        }
    }

    /// A copy of another revision's request has ended; the head of its reply, when it has one, was there
    /// after `replied`.
    pub(crate) fn copy_ended(&self, end: CopyEnd, replied: Option<Duration>) {
        self.state().tally().copy_ended(end, replied);
    }

    /// Gives slots to those who wait, as far as time alone lets them: a replica may have become well.
    pub(crate) fn look_again(self: &Arc<Self>) {
        self.state().slots.grant_late(self, self.now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds since its gateway started.
    fn now(&self) -> u64 {
        self.nanos(Instant::now())
    }

    fn nanos(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.epoch).as_nanos() as u64
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (namespace, name) = (&self.namespace, &self.name);
        out.debug_tuple("Revision").field(&format_args!("{namespace}/{name}")).finish()
    }
}
