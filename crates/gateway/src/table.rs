//! What is routed where.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use longshore_kserve::validate::POOL_NAME;
use longshore_platform::{LoadReport, OutcomeReport, Revision as Facts, Routes};
use tokio::sync::Notify;

mod route_map;

pub(crate) use self::route_map::Found;
use self::route_map::RouteMap;
use crate::{
    Error, Revision, description,
    description::{Description, Endpoint},
    gateways::Gateways,
    names::Names,
    revision::{Giver, Uses},
    service::Service,
};

/// What a gateway routes. Requests read it without a lock; whoever fills it changes one service or one
/// revision at a time, which costs the same however many there are. Clones are handles to the same
/// table.
#[derive(Clone)]
pub struct Table(Arc<State>);

struct State {
    instance: String,
    /// The same as the giver of slots.
    giver: Giver,
    epoch: Instant,
    names: Names,
    routes: RouteMap,
    /// The gateways have changed.
    moved: Notify,
    known: Mutex<Known>,
}

/// By `(NAMESPACE, NAME)`.
type Key = (String, String);

#[derive(Default)]
struct Known {
    services: HashMap<Key, Arc<Service>>,
    revisions: HashMap<Key, Named>,
    /// The warm pools, by namespace. They stay: there are as many as namespaces at most.
    pools: HashMap<String, Arc<Revision>>,
    gateways: Gateways,
}

/// A revision, and how many shares and tags name it.
struct Named {
    revision: Arc<Revision>,
    times: usize,
}

impl Table {
    /// A table without routes; `cluster_domain` is the domain of the cluster's own names, such as
    /// `cluster.local`.
    pub fn new(cluster_domain: &str) -> Self {
        let drawn = RandomState::new().hash_one(Instant::now());
        Self(Arc::new(State {
            instance: format!("{drawn:016x}"),
            giver: drawn | 1,
            moved: Notify::new(),
            epoch: Instant::now(),
            names: Names::new(cluster_domain),
            routes: RouteMap::default(),
            known: Mutex::default(),
        }))
    }

    /// Takes over all that is described, and forgets all else.
    ///
    /// # Errors
    /// As [`Table::set_service`]; what stands before the wrong service is taken over.
    pub fn replace(&self, description: Description) -> Result<(), Error> {
        let key = |namespace: &String, name: &String| (namespace.clone(), name.clone());
        let services: HashSet<Key> =
            description.services.iter().map(|it| key(&it.namespace, &it.name)).collect();
        let revisions: HashSet<Key> =
            description.revisions.iter().map(|it| key(&it.namespace, &it.name)).collect();
        let known = self.known();
        let services: Vec<Key> =
            known.services.keys().filter(|key| !services.contains(key)).cloned().collect();
        let revisions: Vec<Key> =
            known.revisions.keys().filter(|key| !revisions.contains(key)).cloned().collect();
        drop(known);
        for (namespace, name) in services {
            self.remove_service(&namespace, &name);
        }
        for (namespace, name) in revisions {
            self.remove_revision(&namespace, &name);
        }
        for revision in description.revisions {
            let description::Revision { namespace, name, facts, replicas } = revision;
            self.set_facts(&namespace, &name, facts);
            self.set_replicas(&namespace, &name, replicas);
        }
        description.services.iter().try_for_each(|service| self.set_service(service).map(drop))
    }

    /// Takes over a service. Gives back those of its routes that another service has: the one that came
    /// first keeps a route, and the next one gets it once that gives it up. A name in the cluster
    /// belongs to the services of its namespace alone.
    ///
    /// # Errors
    /// [`Error::Route`], [`Error::Shares`]: the service stays as it is.
    pub fn set_service(&self, described: &description::Service) -> Result<Vec<String>, Error> {
        let State { names, routes, epoch, .. } = &*self.0;
        let key = (described.namespace.clone(), described.name.clone());
        let mut known = self.known();
        let service = Service::new(described, names, |name| {
            known.named((&described.namespace, name), *epoch)
        })?;
        let service = Arc::new(service);
        let before = known.services.insert(key, service.clone());
        let taken = routes.replace(before.as_deref(), Some(&service));
        known.forget(before.as_deref());
        Ok(taken)
    }

