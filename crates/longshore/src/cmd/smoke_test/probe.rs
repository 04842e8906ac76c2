//! Asking, with a time limit and a stopwatch.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::client::{self, Failure, Reply, Target};

/// A server to be asked.
#[derive(Debug)]
pub(super) struct Probe {
    /// The server.
    pub(super) target: Target,
    timeout: Duration,
}

/// A question that was asked, and what came of it.
#[derive(Debug)]
pub(super) struct Answer {
    /// Method and path.
    pub(super) asked: String,
    /// How long it took.
    pub(super) time: Duration,
    /// The reply.
    pub(super) outcome: Result<Reply, Failure>,
}

impl Probe {
    /// A server, and the time that an answer may take.
    pub(super) fn new(target: Target, timeout: Duration) -> Self {
        Self { target, timeout }
    }

    /// The same limits for another server.
    pub(super) fn at(&self, target: Target) -> Self {
        Self { target, timeout: self.timeout }
    }

    /// Asks for a page, or posts a body.
    pub(super) async fn ask(&self, path: &str, body: Option<&Bytes>) -> Answer {
        let asked = format!("{} {path}", if body.is_some() { "POST" } else { "GET" });
        let start = Instant::now();
        let outcome = match client::request(&self.target, path, body.cloned()) {
            Ok(request) => tokio::time::timeout(self.timeout, client::ask(&self.target, request))
                .await
                .unwrap_or_else(|_| Err(Failure::timeout(self.timeout.as_secs_f64()))),
            Err(error) => Err(Failure::request(&error)),
        };
        Answer { asked, time: start.elapsed(), outcome }
    }
}
