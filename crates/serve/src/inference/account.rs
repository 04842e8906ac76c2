use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use longshore_daemon::Code;

use crate::{protocol::Protocol, repository::Served};

/// What is counted of a request to a model, however it ends.
pub(crate) struct Account {
    loop_id: usize,
    pub(super) served: Arc<Served>,
    pub(super) protocol: Protocol,
    begun: Instant,
    ended: bool,
}

impl Account {
    /// A request that began at `begun`.
    pub(super) fn begin(
        loop_id: usize,
        served: Arc<Served>,
        protocol: Protocol,
        begun: Instant,
    ) -> Self {
        served.metrics.begin(loop_id);
        Self { loop_id, served, protocol, begun, ended: false }
    }

    /// Counts rows that were answered before the end.
    pub(super) fn answered(&self, rows: usize) {
        self.served.metrics.rows(self.loop_id, rows);
    }

    /// Counts the end, and `rows` more rows.
    pub(super) fn end(mut self, code: Result<(), Code>, rows: usize) {
        self.ended = true;
        let took = self.begun.elapsed();
        self.served.metrics.end(self.loop_id, self.protocol, Some(code), rows, took);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if !self.ended {
            self.served.metrics.end(self.loop_id, self.protocol, None, 0, Duration::ZERO);
        }
    }
}
