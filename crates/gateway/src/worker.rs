use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use hyper::http::request::Parts;
use longshore_daemon::{
    RequestIds,
    gate::Gate,
    server::{Connection, Probe, Readiness},
    trace::Tracer,
};

use crate::{
    Table, Wake,
    config::Bounds,
    failure::Failure,
    security::{self, Asked, Security},
    service::Service,
    upstream::Upstream,
};

/// What all event loops share.
pub(crate) struct Shared {
    pub(crate) table: Table,
    pub(crate) wake: Arc<dyn Wake>,
    pub(crate) probe: Arc<Probe>,
    /// Whether all routes are known.
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) security: Security,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) bounds: Bounds,
    /// Requests that wait for a replica.
    pub(crate) waiting: Gate,
    /// Bytes of their bodies.
    pub(crate) waiting_bytes: Gate,
    /// Copies of requests that are under way.
    pub(crate) copies: Gate,
    /// Bytes that are recorded for them.
    pub(crate) copied_bytes: Gate,
    pub(crate) trust_forwarded: bool,
    pub(crate) seed: Option<u64>,
}

impl Shared {
    /// Lets a request in, or says why not; gives the name of its client, where that has to have one.
    pub(crate) fn admit(
        &self,
        service: &Service,
        head: &mut Parts,
        connection: Option<Connection>,
    ) -> Result<Option<Arc<str>>, Failure> {
        let peer = connection.map(|connection| connection.peer.ip());
        let named =
            if self.trust_forwarded { security::forwarded_for(&head.headers) } else { None };
        let asked = Asked { namespace: &service.namespace, name: &service.name };
        let admitted =
            self.security.admit(asked, &service.policy, &mut head.headers, named.or(peer));
        admitted.map_err(|refused| {
            let failure = Failure::new(refused.code, refused.message);
            let failure = match refused.retry_after {
                Some(seconds) => failure.after(seconds),
                None => failure,
            };
            match refused.challenge {
                Some(challenge) => failure.with_challenge(challenge),
                None => failure,
            }
        })
    }
}

/// What one event loop has for itself.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ids: RequestIds,
    /// Its connections to replicas.
    pub(crate) upstream: Upstream,
    random: AtomicU64,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, loop_id: usize) -> Self {
        let drawn = || RandomState::new().hash_one(loop_id);
        let seed = shared.seed.map_or_else(drawn, |seed| seed.wrapping_add(loop_id as u64));
        let upstream = Upstream::new(shared.bounds);
        Self { shared, ids: RequestIds::new(), upstream, random: AtomicU64::new(seed) }
    }

    /// A random number: the next of `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number
    /// generators", 2014).
    pub(crate) fn draw(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.random.fetch_add(STEP, Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
