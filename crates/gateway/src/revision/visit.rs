use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use tokio::sync::oneshot;

use super::{Revision, Slot};

/// A request for a revision, counted from its arrival until this is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    revision: Arc<Revision>,
}

/// Too many requests wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied;

/// A request in the queue, which it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    revision: Arc<Revision>,
    number: u64,
    grant: oneshot::Receiver<Slot>,
}

impl Visit {
    /// A request that has arrived at `arrived`, with a slot when one is free.
    pub(crate) fn begin(revision: Arc<Revision>, arrived: Instant) -> (Self, Option<Slot>) {
        let slot = {
            let mut state = revision.state();
            state.ledger.begin(revision.nanos(arrived));
            state.slots.take_first(&revision, revision.now())
        };
        (Self { revision }, slot)
    }

    pub(crate) fn revision(&self) -> &Arc<Revision> {
        &self.revision
    }

    /// Joins the queue, unless `most` wait already.
    pub(crate) fn wait(&self, most: usize) -> Result<Waiting, Denied> {
        let revision = self.revision.clone();
        let mut state = revision.state();
        if state.slots.waiting() >= most {
            return Err(Denied);
        }
        let (number, grant) = state.slots.wait();
        // what became free since the last look
        state.slots.grant(&revision, revision.now());
        drop(state);
        Ok(Waiting { revision, number, grant })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.revision.state();
        let now = self.revision.now();
        state.ledger.end(now);
    }
}

impl Future for Waiting {
    type Output = Slot;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Slot> {
        match Pin::new(&mut self.grant).poll(cx) {
            Poll::Ready(Ok(slot)) => Poll::Ready(slot),
            // only this itself takes it out of the queue
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.revision.state().slots.leave(self.number);
    }
}