    /// Forgets a service: its routes lead nowhere.
    pub fn remove_service(&self, namespace: &str, name: &str) {
        let mut known = self.known();
        let before = known.services.remove(&(namespace.to_owned(), name.to_owned()));
        self.0.routes.replace(before.as_deref(), None);
        known.forget(before.as_deref());
    }

    /// Takes over what is known of a revision.
    pub fn set_facts(&self, namespace: &str, revision: &str, facts: Facts) {
        let known = &mut self.known();
        let revision = &known.entry((namespace, revision), self.0.epoch).revision;
        revision.set_facts(Some(facts));
    }

    /// Takes over all replicas of a revision that are ready. Requests that wait for one go on.
    pub fn set_replicas(&self, namespace: &str, revision: &str, replicas: Vec<Endpoint>) {
        let known = &mut self.known();
        let revision = &known.entry((namespace, revision), self.0.epoch).revision;
        revision.set_replicas(replicas);
    }

    /// Forgets what is known of a revision, and its replicas. A service that names it holds requests.
    pub fn remove_revision(&self, namespace: &str, revision: &str) {
        let key = (namespace.to_owned(), revision.to_owned());
        let mut known = self.known();
        let Some(Named { revision, .. }) = known.revisions.get(&key) else { return };
        revision.set_facts(None);
        revision.set_replicas(Vec::new());
        known.forget_unused(&key);
    }

    /// Takes over all replicas of the warm pool of a namespace that are ready.
    pub fn set_pool(&self, namespace: &str, replicas: Vec<Endpoint>) {
        let pool = self.known().pool(namespace, self.0.epoch);
        pool.set_replicas(replicas);
    }

    /// Takes over which gateways of the release there are, by the addresses of their ports for peers:
    /// this one, those that take requests, and others that begin or go down. One of those that take
    /// requests has the queue of a revision whose replicas have a limit.
    pub fn set_gateways(&self, own: SocketAddr, ready: Vec<SocketAddr>, others: Vec<SocketAddr>) {
        self.know(|known| Gateways { own: Some(own), ready, others, ..known.clone() });
    }

    /// This gateway goes down: others have the queues, when there are some.
    pub(crate) fn leave(&self) {
        self.know(|known| Gateways { is_leaving: true, ..known.clone() });
    }

    fn know(&self, change: impl FnOnce(&Gateways) -> Gateways) {
        let known = &mut *self.known();
        let gateways = change(&known.gateways);
        if gateways == known.gateways {
            return;
        }
        known.gateways = gateways;
        for Named { revision, .. } in known.revisions.values() {
            revision.set_owner(known.gateways.owner(revision.namespace(), revision.name()));
            for gone in revision.foreign() {
                if known.gateways.peers().all(|it| it != gone) {
                    revision.set_foreign(gone, None);
                }
            }
        }
        self.0.moved.notify_one();
    }

    /// Waits until the gateways change.
    pub(crate) async fn moved(&self) {
        self.0.moved.notified().await;
    }

    /// The gateways of the release.
    pub(crate) fn gateways(&self) -> Gateways {
        self.known().gateways.clone()
    }

    /// Which start of this gateway gives slots.
    pub(crate) fn giver(&self) -> Giver {
        self.0.giver
    }

    /// What requests of this gateway use of revisions whose slots another one gives, without the slots
    /// that `giver` has given; by `NAMESPACE/REVISION`.
    pub(crate) fn uses(&self, giver: Giver) -> BTreeMap<String, Uses> {
        let away = self.all().into_iter().filter(|it| !it.has_queue());
        let uses = away.map(|it| (format!("{}/{}", it.namespace(), it.name()), it.uses(giver)));
        uses.filter(|(_, uses)| !uses.is_empty()).collect()
    }

    /// Takes over what another gateway uses that this one has not given.
    pub(crate) fn set_foreign(&self, peer: SocketAddr, mut uses: BTreeMap<String, Uses>) {
        for revision in self.all() {
            let found = uses.remove(&format!("{}/{}", revision.namespace(), revision.name()));
            if found.is_some() || !revision.foreign().is_empty() {
                revision.set_foreign(peer, found);
            }
        }
    }

    /// Slots that others have given are known, if the gateways are still these.
    pub(crate) fn settle(&self, gateways: &Gateways) {
        let known = self.known();
        if known.gateways == *gateways {
            let named = known.revisions.values().filter(|it| it.revision.settles());
            named.for_each(|it| it.revision.has_settled());
        }
    }

