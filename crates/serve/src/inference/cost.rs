//! What a model's answers cost, so that cheap ones are computed where they arrive.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Longest time that an answer may hold up the other connections of an event loop.
pub(crate) const IN_PLACE: Duration = Duration::from_micros(200);

/// Time for all measurements of one model at load.
const BUDGET: Duration = Duration::from_millis(2);

/// How much an expectation rises at least, in nanoseconds a call.
const STEP: u64 = 10_000;

/// Cost of one call and of each row, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Cost {
    call: AtomicU64,
    row: AtomicU64,
}

impl Cost {
    /// A model that was never seen to run: nothing is computed in place until it was.
    pub(crate) fn unknown() -> Self {
        Self { call: AtomicU64::new(nanos(IN_PLACE) + 1), row: AtomicU64::new(0) }
    }

    /// Times one row and `many` rows; `run` gives false when the model fails.
    pub(crate) fn measure(many: usize, mut run: impl FnMut(usize) -> bool) -> Self {
        let begun = Instant::now();
        let mut best = |rows: usize| {
            let mut best = None;
            for _ in 0..3 {
                let start = Instant::now();
                if !run(rows) {
                    return None;
                }
                let took = nanos(start.elapsed());
                best = Some(best.map_or(took, |best: u64| best.min(took)));
                if begun.elapsed() > BUDGET {
                    break;
                }
            }
            best
        };
        let Some(one) = best(1) else { return Self::unknown() };
        let row = if begun.elapsed() > BUDGET {
            one
        } else {
            best(many).map_or(one, |all| all.saturating_sub(one) / (many.max(2) as u64 - 1))
        };
        Self { call: AtomicU64::new(one.saturating_sub(row)), row: AtomicU64::new(row) }
    }

    /// True when `rows` rows are expected to be answered within [`IN_PLACE`].
    pub(crate) fn is_cheap(&self, rows: usize) -> bool {
        self.is_within(IN_PLACE, rows)
    }

    /// True when `rows` rows are expected to be answered within `time`.
    pub(crate) fn is_within(&self, time: Duration, rows: usize) -> bool {
        let rows = self.row.load(Relaxed).saturating_mul(rows as u64);
        self.call.load(Relaxed).saturating_add(rows) <= nanos(time)
    }

    /// Learns from an answer that took `took`.
    pub(crate) fn learn(&self, rows: usize, took: Duration) {
        let (rows, took) = (rows.max(1) as u64, nanos(took));
        let expected =
            self.row.load(Relaxed).saturating_mul(rows).saturating_add(self.call.load(Relaxed));
        if took > expected.saturating_mul(2) {
            // one slow run may be the machine's fault: at most double, and a little
            let missing = (took - expected).min(expected.saturating_add(STEP));
            self.row.store(self.row.load(Relaxed).saturating_add(missing / rows), Relaxed);
        } else if took < expected / 2 {
            let shrink = |value: &AtomicU64| {
                let now = value.load(Relaxed);
                value.store(now - now / 8, Relaxed);
            };
            shrink(&self.call);
            shrink(&self.row);
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_becomes_cheap_once_it_was_seen_to_be() {
        let cost = Cost::unknown();
        assert!(!cost.is_cheap(1));
        for _ in 0..4 {
            cost.learn(1, Duration::from_micros(5));
        }
        assert!(cost.is_cheap(1));
    }

    #[test]
    fn a_model_that_turns_out_slow_is_no_longer_cheap() {
        let cost = Cost { call: AtomicU64::new(1_000), row: AtomicU64::new(10) };
        assert!(cost.is_cheap(1_000) && !cost.is_cheap(1_000_000));
        for _ in 0..8 {
            cost.learn(1_000, Duration::from_millis(5));
        }
        assert!(!cost.is_cheap(1_000));
        let cost = Cost { call: AtomicU64::new(1_000), row: AtomicU64::new(10) };
        cost.learn(1, Duration::from_secs(1));
        assert!(cost.is_cheap(1), "a single slow run does not change the place");
        assert!(!Cost::measure(4, |_| false).is_cheap(1));
    }
}
