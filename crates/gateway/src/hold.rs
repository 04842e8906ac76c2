//! Requests that wait for a replica: while it wakes, or while all work on as many as they may.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use longshore_daemon::Code;
use longshore_platform::Pooled;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    Revision,
    failure::Failure,
    owner::{self, Refused},
    revision::{Denied, Slot, Visit, Waiting},
    route,
    worker::Worker,
};

/// How often a request that waits looks whether a replica that could not be reached may be tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// After how many such looks it asks again that a replica is woken, and sees whether its service is there.
const WAKE_EVERY: u32 = 20;

/// How long the gateway that gives the slots may be out of reach; then this one counts for itself. One whose
/// process has ended is no longer listed, or is there again, after a second or two.
const OUT_OF_REACH: Duration = Duration::from_secs(5);

/// How often a gateway out of reach is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Who works on a request.
pub(crate) struct Given {
    pub(crate) slot: Slot,
    /// What the warm pool has to know, when the slot is one of its.
    pub(crate) pooled: Option<Pooled>,
}

impl Given {
    pub(crate) fn own(slot: Slot) -> Self {
        Self { slot, pooled: None }
    }
}

/// Waits for a slot; `bytes` is what the request takes meanwhile. While there is no replica, the warm pool
/// gives one, unless `own` is true. The wait is over when the request's route is gone, since its service
/// was deleted or stopped.
///
/// # Errors
/// The failure that says why there is none.
pub(crate) async fn wait(
    worker: &Worker,
    (host, path): (&str, &str),
    visit: &Visit,
    bytes: usize,
    own: bool,
) -> Result<Given, Failure> {
    if !own && let Some(given) = at_pool(worker, visit) {
        return Ok(given);
    }
    let shared = &worker.shared;
    let bounds = shared.bounds;
    let (Some(_place), Some(_bytes)) = (shared.waiting.enter(1), shared.waiting_bytes.enter(bytes))
    else {
        let message = "too many requests wait at this gateway; send it again later, or give the gateway more replicas";
        return Err(Failure::new(Code::Unavailable, message).after(1));
    };
    let begun = Instant::now();
    let revision = visit.revision();
    let mut queue = Queue::begin(worker, visit)?;
    for turn in 0_u32.. {
        let is_absent = revision.is_cut_off();
        if is_absent && turn.is_multiple_of(WAKE_EVERY) {
            if shared.table.find(host, path).is_none() {
                return Err(route::unknown(host));
            }
            shared.wake.wake(revision);
        }
        let limit = if is_absent { bounds.hold } else { bounds.queue };
        let end = begun + limit;
        if let Ok(slot) = timeout_at(end.min(Instant::now() + AGAIN), queue.slot()).await {
            return slot.map(Given::own);
        }
        if !own && let Some(given) = at_pool(worker, visit) {
            return Ok(given);
        }
        if Instant::now() >= end {
            return Err(late(visit, is_absent, limit));
        }
        revision.look_again();
    }
    Err(late(visit, true, bounds.hold))
}

/// Where a request waits for its slot.
enum Place<'v> {
    /// Nowhere, until it is to ask.
    Nowhere(Instant),
    Here(Waiting),
    /// At the gateway that gives the slots.
    There(Asked<'v>),
}

type Asked<'v> = Pin<Box<dyn Future<Output = Result<Slot, Refused>> + Send + 'v>>;

/// A request that waits for a slot, at the gateway that gives them.
struct Queue<'v> {
    worker: &'v Worker,
    visit: &'v Visit,
    place: Place<'v>,
    /// Since when the other gateway is out of reach.
    since: Option<Instant>,
}

impl<'v> Queue<'v> {
    /// Joins it: who wakes a replica sees that somebody waits.
    fn begin(worker: &'v Worker, visit: &'v Visit) -> Result<Self, Failure> {
        let place = Place::Nowhere(Instant::now());
        let mut queue = Self { worker, visit, place, since: None };
        queue.join()?;
        Ok(queue)
    }

