//! What requests share: all of them, and those of one event loop.

use std::{sync::Arc, time::Duration};

use longshore_daemon::{
    Drain, RequestIds,
    server::{Probe, auth::ApiKeys},
    trace::Tracer,
};

use crate::{Models, Recorder, inference::Capacity, metrics::Rejections};

/// What all event loops share.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(crate) struct Shared {
    pub(crate) models: Models,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) rejections: Rejections,
    pub(crate) probe: Arc<Probe>,
    /// The metrics have a port of their own.
    pub(crate) metrics_elsewhere: bool,
    pub(crate) drain: Drain,
    /// How long a stream may go on once the drain has begun.
    pub(crate) stream_grace: Duration,
    /// The keys that let requests in; every request is let in when this is `None`.
    pub(crate) keys: Option<ApiKeys>,
    pub(crate) metrics_without_key: bool,
    /// Browsers are answered with pages.
    pub(crate) ui: bool,
    /// Sends the spans of requests, when they are traced.
    pub(crate) tracer: Option<Tracer>,
    /// Sends requests and answers, when they are recorded.
    pub(crate) recorder: Option<Recorder>,
    /// Requests come over TLS.
    pub(crate) secure: bool,
}

/// What the requests of one event loop share.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) loop_id: usize,
    pub(crate) ids: RequestIds,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, loop_id: usize) -> Self {
        Self { shared, loop_id, ids: RequestIds::new() }
    }
}
