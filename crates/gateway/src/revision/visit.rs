use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::{HeaderMap, StatusCode, http::response::Parts};
use tokio::sync::oneshot;

use super::{End, Fault, Revision, Slot};
use crate::{failure::Failure, grpc, trace::Trace};

/// A request for a revision, counted from its arrival until this is dropped: the one place where all
/// requests end.
#[derive(Debug)]
pub(crate) struct Visit {
    revision: Arc<Revision>,
    arrived: u64,
    /// How it ends; known when the head of its reply is there, or its trailers.
    end: End,
    /// When the head of its reply was there.
    replied: Option<u64>,
    /// A copy is load, and says nothing of how clients are answered.
    is_copy: bool,
    /// The replica that it was sent to last.
    replica: Option<SocketAddr>,
    /// The replica that it could not be sent to.
    lost: Option<SocketAddr>,
    /// There when it is traced.
    trace: Option<Box<Trace>>,
}

/// Too many requests wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied;

/// A request in the queue, which it leaves when this is dropped. It ends with `None` when another gateway
/// gives the slots from now on.
#[derive(Debug)]
pub(crate) struct Waiting {
    revision: Arc<Revision>,
    number: u64,
    grant: oneshot::Receiver<Slot>,
}

/// A request that waits at another gateway, until this is dropped.
#[derive(Debug)]
pub(crate) struct Away(Arc<Revision>);

impl Visit {
    /// A request that has arrived at `arrived`, with a slot when one is free.
    pub(crate) fn begin(revision: Arc<Revision>, arrived: Instant) -> (Self, Option<Slot>) {
        Self::new(revision, arrived, false)
    }

    /// A copy of another revision's request, likewise.
    pub(crate) fn copy(revision: Arc<Revision>, arrived: Instant) -> (Self, Option<Slot>) {
        Self::new(revision, arrived, true)
    }

    fn new(revision: Arc<Revision>, arrived: Instant, is_copy: bool) -> (Self, Option<Slot>) {
        let arrived = revision.nanos(arrived);
        let slot = {
            let mut state = revision.state();
            state.ledger.begin(arrived);
            state.slots.take_first(&revision, revision.now())
        };
        let (end, replied, replica, lost, trace) = (End::Left, None, None, None, None);
        (Self { revision, arrived, end, replied, is_copy, replica, lost, trace }, slot)
    }

    /// It is traced until it ends, when it is.
    pub(crate) fn is_traced(&mut self, trace: Option<Box<Trace>>) {
        self.trace = trace;
    }

    /// It is sent to this replica.
    pub(crate) fn is_sent_to(&mut self, replica: SocketAddr) {
        self.replica = Some(replica);
    }

    /// It could not be sent to the replica of this slot.
    pub(crate) fn has_lost(&mut self, slot: &Slot) {
        self.revision.has_failed(slot.replica(), Fault::Unreachable);
        self.lost = Some(slot.replica().endpoint().address);
    }

    /// The replica that it could not be sent to.
    pub(crate) fn lost(&self) -> Option<SocketAddr> {
        self.lost
    }

    /// The replica that it was sent to last.
    pub(crate) fn replica(&self) -> Option<SocketAddr> {
        self.replica
    }

    pub(crate) fn revision(&self) -> &Arc<Revision> {
        &self.revision
    }

    /// One more slot, when one is free and nobody waits for it.
    pub(crate) fn slot(&self) -> Option<Slot> {
        let mut state = self.revision.state();
        state.slots.take_first(&self.revision, self.revision.now())
    }

    /// A slot by what this gateway counts, though another one gives them.
    pub(crate) fn slot_anyway(&self) -> Option<Slot> {
        self.revision.state().slots.take_any(&self.revision, self.revision.now())
    }

    /// Joins the queue, unless `most` wait already.
    pub(crate) fn wait(&self, most: usize) -> Result<Waiting, Denied> {
        Waiting::new(&self.revision, most, false)
    }

    /// Begins to wait at another gateway.
    pub(crate) fn wait_away(&self) -> Away {
        self.revision.state().slots.lending.away += 1;
        Away(self.revision.clone())
    }

    /// It is sent to another replica.
    pub(crate) fn retried(&self) {
        self.revision.state().tally().retries += 1;
    }

    /// No replica has answered it.
    pub(crate) fn refused(&mut self, failure: &Failure, is_grpc: bool) {
        if let Some(trace) = &mut self.trace {
            trace.refused(failure);
        }
        self.answered(failure.code.http(), is_grpc.then(|| failure.code.grpc()));
    }

    /// The gateway itself has answered it.
    pub(crate) fn answered(&mut self, status: u16, grpc: Option<i32>) {
        self.end = grpc.map_or(End::Http(status), End::Grpc);
        self.replied = Some(self.revision.now());
    }

    /// A replica has answered it with this head.
    pub(crate) fn replied(&mut self, head: &Parts, is_grpc: bool) {
        let is_grpc = is_grpc && head.status == StatusCode::OK;
        // a reply without trailers has its status in the head; one that breaks off has none
        let grpc = is_grpc.then(|| grpc::status(&head.headers).unwrap_or(0));
        self.answered(head.status.as_u16(), grpc);
    }

    /// The reply ends with these trailers.
    pub(crate) fn trailed(&mut self, trailers: &HeaderMap) {
        if let (End::Grpc(_), Some(status)) = (self.end, grpc::status(trailers)) {
            self.end = End::Grpc(status);
        }
    }

    /// What the reply says of the replica: it does well, or it fails.
    pub(crate) fn judge(&self, slot: &Slot) {
        if self.end.is_fault_of_replica() {
            self.revision.has_failed(slot.replica(), Fault::Failing);
        } else {
            slot.replica().is_well();
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.revision.state();
        let now = self.revision.now();
        state.ledger.end(now);
        if self.is_copy {
            return;
        }
        let since = |at: u64| Duration::from_nanos(at.saturating_sub(self.arrived));
        let (took, replied) = (since(now), self.replied.map(since));
        let end = self.end;
        state.tally().end(end, took, replied);
        drop(state);
        if let Some(trace) = self.trace.take() {
            trace.end(end.ended(), self.replica);
        }
    }
}

impl Waiting {
    pub(super) fn new(
        revision: &Arc<Revision>,
        most: usize,
        is_lent: bool,
    ) -> Result<Self, Denied> {
        let revision = revision.clone();
        let mut state = revision.state();
        if state.slots.waiting() >= most {
            return Err(Denied);
        }
        if !is_lent {
            state.tally().waited += 1;
        }
        let (number, grant) = state.slots.wait(is_lent);
        // what became free since the last look
        state.slots.grant(&revision, revision.now(), 1);
        drop(state);
        Ok(Self { revision, number, grant })
    }
}

impl Future for Waiting {
    type Output = Option<Slot>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Slot>> {
        Pin::new(&mut self.grant).poll(cx).map(Result::ok)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let lending = &mut self.0.state().slots.lending;
        lending.away = lending.away.saturating_sub(1);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.revision.state().slots.leave(self.number);
    }
}
