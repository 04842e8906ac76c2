//! Sending the requests.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use tokio::task::JoinSet;

use super::tally::{self, Tally};
use crate::{
    cli::BenchArgs,
    client::{self, Connection, Failure, Refusal, Target},
};

/// Pause after a connection could not be opened.
const PAUSE: Duration = Duration::from_millis(10);

/// A request to one server.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    /// Where it goes.
    pub(super) target: Target,
    /// What is sent.
    pub(super) request: Request<Full<Bytes>>,
}

/// The load, shared by its connections.
#[derive(Debug)]
pub(super) struct Load {
    shots: Vec<Shot>,
    /// Requests begun.
    begun: AtomicU64,
    /// Requests to begin at most.
    most: u64,
    /// When no more requests are begun.
    end: Option<Instant>,
    start: Instant,
    /// Seconds between two requests; none sends as fast as answers come.
    pace: Option<f64>,
    connections: usize,
    timeout: Duration,
    keep: bool,
    retry_connect: bool,
    tally: Arc<Mutex<Tally>>,
}

impl Load {
    /// A load that begins now.
    pub(super) fn new(args: &BenchArgs, shots: Vec<Shot>, tally: Arc<Mutex<Tally>>) -> Self {
        let start = tally::lock(&tally).start;
        let seconds = match (args.duration, args.requests) {
            (Some(0.0), _) | (None, Some(_)) => None,
            (seconds, _) => Some(seconds.unwrap_or(10.0)),
        };
        Self {
            shots,
            begun: AtomicU64::new(0),
            most: args.requests.unwrap_or(u64::MAX),
            end: seconds.map(|seconds| start + Duration::from_secs_f64(seconds)),
            start,
            pace: args.rate.map(|rate| 1.0 / rate),
            connections: args.connections.into(),
            timeout: Duration::from_secs_f64(args.timeout),
            keep: !args.new_connections,
            retry_connect: args.retry_connect,
            tally,
        }
    }

    /// Sends until the end and waits for the last answers.
    pub(super) async fn run(self) {
        let load = Arc::new(self);
        let mut connections: JoinSet<()> =
            (0..load.connections).map(|_| Arc::clone(&load).connection()).collect();
        while connections.join_next().await.is_some() {}
    }

    /// One request after another, each to the next server.
    async fn connection(self: Arc<Self>) {
        let mut open: Vec<Option<Connection>> = self.shots.iter().map(|_| None).collect();
        while let Some((number, due)) = self.next().await {
            let at = (number % self.shots.len() as u64) as usize;
            let (Some(shot), Some(slot)) = (self.shots.get(at), open.get_mut(at)) else { return };
            let outcome = tokio::time::timeout(self.timeout, self.exchange(shot, slot)).await;
            let outcome =
                outcome.unwrap_or_else(|_| Err(Failure::timeout(self.timeout.as_secs_f64())));
            if !self.keep {
                *slot = None;
            }
            let unreachable = outcome.as_ref().is_err_and(|failure| failure.kind.is_connect());
            self.count(shot, due, outcome);
            if unreachable && self.pace.is_none() {
                // without a server, nothing else would slow the next request down
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn count(&self, shot: &Shot, due: Instant, outcome: Result<u64, Failure>) {
        let now = Instant::now();
        let mut tally = tally::lock(&self.tally);
        match outcome {
            Ok(bytes) => tally.succeeded(now, now - due, bytes),
            Err(failure) => tally.failed(now, &shot.target.url(&shot.target.path), &failure),
        }
    }

    /// The number of the next request and the moment its time counts from; none at the end.
    async fn next(&self) -> Option<(u64, Instant)> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let due = match self.pace {
            Some(pace) => self.start + Duration::from_secs_f64(number as f64 * pace),
            None => now,
        };
        if number >= self.most || self.end.is_some_and(|end| due.max(now) >= end) {
            return None;
        }
        if due <= now {
            // all connections were busy when this one was due: its time counts from then, or slow answers would
            // hide how long the requests behind them wait
            let mut tally = tally::lock(&self.tally);
            tally.behind = tally.behind.max(now - due);
            return Some((number, due));
        }
        tokio::time::sleep_until(due.into()).await;
        // the timer is coarser than an answer; its lateness is not the server's
        Some((number, Instant::now()))
    }

    /// Sends one request and reads its whole reply; returns the bytes of the reply's body.
    async fn exchange(&self, shot: &Shot, slot: &mut Option<Connection>) -> Result<u64, Failure> {
        loop {
            let (mut connection, fresh) = match slot.take() {
                Some(connection) => (connection, false),
                None => (self.connect(&shot.target).await?, true),
            };
            let response = match connection.send(shot.request.clone()).await {
                Ok(response) => response,
                // a server may close an idle connection; the request was not sent
                Err(Refusal::Unsent) if !fresh => continue,
                Err(Refusal::Unsent) => return Err(Failure::closed()),
                Err(Refusal::Failed(failure)) => return Err(failure),
            };
            let status = response.status();
            let bytes = client::drain(response.into_body()).await?;
            *tally::lock(&self.tally).statuses.entry(status.as_u16()).or_default() += 1;
            *slot = Some(connection);
            return Failure::status(status).map_or(Ok(bytes), Err);
        }
    }

    async fn connect(&self, target: &Target) -> Result<Connection, Failure> {
        loop {
            let outcome = Connection::open(target).await;
            match outcome {
                Err(failure) if self.retry_connect && failure.kind.is_connect() => {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(connection) => {
                    tally::lock(&self.tally).connections += 1;
                    return Ok(connection);
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}
