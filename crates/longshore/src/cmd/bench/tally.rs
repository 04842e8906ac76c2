//! What has happened so far.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::histogram::Histogram;
use crate::client::{Failure, Kind};

/// How many failures are kept with time and message.
const KEPT: usize = 20;

/// Counts, times and the first failures.
#[derive(Debug)]
pub(super) struct Tally {
    /// When the load began.
    pub(super) start: Instant,
    /// Times of the requests that succeeded.
    pub(super) latency: Histogram,
    /// Replies by status.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Failures by kind.
    pub(super) failures: BTreeMap<Kind, u64>,
    /// The first failures.
    pub(super) first: Vec<Value>,
    /// When the first and the last request failed, since the start.
    pub(super) failed_between: Option<(Duration, Duration)>,
    /// The longest time in which no request succeeded, the beginning included.
    pub(super) longest_gap: Duration,
    /// Bytes of bodies received.
    pub(super) bytes: u64,
    /// Connections opened.
    pub(super) connections: u64,
    /// How far the sending fell behind its schedule, at most.
    pub(super) behind: Duration,
    last_ok: Instant,
    second: Second,
}

/// The counts at the end of the last second.
#[derive(Debug, Default)]
struct Second {
    number: u64,
    ok: u64,
    failed: u64,
    slowest: Duration,
}

impl Tally {
    /// Nothing has happened.
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            latency: Histogram::new(),
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            first: Vec::new(),
            failed_between: None,
            longest_gap: Duration::ZERO,
            bytes: 0,
            connections: 0,
            behind: Duration::ZERO,
            last_ok: start,
            second: Second::default(),
        }
    }

    /// A request that succeeded.
    pub(super) fn succeeded(&mut self, now: Instant, time: Duration, bytes: u64) {
        self.latency.record(time);
        self.bytes += bytes;
        self.longest_gap = self.longest_gap.max(now - self.last_ok);
        self.last_ok = now;
        self.second.slowest = self.second.slowest.max(time);
    }

    /// A request that failed.
    pub(super) fn failed(&mut self, now: Instant, url: &str, failure: &Failure) {
        *self.failures.entry(failure.kind).or_default() += 1;
        let at = now - self.start;
        let first = self.failed_between.map_or(at, |(first, _)| first);
        self.failed_between = Some((first, at));
        if self.first.len() < KEPT {
            self.first.push(json!({
                "at_seconds": seconds(at),
                "time": unix_time(),
                "url": url,
                "kind": failure.kind.name(),
                "message": failure.message,
            }));
        }
    }

    /// Requests that succeeded.
    pub(super) fn ok_count(&self) -> u64 {
        self.latency.count()
    }

    /// Requests that failed.
    pub(super) fn failed_count(&self) -> u64 {
        self.failures.values().sum()
    }

    /// What happened since the last call, as a line of JSON.
    pub(super) fn second(&mut self) -> Value {
        let last = std::mem::take(&mut self.second);
        let (number, ok, failed) = (last.number + 1, self.ok_count(), self.failed_count());
        self.second = Second { number, ok, failed, slowest: Duration::ZERO };
        json!({
            "second": number,
            "time": unix_time(),
            "ok": ok - last.ok,
            "failed": failed - last.failed,
            "slowest_ms": seconds(last.slowest) * 1e3,
        })
    }

    /// Closes the account: the time since the last success counts as a gap too.
    pub(super) fn close(&mut self, now: Instant) -> Duration {
        self.longest_gap = self.longest_gap.max(now - self.last_ok);
        now - self.start
    }
}

/// The tally; a panic elsewhere does not make its numbers wrong.
pub(super) fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds to the microsecond.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

/// Seconds since 1970 to the millisecond.
fn unix_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_seconds_and_first_failures_are_kept() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let refused = Failure { kind: Kind::Refused, message: "no".into() };
        let mut tally = Tally::new(start);
        tally.succeeded(at(10), Duration::from_millis(2), 5);
        for millis in 20..100 {
            tally.failed(at(millis), "http://a/", &refused);
        }
        tally.succeeded(at(150), Duration::from_millis(1), 5);
        assert_eq!(tally.longest_gap, Duration::from_millis(140));
        assert_eq!(
            tally.failed_between,
            Some((Duration::from_millis(20), Duration::from_millis(99)))
        );
        assert_eq!((tally.ok_count(), tally.failed_count(), tally.first.len()), (2, 80, KEPT));
        let second = tally.second();
        assert_eq!((&second["ok"], &second["failed"]), (&json!(2), &json!(80)));
        assert_eq!(second["slowest_ms"], json!(2.0));
        let second = tally.second();
        assert_eq!((&second["second"], &second["ok"]), (&json!(2), &json!(0)));
        assert_eq!(tally.close(at(1000)), Duration::from_secs(1));
        assert_eq!(tally.longest_gap, Duration::from_millis(850));
    }
}
