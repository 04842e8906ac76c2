//! What a gateway knows of the cluster, and what an object that has changed means for its routes. An
//! object costs as much as it is large, however many others there are.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use longshore_platform::Revision as Facts;

use super::objects::{Gateways, Key, Slice};
use crate::description::{Endpoint, Revision, Service};

/// A change of the routes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// A service is routed so from now on.
    Service(Service),
    /// A service is not routed any more.
    NoService(Key),
    /// A revision has these facts and replicas from now on.
    Revision(Revision),
    /// There is no such revision any more.
    NoRevision(Key),
    /// The warm pool of this namespace has these replicas from now on.
    Pool(String, Vec<Endpoint>),
    /// There are these gateways from now on, by their ports for peers.
    Gateways {
        /// Those that take requests.
        ready: Vec<SocketAddr>,
        /// Those that begin or go down.
        others: Vec<SocketAddr>,
    },
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    services: HashMap<Key, Service>,
    revisions: HashMap<Key, State>,
    /// The revision of each Service with facts: its name need not be the revision's.
    services_of: HashMap<Key, Key>,
    /// The revision of each EndpointSlice.
    slices: HashMap<Key, Key>,
    /// Revisions with replicas that no EndpointSlice lists yet.
    announced: HashMap<Key, BTreeMap<IpAddr, Instant>>,
    /// The replicas of warm pools: by namespace, and there by the names of the slices.
    pools: HashMap<String, BTreeMap<String, Vec<Endpoint>>>,
    /// The gateways, by the names of the slices.
    gateways: BTreeMap<String, Gateways>,
}

/// What is known of a revision.
#[derive(Debug, Default)]
struct State {
    facts: Option<Facts>,
    /// By the names of the slices.
    slices: BTreeMap<String, Slice>,
    /// What the table was last told.
    told: Option<Revision>,
}

impl Known {
    /// A service is routed so, or is not to be.
    pub(super) fn service(&mut self, key: Key, service: Option<Service>) -> Option<Change> {
        let Some(service) = service else {
            return self.services.remove(&key).map(|_| Change::NoService(key));
        };
        if self.services.get(&key) == Some(&service) {
            return None;
        }
        self.services.insert(key, service.clone());
        Some(Change::Service(service))
    }

    /// A Service says this of its revision; `None` when the Service is gone.
    pub(super) fn facts(&mut self, service: &Key, found: Option<(String, Facts)>) -> Vec<Change> {
        let mut changed = Vec::new();
        let revision = found.as_ref().map(|(revision, _)| Key::new(&service.namespace, revision));
        let before = match &revision {
            Some(revision) => self.services_of.insert(service.clone(), revision.clone()),
            None => self.services_of.remove(service),
        };
        if let Some(before) = before.filter(|before| Some(before) != revision.as_ref()) {
            if let Some(state) = self.revisions.get_mut(&before) {
                state.facts = None;
            }
            changed.push(before);
        }
        if let (Some(revision), Some((_, facts))) = (revision, found) {
            self.revisions.entry(revision.clone()).or_default().facts = Some(facts);
            changed.push(revision);
        }
        changed.iter().filter_map(|revision| self.told(revision)).collect()
    }

    /// An EndpointSlice has these addresses of this revision; `None` when it is gone.
    pub(super) fn slice(&mut self, key: &Key, found: Option<(String, Slice)>) -> Vec<Change> {
        let mut changed = Vec::new();
        let revision = found.as_ref().map(|(revision, _)| Key::new(&key.namespace, revision));
        let before = match &revision {
            Some(revision) => self.slices.insert(key.clone(), revision.clone()),
            None => self.slices.remove(key),
        };
        if let Some(before) = before.filter(|before| Some(before) != revision.as_ref()) {
            if let Some(state) = self.revisions.get_mut(&before) {
                state.slices.remove(&key.name);
            }
            changed.push(before);
        }
        if let (Some(revision), Some((_, slice))) = (revision, found) {
            if let Some(announced) = self.announced.get_mut(&revision) {
                announced.retain(|address, _| {
                    !slice.ready.contains(address) && !slice.leaving.contains(address)
                });
            }
            let state = self.revisions.entry(revision.clone()).or_default();
            state.slices.insert(key.name.clone(), slice);
            changed.push(revision);
        }
        changed.iter().filter_map(|revision| self.told(revision)).collect()
    }

