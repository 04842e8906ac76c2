use std::sync::Arc;

use crate::Revision;

/// Brings a revision its first replica.
pub trait Wake: Send + Sync + 'static {
    /// Requests wait for a replica of `revision`, and none can be reached. Called from an event loop when
    /// a request begins to wait, and each second while it waits, so it returns at once, and does nothing
    /// when it is at work for the revision already. The work goes on while [`Revision::held`] is not 0; what is in the way of
    /// it is told by [`Revision::set_trouble`]. The requests go on once the table is given a replica.
    fn wake(&self, revision: &Arc<Revision>);
}

/// Nothing is woken: replicas come and go by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWake;

impl Wake for NoWake {
    fn wake(&self, _revision: &Arc<Revision>) {}
}
