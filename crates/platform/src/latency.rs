use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};

/// How long requests took: how many of them in each bucket.
///
/// The buckets are 250 microseconds wide up to 2 milliseconds; above that, four of them share each
/// doubling, so a bucket is at most a quarter of what it begins at. The last one has no end. JSON has
/// the counts by the bucket's number, without those that are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency([u64; Latency::BUCKETS]);

/// The width of the first buckets in microseconds.
const UNIT: u64 = 250;

/// Buckets that share a doubling, as a power of two.
const SHARE: u32 = 2;

impl Latency {
    /// How many buckets there are; the last one begins at 114.688 seconds.
    pub const BUCKETS: usize = 72;

    /// The bucket of this time.
    pub fn bucket(time: Duration) -> usize {
        let units = u64::try_from(time.as_micros()).unwrap_or(u64::MAX) / UNIT;
        let octave = units.checked_ilog2().unwrap_or(0).saturating_sub(SHARE);
        let within = (units >> octave) as usize;
        (((octave as usize) << SHARE) + within).min(Self::BUCKETS - 1)
    }

    /// Where a bucket begins. The end of one is the begin of the next.
    pub fn begin(bucket: usize) -> Duration {
        let octave = (bucket >> SHARE).saturating_sub(1);
        let within = bucket - (octave << SHARE);
        Duration::from_micros((within as u64 * UNIT) << octave)
    }

    /// Counts one request.
    pub fn add(&mut self, time: Duration) {
        self.put(Self::bucket(time), 1);
    }

    /// Counts requests of one bucket; those of a bucket that there is not are in the last one.
    pub fn put(&mut self, bucket: usize, count: u64) {
        let bucket = bucket.min(Self::BUCKETS - 1);
        self.0[bucket] = self.0[bucket].saturating_add(count);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in other.0.iter().enumerate() {
            self.put(bucket, *count);
        }
    }

    /// What was counted since it was `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self(std::array::from_fn(|bucket| self.0[bucket].saturating_sub(earlier.0[bucket])))
    }

    /// How many requests were counted.
    pub fn count(&self) -> u64 {
        sum(&self.0)
    }

    /// True when none was.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// How many requests took at least this long. The requests of the bucket in which the limit lies
    /// are taken to be spread evenly over it; in the last bucket, all count.
    pub fn at_least(&self, limit: Duration) -> u64 {
        let bucket = Self::bucket(limit);
        let above = sum(&self.0[bucket + 1..]);
        let (begin, end) = (Self::begin(bucket), Self::begin(bucket + 1));
        let is_last = bucket == Self::BUCKETS - 1;
        let share = if is_last {
            1.0
        } else {
            end.saturating_sub(limit).as_secs_f64() / end.saturating_sub(begin).as_secs_f64()
        };
        above.saturating_add((self.0[bucket] as f64 * share).round() as u64)
    }

    /// The time that this share of the requests, between 0 and 1, did not exceed, by the same rule;
    /// none without requests.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        let wanted = (share.clamp(0.0, 1.0) * count as f64).ceil().max(1.0);
        let mut below = 0u64;
        for (bucket, here) in self.0.iter().enumerate() {
            if *here > 0 && below as f64 + *here as f64 >= wanted {
                let (begin, end) = (Self::begin(bucket), Self::begin(bucket + 1));
                let within = (wanted - below as f64) / *here as f64;
                return Some(begin + end.saturating_sub(begin).mul_f64(within));
            }
            below = below.saturating_add(*here);
        }
        None
    }
}

/// The sum of counts that another process may have sent: it never overflows.
fn sum(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

impl Default for Latency {
    fn default() -> Self {
        Self([0; Self::BUCKETS])
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().enumerate().filter(|(_, count)| **count > 0))
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;
        impl<'de> Visitor<'de> for Counts {
            type Value = Latency;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "counts by the number of their bucket")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Latency, A::Error> {
                let mut latency = Latency::default();
                while let Some((bucket, count)) = map.next_entry::<usize, u64>()? {
                    if bucket >= Latency::BUCKETS {
                        let most = Latency::BUCKETS - 1;
                        return Err(A::Error::custom(format!(
                            "there is no bucket `{bucket}`; the last one is {most}"
                        )));
                    }
                    latency.put(bucket, count);
                }
                Ok(latency)
            }
        }
        deserializer.deserialize_map(Counts)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Latency;

    fn ms(milliseconds: f64) -> Duration {
        Duration::from_secs_f64(milliseconds / 1e3)
    }

    #[test]
    fn buckets_join_and_are_a_quarter_at_most() {
        for bucket in 0..Latency::BUCKETS {
            let (begin, end) = (Latency::begin(bucket), Latency::begin(bucket + 1));
            assert_eq!(Latency::bucket(begin), bucket);
            assert_eq!(Latency::bucket(end.saturating_sub(Duration::from_nanos(1))), bucket);
            assert!(
                begin < ms(1.0) || end.saturating_sub(begin) <= begin / 4,
                "{begin:?} to {end:?}"
            );
        }
        assert_eq!(Latency::begin(8), ms(2.0));
        assert_eq!(Latency::begin(Latency::BUCKETS - 1), Duration::from_millis(114_688));
        assert_eq!(Latency::bucket(Duration::MAX), Latency::BUCKETS - 1);
    }

    #[test]
    fn what_took_longer_than_a_limit_is_counted() {
        let mut latency = Latency::default();
        for _ in 0..97 {
            latency.add(ms(3.0));
        }
        for slow in [250.0, 300.0, 1e9] {
            latency.add(ms(slow));
        }
        assert_eq!(latency.count(), 100);
        assert_eq!(latency.at_least(ms(10.0)), 3);
        assert_eq!(latency.at_least(ms(256.0)), 2);
        assert_eq!(latency.at_least(Duration::from_secs(200)), 1);
        // the bucket of 3 ms ends at 3.5 ms: half of it is above its middle
        assert_eq!(latency.at_least(ms(3.25)), 49 + 3);
        assert_eq!(latency.quantile(0.97), Some(ms(3.5)));
        assert!(latency.quantile(0.98).unwrap() > ms(224.0));
        assert_eq!(Latency::default().quantile(0.5), None);
    }

    #[test]
    fn json_has_what_was_counted() {
        let mut latency = Latency::default();
        latency.add(ms(0.3));
        latency.add(ms(3.0));
        let text = serde_json::to_string(&latency).unwrap();
        assert_eq!(text, r#"{"1":1,"10":1}"#);
        assert_eq!(serde_json::from_str::<Latency>(&text).unwrap(), latency);
        assert!(serde_json::from_str::<Latency>(r#"{"72":1}"#).is_err());
        let mut later = latency;
        later.add(ms(3.0));
        assert_eq!(later.since(&latency).count(), 1);
        assert!(latency.since(&later).is_empty());
    }
}