    /// An EndpointSlice has these replicas of its namespace's warm pool; `None` when it is gone.
    pub(super) fn pool(&mut self, key: &Key, found: Option<Vec<Endpoint>>) -> Option<Change> {
        let slices = self.pools.entry(key.namespace.clone()).or_default();
        if slices.get(&key.name) == found.as_ref() {
            return None;
        }
        match found {
            Some(found) => slices.insert(key.name.clone(), found),
            None => slices.remove(&key.name),
        };
        let all = slices.values().flatten().copied().collect();
        if slices.is_empty() {
            self.pools.remove(&key.namespace);
        }
        Some(Change::Pool(key.namespace.clone(), all))
    }

    /// An EndpointSlice has these gateways of the release; `None` when it is gone.
    pub(super) fn gateways(&mut self, key: &Key, found: Option<Gateways>) -> Option<Change> {
        if self.gateways.get(&key.name) == found.as_ref() {
            return None;
        }
        match found {
            Some(found) => self.gateways.insert(key.name.clone(), found),
            None => self.gateways.remove(&key.name),
        };
        let all = |part: fn(&Gateways) -> &Vec<SocketAddr>| {
            self.gateways.values().flat_map(part).copied().collect()
        };
        Some(Change::Gateways { ready: all(|it| &it.ready), others: all(|it| &it.others) })
    }

    /// True when the facts of a revision are known.
    pub(super) fn has(&self, revision: &Key) -> bool {
        self.revisions.get(revision).is_some_and(|state| state.facts.is_some())
    }

    /// A replica has told its address itself, which holds until an EndpointSlice names it or `until`
    /// is over.
    pub(super) fn announce(
        &mut self,
        revision: &Key,
        address: IpAddr,
        until: Instant,
    ) -> Option<Change> {
        let state = self.revisions.get(revision)?;
        if state.slices.values().any(|slice| slice.ready.contains(&address)) {
            return None;
        }
        self.announced.entry(revision.clone()).or_default().insert(address, until);
        self.told(revision)
    }

    /// Forgets the announcements whose time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Change> {
        let mut changed = Vec::new();
        self.announced.retain(|revision, addresses| {
            let before = addresses.len();
            addresses.retain(|_, until| *until > now);
            if addresses.len() != before {
                changed.push(revision.clone());
            }
            !addresses.is_empty()
        });
        changed.iter().filter_map(|revision| self.told(revision)).collect()
    }

    /// What the table has to be told of a revision, if that is something new.
    fn told(&mut self, key: &Key) -> Option<Change> {
        let state = self.revisions.get_mut(key)?;
        let Some(facts) = &state.facts else {
            let gone = state.told.take().map(|_| Change::NoRevision(key.clone()));
            if state.slices.is_empty() {
                self.revisions.remove(key);
                self.announced.remove(key);
            }
            return gone;
        };
        let listed = state.slices.values().flat_map(|slice| &slice.ready);
        let announced = self.announced.get(key).into_iter().flat_map(BTreeMap::keys);
        let endpoint = |address: &IpAddr| Endpoint {
            address: SocketAddr::new(*address, facts.port),
            grpc: facts.grpc_port.map(|port| SocketAddr::new(*address, port)),
        };
        let mut replicas: Vec<_> = listed.chain(announced).map(endpoint).collect();
        replicas.sort_unstable();
        replicas.dedup();
        let revision = Revision {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            facts: facts.clone(),
            replicas,
        };
        if state.told.as_ref() == Some(&revision) {
            return None;
        }
        state.told = Some(revision.clone());
        Some(Change::Revision(revision))
    }
}

#[cfg(test)]
mod tests;
