use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use arc_swap::ArcSwap;

use crate::service::{Service, Target};

/// Parts of the map. A change copies one part for each route that it touches, so there are many.
const PARTS: usize = 256;

/// Which service answers at which host and path. It is read without a lock, and changed by one thread at
/// a time.
#[derive(Debug)]
pub(super) struct RouteMap {
    parts: Box<[ArcSwap<Part>]>,
    hash: RandomState,
    /// How many routes have a path of so many segments: the paths to look for.
    depths: ArcSwap<BTreeMap<usize, usize>>,
}

/// Routes with those that claim them: the first has it.
type Part = HashMap<String, Vec<Claim>>;

#[derive(Clone, Debug)]
struct Claim {
    service: Arc<Service>,
    target: Target,
}

/// What answers a request.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) service: Arc<Service>,
    pub(crate) target: Target,
    /// Bytes of the request's path that belong to the route and are not handed on.
    pub(crate) prefix: usize,
}

impl Default for RouteMap {
    fn default() -> Self {
        let parts = (0..PARTS).map(|_| ArcSwap::default()).collect();
        Self { parts, hash: RandomState::new(), depths: ArcSwap::default() }
    }
}

impl RouteMap {
    /// What answers at a host and a path: the longest path that is a route, else the host.
    pub(super) fn find(&self, host: &str, path: &str) -> Option<Found> {
        let depths = self.depths.load();
        let mut route = String::new();
        for depth in depths.keys().rev() {
            let Some(prefix) = segments(path, *depth) else { continue };
            route.clear();
            route.push_str(host);
            route.push_str(prefix);
            if let Some(found) = self.get(&route, prefix.len()) {
                return Some(found);
            }
        }
        self.get(host, 0).or_else(|| {
            // a name in the cluster may be written without its `svc`
            let is_short = host.bytes().filter(|byte| *byte == b'.').count() == 1;
            is_short.then(|| self.get(&format!("{host}.svc"), 0))?
        })
    }

    fn get(&self, route: &str, prefix: usize) -> Option<Found> {
        let part = self.part(route).load();
        let Claim { service, target } = part.get(route)?.first()?;
        Some(Found { service: service.clone(), target: target.clone(), prefix })
    }

    fn part(&self, route: &str) -> &ArcSwap<Part> {
        let at = self.hash.hash_one(route) as usize % PARTS;
        &self.parts[at]
    }

    /// Puts a service in the place of what it was before. Gives back its routes that others have.
    pub(super) fn replace(
        &self,
        before: Option<&Service>,
        after: Option<&Arc<Service>>,
    ) -> Vec<String> {
        let mut taken = Vec::new();
        let old = before.map(|service| service.routes.as_slice()).unwrap_or_default();
        let new = after.map(|service| service.routes.as_slice()).unwrap_or_default();
        for (route, target) in new {
            let Some(service) = after else { continue };
            let claim = Claim { service: service.clone(), target: target.clone() };
            let is_known = old.iter().any(|(other, _)| other == route);
            if !is_known {
                self.count(route, true);
            }
            let mut has_it = false;
            self.change(route, |claims| {
                match claims.iter().position(|other| is_same(&other.service, service)) {
                    Some(at) => claims[at] = claim,
                    None => claims.push(claim),
                }
                has_it = claims.first().is_some_and(|first| is_same(&first.service, service));
            });
            if !has_it {
                taken.push(route.clone());
            }
        }
        for (route, _) in old {
            let Some(service) = before else { continue };
            if new.iter().all(|(other, _)| other != route) {
                self.change(route, |claims| {
                    claims.retain(|claim| !is_same(&claim.service, service));
                });
                self.count(route, false);
            }
        }
        taken
    }

    fn change(&self, route: &str, change: impl FnOnce(&mut Vec<Claim>)) {
        let part = self.part(route);
        let mut changed = Part::clone(&part.load());
        let claims = changed.entry(route.to_owned()).or_default();
        change(claims);
        if claims.is_empty() {
            changed.remove(route);
        }
        part.store(Arc::new(changed));
    }

    /// Counts a route among those of its depth, or no more.
    fn count(&self, route: &str, more: bool) {
        let depth = route.bytes().filter(|byte| *byte == b'/').count();
        if depth == 0 {
            return;
        }
        let mut depths = BTreeMap::clone(&self.depths.load());
        let count = depths.entry(depth).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        depths.retain(|_, count| *count > 0);
        self.depths.store(Arc::new(depths));
    }
}

/// The first segments of a path, when it has as many: `/a/b` of `/a/b/c` for 2.
fn segments(path: &str, count: usize) -> Option<&str> {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.nth(count.checked_sub(1)?)?;
    let end = slashes.next().unwrap_or(path.len());
    path.get(..end)
}

fn is_same(one: &Service, other: &Service) -> bool {
    (&one.namespace, &one.name) == (&other.namespace, &other.name)
}
