//! How often clients have asked.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use longshore_platform::policy::{Per, Policy, Rate};

use super::Asked;

/// Locks, so that event loops seldom wait for one another.
const SHARDS: usize = 32;

/// Most clients that are remembered under a lock. Those beyond share one limit.
const MOST: usize = 8192;

/// The buckets of all clients of all services. A bucket is the time at which it is full again (the
/// generic cell rate algorithm, ITU-T I.371): one that is full need not be remembered.
#[derive(Debug, Default)]
pub(super) struct Rates {
    shards: [Mutex<HashMap<u64, Instant>>; SHARDS],
    hasher: OnceLock<RandomState>,
}

impl Rates {
    /// Counts a request, unless a limit is reached: then gives how long it takes until the next may
    /// come, and counts nothing.
    pub(super) fn refuse(
        &self,
        asked: Asked<'_>,
        policy: &Policy,
        client: Option<&str>,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Option<Duration> {
        if policy.rates.is_empty() {
            return None;
        }
        let keys: Vec<u64> = policy
            .rates
            .iter()
            .map(|rate| match rate.per {
                Per::Service => self.key(asked, rate, None, None),
                Per::Client => self.key(asked, rate, client, address.map(network)),
            })
            .collect();
        let waits = policy.rates.iter().zip(&keys);
        let longest = waits.filter_map(|(rate, key)| self.wait(*key, rate, now)).max();
        if longest.is_none() {
            for (rate, key) in policy.rates.iter().zip(keys) {
                self.take(key, rate, now);
            }
        }
        longest
    }

    fn key(
        &self,
        asked: Asked<'_>,
        rate: &Rate,
        client: Option<&str>,
        address: Option<IpAddr>,
    ) -> u64 {
        // who is known has a limit of its own, wherever it asks from
        let address = if client.is_some() { None } else { address };
        let limit = (rate.count, rate.period_seconds, rate.burst);
        let hasher = self.hasher.get_or_init(RandomState::new);
        hasher.hash_one((asked.namespace, asked.name, limit, client, address))
    }

    fn shard(&self, key: u64) -> Option<MutexGuard<'_, HashMap<u64, Instant>>> {
        let shard = self.shards.get(key as usize % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How long it takes until there is room for a request; `None` when there is.
    fn wait(&self, key: u64, rate: &Rate, now: Instant) -> Option<Duration> {
        let shard = self.shard(key)?;
        let full = *shard.get(&place(&shard, key))?;
        drop(shard);
        let room = rate.interval() * (rate.burst.saturating_sub(1));
        let missing = full.saturating_duration_since(now).checked_sub(room)?;
        (!missing.is_zero()).then_some(missing)
    }

    fn take(&self, key: u64, rate: &Rate, now: Instant) {
        let Some(mut shard) = self.shard(key) else { return };
        if shard.len() >= MOST {
            shard.retain(|_, full| *full > now);
        }
        let key = place(&shard, key);
        let full = shard.entry(key).or_insert(now);
        *full = (*full).max(now) + rate.interval();
    }
}

/// Where a client is counted: once too many are remembered, new ones are counted together.
fn place(shard: &HashMap<u64, Instant>, key: u64) -> u64 {
    let is_apart = shard.len() < MOST || shard.contains_key(&key);
    if is_apart { key } else { key % SHARDS as u64 }
}

/// Whom an address belongs to: with IPv6, a client has a whole /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::IpAddr,
        time::{Duration, Instant},
    };

    use longshore_platform::policy::Policy;

    use super::{Asked, Rates};

    const ASKED: Asked<'static> = Asked { namespace: "ml", name: "iris" };

    fn policy(rates: &str) -> Policy {
        let annotation = ("longshore.dev/rate-limit".to_owned(), rates.to_owned());
        Policy::of(&[annotation].into()).unwrap()
    }

    #[test]
    fn a_bucket_holds_a_burst_and_fills_steadily() {
        let (rates, policy) = (Rates::default(), policy("10/s burst 3"));
        let begun = Instant::now();
        let refuse = |client, after| {
            let now = begun + Duration::from_millis(after);
            rates.refuse(ASKED, &policy, Some(client), None, now)
        };
        for _ in 0..3 {
            assert_eq!(refuse("a", 0), None);
        }
        assert_eq!(refuse("a", 0), Some(Duration::from_millis(100)));
        assert_eq!(refuse("a", 60), Some(Duration::from_millis(40)), "who is refused counts not");
        assert_eq!(refuse("b", 0), None, "another client has its own");
        assert_eq!(refuse("a", 100), None);
        assert_eq!(refuse("a", 150), Some(Duration::from_millis(50)));
        // over ten seconds, no more than the rate
        let taken = (10_000..20_000).step_by(5).filter(|after| refuse("a", *after).is_none());
        assert_eq!(taken.count(), 102);
    }

    #[test]
    fn a_service_has_a_limit_for_all_and_none_is_taken_from_when_one_refuses() {
        let (rates, policy) = (Rates::default(), policy("1/s per client, 2/s per service"));
        let now = Instant::now();
        let refuse = |client| rates.refuse(ASKED, &policy, Some(client), None, now).is_some();
        assert!(!refuse("a"));
        assert!(refuse("a"));
        assert!(refuse("a"));
        assert!(!refuse("b"), "what a was refused has not counted for the service");
        assert!(refuse("c"));
        let other = Asked { name: "wine", ..ASKED };
        assert_eq!(rates.refuse(other, &policy, Some("a"), None, now), None);
    }

    #[test]
    fn who_is_not_known_is_told_apart_by_address() {
        let (rates, policy) = (Rates::default(), policy("1/h"));
        let now = Instant::now();
        let refuse = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            rates.refuse(ASKED, &policy, None, Some(address), now).is_some()
        };
        assert!(!refuse("10.0.0.1"));
        assert!(refuse("::ffff:10.0.0.1"));
        assert!(!refuse("10.0.0.2"));
        assert!(!refuse("2001:db8::1"));
        assert!(refuse("2001:db8::2"), "the same network");
        assert!(!refuse("2001:db8:0:1::1"));
    }

    #[test]
    fn memory_is_bounded_and_the_limit_holds_for_those_beyond() {
        let (rates, policy) = (Rates::default(), policy("1/h"));
        let now = Instant::now();
        let clients = super::MOST * super::SHARDS * 2;
        let mut taken = 0;
        for client in 0..clients {
            let name = client.to_string();
            taken += usize::from(rates.refuse(ASKED, &policy, Some(&name), None, now).is_none());
        }
        let kept: usize = rates.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= (super::MOST + 1) * super::SHARDS, "{kept}");
        assert!(taken >= super::MOST * super::SHARDS, "{taken}");
        assert!(taken <= (super::MOST + 1) * super::SHARDS, "{taken}");
    }
}
