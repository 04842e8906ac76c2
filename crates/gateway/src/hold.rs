//! Requests that wait for a replica: while it wakes, or while all work on as many as they may.

use std::time::Duration;

use longshore_daemon::Code;
use longshore_platform::Pooled;
use tokio::time::{Instant, timeout_at};

use crate::{
    failure::Failure,
    revision::{Denied, Slot, Visit},
    route,
    worker::Worker,
};

/// How often a request that waits looks whether a replica that could not be reached may be tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// After how many such looks it asks again that a replica is woken, and sees whether its service is there.
const WAKE_EVERY: u32 = 20;

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
    let most = bounds.waiting_per_revision;
    let mut waiting = visit.wait(most).map_err(|Denied| {
        let name = revision.name();
        let message = format!(
            "{most} requests wait for `{name}` already; raise `maxReplicas` of its component, or send it again later"
        );
        Failure::new(Code::Unavailable, message).after(1)
    })?;
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
        if let Ok(slot) = timeout_at(end.min(Instant::now() + AGAIN), &mut waiting).await {
            return Ok(Given::own(slot));
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
