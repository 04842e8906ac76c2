//! Deadlines of connections: one coarse sweep an event loop instead of a timer a request.

use std::{
    collections::HashMap,
    sync::Arc,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::Waker,
    time::{Duration, Instant},
};

use tokio::task::AbortHandle;

use crate::config::Limits;

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The first byte of a request, or its peer to take the reply.
    Idle = 0,
    /// The rest of a request's head.
    Head = 1,
    /// The rest of a request's body.
    Body = 2,
    /// The model's answer.
    Answer = 3,
    /// The first byte of its first request.
    New = 4,
}

/// The state of one connection, shared with the sweep.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    phase: AtomicU8,
    /// The tick of the clock at which the phase began.
    since: AtomicU32,
    /// The body took too long: its reader has to give up.
    late: AtomicBool,
    /// The connection has to end after the request it is busy with.
    closing: AtomicBool,
    /// Wakes the connection's task.
    waker: OnceLock<Waker>,
}

impl Watch {
    pub(crate) fn enter(&self, phase: Phase, clock: &Clock) {
        if phase == Phase::Body {
            self.late.store(false, Relaxed);
        }
        self.phase.store(phase as u8, Relaxed);
        self.since.store(clock.now(), Relaxed);
    }

    /// Bytes arrived: a connection without a request has begun one.
    pub(crate) fn received(&self, clock: &Clock) {
        if self.is_between_requests() {
            self.enter(Phase::Head, clock);
        }
    }

    fn is_between_requests(&self) -> bool {
        let phase = self.phase.load(Relaxed);
        phase == Phase::Idle as u8 || phase == Phase::New as u8
    }

    /// Bytes were taken: the peer still reads its reply.
    pub(crate) fn sent(&self, clock: &Clock) {
        if self.phase.load(Relaxed) == Phase::Idle as u8 {
            self.since.store(clock.now(), Relaxed);
        }
    }

    pub(crate) fn is_late(&self) -> bool {
        self.late.load(Relaxed)
    }

    /// True when the connection has to end and no request on it has begun.
    pub(crate) fn may_close(&self) -> bool {
        self.closing.load(Relaxed) && self.is_between_requests()
    }

    /// The connection has to end after the request it is busy with.
    fn close(&self) {
        self.closing.store(true, Relaxed);
        self.wake();
    }

    /// Remembers how to wake the task; a task keeps its waker.
    pub(crate) fn remember(&self, waker: &Waker) {
        self.waker.get_or_init(|| waker.clone());
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }
}

/// Time in ticks of a length that suits the shortest timeout.
#[derive(Debug)]
pub(crate) struct Clock {
    begun: Instant,
    tick: Duration,
    now: AtomicU32,
}

impl Clock {
    pub(crate) fn new(limits: &Limits) -> Self {
        let shortest = limits.header_timeout.min(limits.body_timeout).min(limits.idle_timeout);
        let tick = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
        Self { begun: Instant::now(), tick, now: AtomicU32::new(0) }
    }

    pub(crate) fn tick(&self) -> Duration {
        self.tick
    }

    fn now(&self) -> u32 {
        self.now.load(Relaxed)
    }

    fn advance(&self) -> u32 {
        let ticks = self.begun.elapsed().as_nanos() / self.tick.as_nanos().max(1);
        let now = ticks as u32;
        self.now.store(now, Relaxed);
        now
    }

    fn ticks(&self, time: Duration) -> u32 {
        let ticks = time.as_nanos().div_ceil(self.tick.as_nanos().max(1));
        u32::try_from(ticks).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// The connections of one event loop.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last_id: u64,
    tasks: HashMap<u64, (Arc<Watch>, AbortHandle)>,
}

impl Connections {
    /// Adds a connection; the id takes it off again.
    pub(crate) fn add(&self, start: impl FnOnce(u64) -> (Arc<Watch>, AbortHandle)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.last_id += 1;
        let id = open.last_id;
        let entry = start(id);
        open.tasks.insert(id, entry);
    }

    pub(crate) fn remove(&self, id: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).tasks.remove(&id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).tasks.is_empty()
    }

    /// Waits until no connection is left, or until `end`.
    pub(crate) async fn gone(&self, end: Instant) {
        while !self.is_empty() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends what took too long.
    pub(crate) fn sweep(&self, clock: &Clock, limits: &Limits) {
        let now = clock.advance();
        let [idle, head, body] = [limits.idle_timeout, limits.header_timeout, limits.body_timeout]
            .map(|time| clock.ticks(time));
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (watch, task) in open.tasks.values() {
            let waited = now.wrapping_sub(watch.since.load(Relaxed));
            match watch.phase.load(Relaxed) {
                // a peer that does not take its reply either
                0 if waited > idle.saturating_add(head) => task.abort(),
                0 if waited > idle => watch.close(),
                1 if waited > head => task.abort(),
                4 if waited > head => watch.close(),
                2 if waited > body => {
                    watch.late.store(true, Relaxed);
                    watch.wake();
                    // a peer that does not even take the failure
                    if waited > body.saturating_mul(2) {
                        task.abort();
                    }
                }
                _ => {}
            }
        }
    }

    /// Asks every connection to end after the request it is busy with.
    pub(crate) fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (watch, _) in open.tasks.values() {
            watch.close();
        }
    }
}