    /// True when no revision waits for slots that others have given.
    pub(crate) fn is_settled(&self) -> bool {
        self.all().iter().all(|it| !it.settles() && it.foreign().is_empty())
    }

    /// True when another gateway may speak from this address.
    pub(crate) fn has_gateway(&self, peer: IpAddr) -> bool {
        self.known().gateways.has(peer)
    }

    /// A revision that was named by a service or told of.
    pub fn revision(&self, namespace: &str, name: &str) -> Option<Arc<Revision>> {
        let key = (namespace.to_owned(), name.to_owned());
        self.known().revisions.get(&key).map(|named| named.revision.clone())
    }

    /// How a service is routed; `None` when it is not known.
    pub fn routes(&self, namespace: &str, name: &str) -> Option<Routes> {
        let key = (namespace.to_owned(), name.to_owned());
        let service = self.known().services.get(&key).cloned();
        service.map(|service| service.describe())
    }

    /// What has been counted since the start.
    pub fn load(&self) -> LoadReport {
        let State { instance, epoch, .. } = &*self.0;
        let loads = self.all().into_iter().map(|revision| {
            (format!("{}/{}", revision.namespace(), revision.name()), revision.load())
        });
        LoadReport {
            instance: instance.clone(),
            seconds: epoch.elapsed().as_secs_f64(),
            revisions: loads.filter(|(_, load)| load.requests > 0).collect(),
        }
    }

    /// How requests to a service have ended since the start, by its revisions that get requests now;
    /// `None` when it is not known.
    pub fn outcomes(&self, namespace: &str, name: &str) -> Option<OutcomeReport> {
        let State { instance, epoch, .. } = &*self.0;
        let key = (namespace.to_owned(), name.to_owned());
        let service = self.known().services.get(&key).cloned()?;
        let outcomes = service
            .revisions()
            .filter_map(|revision| Some((revision.name().to_owned(), revision.outcomes()?)));
        Some(OutcomeReport {
            instance: instance.clone(),
            seconds: epoch.elapsed().as_secs_f64(),
            revisions: outcomes.collect(),
        })
    }

    /// All revisions.
    pub(crate) fn all(&self) -> Vec<Arc<Revision>> {
        self.known().revisions.values().map(|named| named.revision.clone()).collect()
    }

    /// What answers at a host and a path.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<Found> {
        let State { names, routes, .. } = &*self.0;
        routes.find(&names.host(host)?, path)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A revision, which is made when it is new.
    fn entry(&mut self, (namespace, name): (&str, &str), epoch: Instant) -> &mut Named {
        let pool = self.pool(namespace, epoch);
        let gateways = &self.gateways;
        self.revisions.entry((namespace.to_owned(), name.to_owned())).or_insert_with(|| {
            let revision = Arc::new(Revision::new(namespace, name, epoch, Some(pool)));
            revision.set_owner(gateways.owner(namespace, name));
            Named { revision, times: 0 }
        })
    }

    /// The warm pool of a namespace, which may have no replica.
    fn pool(&mut self, namespace: &str, epoch: Instant) -> Arc<Revision> {
        let new = || Arc::new(Revision::new(namespace, POOL_NAME, epoch, None));
        self.pools.entry(namespace.to_owned()).or_insert_with(new).clone()
    }

    /// A revision that a service names once more.
    fn named(&mut self, name: (&str, &str), epoch: Instant) -> Arc<Revision> {
        let named = self.entry(name, epoch);
        named.times += 1;
        named.revision.clone()
    }

    /// A service names its revisions no more.
    fn forget(&mut self, service: Option<&Service>) {
        for revision in service.into_iter().flat_map(Service::revisions) {
            let key = (revision.namespace().to_owned(), revision.name().to_owned());
            if let Some(named) = self.revisions.get_mut(&key) {
                named.times = named.times.saturating_sub(1);
            }
            self.forget_unused(&key);
        }
    }

    /// Forgets a revision that nothing is known of and nobody names.
    fn forget_unused(&mut self, key: &Key) {
        let is_unused = |Named { revision, times }: &Named| {
            *times == 0 && revision.facts().is_none() && revision.endpoints().is_empty()
        };
        if self.revisions.get(key).is_some_and(is_unused) {
            self.revisions.remove(key);
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known();
        let counts = (known.services.len(), known.revisions.len());
        out.debug_struct("Table").field("known", &counts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
