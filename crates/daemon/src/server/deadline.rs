//! Deadlines of connections: one coarse sweep an event loop instead of a timer a request.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use tokio::task::AbortHandle;

use super::{Limits, accept::Connection, upgrade::Upgrade, wakes::Wakes};
use crate::Drain;

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// The first byte of a request, or its peer to take the reply.
    Idle = 0,
    /// The rest of a request's head, or of a handshake.
    Head = 1,
    /// The rest of a request's body (HTTP/1).
    Body = 2,
    /// The answer of the service.
    Answer = 3,
    /// The first byte of its first request.
    New = 4,
}

/// The state of one connection, shared with the sweep. Only the event loop's thread writes it,
/// except for the parts that [`Watch::body_begins`] writes.
#[derive(Debug)]
pub(super) struct Watch {
    clock: Arc<Clock>,
    drain: Drain,
    phase: AtomicU8,
    /// The tick of the clock at which the phase began.
    since: AtomicU32,
    /// The tick after that at which the peer stopped taking bytes; 0 while it takes them.
    stalled: AtomicU32,
    /// Requests that have begun and whose reply is not written yet.
    open: AtomicU32,
    /// The body took too long: its reader has to give up.
    late: AtomicBool,
    /// The HTTP/1 request's body was not read to its end, so that no other request can follow.
    left: AtomicBool,
    /// The HTTP/1 request's body is not read to its end, or not yet.
    unread: AtomicBool,
    /// The connection has to end after the requests it is busy with.
    closing: AtomicBool,
    http2: AtomicBool,
    /// It was without a request for a while: what its next one needs can be made then.
    resting: AtomicBool,
    peer: SocketAddr,
    /// It came by TLS.
    secure: AtomicBool,
    /// Wakes the connection's task.
    waker: OnceLock<Waker>,
    wakes: Wakes,
    /// What goes on once the reply that switches protocols is written.
    upgrade: Mutex<Option<Upgrade>>,
}

/// What the task is polled with for HTTP/1.
impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.wakes.hold() {
            self.wake_task();
        }
    }
}

impl Watch {
    pub(super) fn new(clock: Arc<Clock>, drain: Drain, peer: SocketAddr) -> Self {
        let since = AtomicU32::new(clock.now());
        Self {
            clock,
            drain,
            phase: AtomicU8::new(Phase::New as u8),
            since,
            stalled: AtomicU32::new(0),
            open: AtomicU32::new(0),
            late: AtomicBool::new(false),
            left: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            resting: AtomicBool::new(false),
            peer,
            secure: AtomicBool::new(false),
            waker: OnceLock::new(),
            wakes: Wakes::default(),
            upgrade: Mutex::default(),
        }
    }

    /// The handshake has made it secure.
    pub(super) fn is_now_secure(&self) {
        self.secure.store(true, Relaxed);
    }

    /// What services may know of the connection.
    pub(super) fn connection(&self) -> Connection {
        Connection { peer: self.peer, is_secure: self.secure.load(Relaxed) }
    }

    /// True once the server goes down: the connection ends after its next reply.
    pub(super) fn is_draining(&self) -> bool {
        self.drain.has_begun()
    }

    /// What wakes the task while it is polled.
    pub(super) fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    /// The reply switches protocols.
    pub(super) fn upgrades(&self, upgrade: Upgrade) {
        *self.upgrade.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
    }

