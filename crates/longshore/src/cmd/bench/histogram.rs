//! Times counted in buckets whose width grows with the time.

use std::time::Duration;

/// Buckets for each doubling: a time is known to 1/128 of itself.
const STEPS: u64 = 128;

/// How often each time occurred, in nanoseconds. Below 256 ns it is exact, above it is known to 0.8 %; the smallest,
/// the largest and the mean are exact. The layout is that of high dynamic range histograms.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u128,
    smallest: u64,
    largest: u64,
}

impl Histogram {
    /// Nothing counted.
    pub(super) fn new() -> Self {
        Self { counts: Vec::new(), total: 0, sum: 0, smallest: u64::MAX, largest: 0 }
    }

    /// Counts a time.
    pub(super) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket(nanos);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.total += 1;
        self.sum += u128::from(nanos);
        self.smallest = self.smallest.min(nanos);
        self.largest = self.largest.max(nanos);
    }

    /// How many times were counted.
    pub(super) fn count(&self) -> u64 {
        self.total
    }

    /// The time that this share of all (0 to 1) does not exceed, in nanoseconds; 0 when there is none.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let rank = ((share * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return highest(bucket as u64).min(self.largest);
            }
        }
        self.largest
    }

    /// The mean in nanoseconds; 0 when there is none.
    pub(super) fn mean(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.sum as f64 / self.total as f64 }
    }

    /// The smallest in nanoseconds; 0 when there is none.
    pub(super) fn min(&self) -> u64 {
        if self.total == 0 { 0 } else { self.smallest }
    }

    /// The largest in nanoseconds; 0 when there is none.
    pub(super) fn max(&self) -> u64 {
        self.largest
    }
}

/// The first 256 values have a bucket each, then every doubling has 128.
fn bucket(nanos: u64) -> usize {
    let doublings = (nanos / (2 * STEPS)).checked_ilog2().map_or(0, |log| log as u64 + 1);
    ((nanos >> doublings) + doublings * STEPS) as usize
}

/// The largest value of a bucket.
fn highest(bucket: u64) -> u64 {
    let doublings = (bucket / STEPS).saturating_sub(1);
    (((bucket - doublings * STEPS + 1) as u128) << doublings).saturating_sub(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_one_another_without_gap() {
        let mut expected = 0;
        for value in 0..1_000_000 {
            let found = bucket(value) as u64;
            assert!(found == expected || found == expected + 1, "{value}");
            assert!(
                highest(found) >= value && (highest(found) - value) * STEPS <= value.max(STEPS)
            );
            assert!(found == 0 || highest(found - 1) < value, "{value}");
            expected = found;
        }
        assert_eq!(highest(bucket(u64::MAX) as u64), u64::MAX);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let mut histogram = Histogram::new();
        assert_eq!((histogram.quantile(0.5), histogram.min(), histogram.max()), (0, 0, 0));
        for millis in (1..=1000).rev() {
            histogram.record(Duration::from_millis(millis));
        }
        for (share, millis) in [(0.0, 1), (0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)] {
            let (found, exact) = (histogram.quantile(share) as f64, f64::from(millis) * 1e6);
            assert!(found >= exact && found <= exact * 1.008, "{share}: {found} for {exact}");
        }
        assert_eq!(histogram.mean(), 500.5e6);
        assert_eq!((histogram.min(), histogram.max()), (1_000_000, 1_000_000_000));
        assert_eq!(histogram.count(), 1000);
    }
}