    fn revision(&self) -> &'v Arc<Revision> {
        self.visit.revision()
    }

    /// The slot, once there is one. It may be dropped and begun again; the place in the queue stays.
    async fn slot(&mut self) -> Result<Slot, Failure> {
        loop {
            match &mut self.place {
                Place::Nowhere(until) => {
                    sleep_until(*until).await;
                    if let Some(slot) = self.join()? {
                        return Ok(slot);
                    }
                }
                Place::Here(waiting) => match waiting.await {
                    Some(slot) => return Ok(slot),
                    None => self.place = Place::Nowhere(Instant::now()),
                },
                Place::There(asked) => match asked.await {
                    Ok(slot) => return Ok(slot),
                    Err(Refused::Full) => return Err(self.full()),
                    Err(Refused::Elsewhere) => {
                        self.place = Place::Nowhere(Instant::now() + AGAIN);
                    }
                    Err(Refused::OutOfReach(why)) => {
                        tracing::debug!(revision = self.revision().name(), why, "no slot");
                        self.since.get_or_insert_with(Instant::now);
                        self.place = Place::Nowhere(Instant::now() + ASK_AGAIN);
                    }
                },
            }
        }
    }

    /// Joins the queue, or gives a slot at once when its gateway is out of reach.
    fn join(&mut self) -> Result<Option<Slot>, Failure> {
        let Some(owner) = self.revision().owner() else {
            let most = self.worker.shared.bounds.waiting_per_revision;
            let waiting = self.visit.wait(most).map_err(|Denied| self.full())?;
            self.place = Place::Here(waiting);
            return Ok(None);
        };
        if self.since.is_some_and(|since| since.elapsed() >= OUT_OF_REACH) {
            self.place = Place::Nowhere(Instant::now() + AGAIN);
            let slot = self.visit.slot_anyway();
            if slot.is_some() {
                let revision = self.revision().name();
                tracing::warn!(revision, %owner, "the gateway that has its queue cannot be reached, so this one counts its requests for itself");
            }
            return Ok(slot);
        }
        let (upstream, visit, away) = (&self.worker.upstream, self.visit, self.visit.wait_away());
        self.place = Place::There(Box::pin(async move {
            let asked = owner::ask(upstream, owner, visit, true).await;
            drop(away);
            asked
        }));
        Ok(None)
    }

    fn full(&self) -> Failure {
        let most = self.worker.shared.bounds.waiting_per_revision;
        let name = self.revision().name();
        let message = format!(
            "{most} requests wait for `{name}` already; raise `maxReplicas` of its component, or send it again later"
        );
        Failure::new(Code::Unavailable, message).after(1)
    }
}

/// A slot at the warm pool, while no replica can be reached.
fn at_pool(worker: &Worker, visit: &Visit) -> Option<Given> {
    let revision = visit.revision();
    if !revision.is_cut_off() {
        return None;
    }
    let (slot, pooled) = revision.pool_slot()?;
    if revision.wants_replica() {
        worker.shared.wake.wake(revision);
    }
    Some(Given { slot, pooled: Some(pooled) })
}

/// No slot came in time.
fn late(visit: &Visit, is_absent: bool, limit: Duration) -> Failure {
    let (name, seconds) = (visit.revision().name(), limit.as_secs_f64());
    if !is_absent {
        let message = format!(
            "all replicas of `{name}` have worked on as many requests as `containerConcurrency` allows for {seconds} s; raise `maxReplicas`, or send it again later"
        );
        return Failure::new(Code::Unavailable, message).after(1);
    }
    let message = match visit.revision().trouble() {
        Some(trouble) => format!("no replica of `{name}` was ready within {seconds} s: {trouble}"),
        None => format!(
            "no replica of `{name}` was ready within {seconds} s; see why by `kubectl describe inferenceservice`"
        ),
    };
    Failure::new(Code::Unavailable, message.clone()).after(5).with_detail("the hold is over")
}