    /// What goes on after the last reply, when that has switched protocols.
    pub(super) fn take_upgrade(&self) -> Option<Upgrade> {
        self.upgrade.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.clock.now(), Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Relaxed) == phase as u8
    }

    fn is_between_requests(&self) -> bool {
        self.is_in(Phase::Idle) || self.is_in(Phase::New)
    }

    /// A handshake begins, which has as much time as a request's head.
    pub(super) fn handshake_begins(&self) {
        self.enter(Phase::Head);
    }

    /// The handshake is over, and a request may come.
    pub(super) fn handshake_ends(&self) {
        self.enter(Phase::New);
    }

    /// The connection speaks HTTP/2: from now on bytes alone are no sign of a request.
    pub(super) fn is_now_http2(&self) {
        self.http2.store(true, Relaxed);
        self.enter(Phase::Idle);
    }

    pub(super) fn is_http2(&self) -> bool {
        self.http2.load(Relaxed)
    }

    /// Bytes arrived: an HTTP/1 connection without a request has begun one.
    pub(super) fn received(&self) {
        if self.is_between_requests() && !self.is_http2() {
            self.enter(Phase::Head);
        }
    }

    /// The peer took `bytes` bytes: it still reads its reply.
    pub(super) fn sent(&self, bytes: usize) {
        /// The answer to a ping (RFC 9113 §6.7), which is no reply to a request.
        const PONG: usize = 17;
        if self.stalled.load(Relaxed) != 0 {
            self.stalled.store(0, Relaxed);
        }
        if self.is_in(Phase::Idle) && !(self.is_http2() && bytes <= PONG) {
            self.since.store(self.clock.now(), Relaxed);
        }
    }

    /// The peer takes no bytes for now.
    pub(super) fn stalls(&self) {
        if self.stalled.load(Relaxed) == 0 {
            self.stalled.store(self.clock.now().saturating_add(1), Relaxed);
        }
    }

    /// A request begins; says how many there are now.
    pub(super) fn request_begins(&self) -> u32 {
        let open = self.open.load(Relaxed).saturating_add(1);
        self.open.store(open, Relaxed);
        self.is_at_work();
        self.enter(Phase::Answer);
        open
    }

    /// The reply to a request is written, or its sender left.
    pub(super) fn request_ends(&self) {
        let open = self.open.load(Relaxed).saturating_sub(1);
        self.open.store(open, Relaxed);
        if open == 0 {
            self.enter(Phase::Idle);
        }
    }

    /// The body of the HTTP/1 request is waited for.
    pub(super) fn body_begins(&self) {
        self.late.store(false, Relaxed);
        self.enter(Phase::Body);
    }

    /// The body is there, or nobody wants it.
    pub(super) fn body_ends(&self) {
        if self.is_in(Phase::Body) {
            self.enter(Phase::Answer);
        }
    }

    /// Whether bytes of the request's body are still to be read.
    pub(super) fn body_is_unread(&self, unread: bool) {
        self.unread.store(unread, Relaxed);
    }

    /// Nobody reads the rest of the body.
    pub(super) fn body_is_left(&self) {
        self.left.store(true, Relaxed);
    }

    /// True when no other request can follow on the connection, since the body of this one is in
    /// its way.
    pub(super) fn is_body_left(&self) -> bool {
        self.left.load(Relaxed)
    }

    pub(super) fn is_late(&self) -> bool {
        self.late.load(Relaxed)
    }

    /// True when the connection has to end, and can without the loss of a request.
    pub(super) fn may_close(&self) -> bool {
        // HTTP/2 tells the peer which of its requests are still answered
        self.closing.load(Relaxed) && (self.is_http2() || self.is_between_requests())
    }

    /// The connection has had no request for a while.
    fn begins_to_rest(&self) {
        if !self.is_http2() && !self.resting.swap(true, Relaxed) {
            self.wake_task();
        }
    }

    /// True when the connection has had no request for a while.
    pub(super) fn is_resting(&self) -> bool {
        self.resting.load(Relaxed)
    }

    /// True when the last request is read and its reply written, nothing has come after it, and more may
    /// come.
    pub(super) fn may_rest(&self) -> bool {
        self.is_in(Phase::Idle)
            && !self.unread.load(Relaxed)
            && self.stalled.load(Relaxed) == 0
            && !self.closing.load(Relaxed)
            && !self.is_http2()
    }

    /// The connection has what a request needs.
    pub(super) fn is_at_work(&self) {
        self.resting.store(false, Relaxed);
    }

    /// Our side of the connection is being closed.
    pub(super) fn ends(&self) {
        self.closing.store(true, Relaxed);
    }

    /// The connection has to end after the requests it is busy with.
    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.wake_task();
    }

    /// Remembers how to wake the task; a task keeps its waker.
    pub(super) fn remember(&self, waker: &Waker) {
        self.waker.get_or_init(|| waker.clone());
    }

    fn wake_task(&self) {
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }
}

/// Time in ticks of a length that suits the shortest timeout.
#[derive(Debug)]
pub(super) struct Clock {
    begun: Instant,
    tick: Duration,
    now: AtomicU32,
}

impl Clock {
    pub(super) fn new(limits: &Limits) -> Self {
        let shortest = limits.header_timeout.min(limits.body_timeout).min(limits.idle_timeout);
        let tick = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
        Self { begun: Instant::now(), tick, now: AtomicU32::new(0) }
    }

    pub(super) fn tick(&self) -> Duration {
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
pub(super) struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last_id: u64,
    tasks: HashMap<u64, (Arc<Watch>, AbortHandle)>,
}

impl Connections {
    /// Adds a connection; `start` gets the id by which it is removed again.
    pub(super) fn add(&self, start: impl FnOnce(u64) -> (Arc<Watch>, AbortHandle)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.last_id += 1;
        let id = open.last_id;
        let entry = start(id);
        open.tasks.insert(id, entry);
    }

    pub(super) fn remove(&self, id: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).tasks.remove(&id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).tasks.is_empty()
    }

    /// Waits until no connection is left, or until `end`.
    pub(super) async fn gone(&self, end: Instant) {
        while !self.is_empty() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends what took too long.
    pub(super) fn sweep(&self, clock: &Clock, limits: &Limits) {
        let now = clock.advance();
        let [idle, head, body] = [limits.idle_timeout, limits.header_timeout, limits.body_timeout]
            .map(|time| clock.ticks(time));
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (watch, task) in open.tasks.values() {
            let waited = now.wrapping_sub(watch.since.load(Relaxed));
            let stalled = watch.stalled.load(Relaxed);
            if stalled != 0 && now.saturating_sub(stalled) > idle.saturating_add(head) {
                task.abort();
                continue;
            }
            match watch.phase.load(Relaxed) {
                // a peer that does not take its reply either
                0 if waited > idle.saturating_add(head) => task.abort(),
                0 if waited > idle => watch.close(),
                0 if waited > 1 => watch.begins_to_rest(),
                1 if waited > head => task.abort(),
                4 if waited > head => watch.close(),
                2 if waited > body => {
                    watch.late.store(true, Relaxed);
                    watch.wake_task();
                    // a peer that does not even take the failure
                    if waited > body.saturating_mul(2) {
                        task.abort();
                    }
                }
                _ => {}
            }
        }
    }

    /// Asks every connection to end after the requests it is busy with.
    pub(super) fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (watch, _) in open.tasks.values() {
            watch.close();
        }
    }
}
