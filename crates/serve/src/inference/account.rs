use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use longshore_daemon::Code;

use crate::{
    metrics::{Answered, Consulted, End, Parts, Runs},
    protocol::Protocol,
    repository::Served,
};

/// What is counted of a request to a model, however it ends.
pub(crate) struct Account {
    loop_id: usize,
    pub(super) served: Arc<Served>,
    pub(super) protocol: Protocol,
    begun: Instant,
    ended: bool,
}

/// When the model was run for a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ran {
    /// How long the request had waited for a thread that computes.
    pub(super) waited: Duration,
    pub(super) begun: Instant,
    pub(super) ended: Instant,
    /// How many runs it counts as: 0 when it shared the run of another request.
    pub(super) runs: u64,
    pub(super) consulted: Consulted,
}

impl Ran {
    /// The model was not run: its outputs had been kept.
    pub(super) fn never() -> Self {
        let (now, waited) = (Instant::now(), Duration::ZERO);
        Self { waited, begun: now, ended: now, runs: 0, consulted: Consulted::Hit }
    }

    pub(super) fn took(&self) -> Duration {
        self.ended.duration_since(self.begun)
    }
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

    /// Counts lines of a stream that were answered before its end.
    pub(super) fn ran(&self, rows: usize, runs: Runs) {
        self.served.metrics.ran(self.loop_id, rows, runs);
    }

    /// Counts the rows of a request that is answered whole.
    pub(super) fn answered(self, rows: usize, ran: &Ran) {
        let at = Instant::now();
        let before = ran.begun.duration_since(self.begun);
        let parts = Parts {
            queue: ran.waited,
            input: before.saturating_sub(ran.waited),
            run: ran.took(),
            output: at.duration_since(ran.ended),
        };
        let Ran { runs, consulted, .. } = *ran;
        self.end(Ok(Answered::Whole { rows, runs, parts, consulted }), at, false);
    }

    /// Counts the end of a stream, or why it came early.
    pub(super) fn streamed(self, ended: Result<(), Code>) {
        self.end(ended.map(|()| Answered::Stream), Instant::now(), true);
    }

    /// Counts a failure.
    pub(super) fn failed(self, code: Code) {
        self.end(Err(code), Instant::now(), false);
    }

    fn end(mut self, code: Result<Answered, Code>, at: Instant, is_stream: bool) {
        self.ended = true;
        let end = End { code, begun: self.begun, at, is_stream };
        self.served.metrics.end(self.loop_id, self.protocol, Some(end));
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if !self.ended {
            self.served.metrics.end(self.loop_id, self.protocol, None);
        }
    }
}
