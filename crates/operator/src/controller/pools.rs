//! The warm pools of namespaces: there while a service may use them, and asked whether they answer for
//! revisions that begin without a replica.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use longshore_kserve::annotations::wants_no_pool;
use longshore_platform::{PoolReadiness, PoolState, names::POOLED_PATH};
use tokio::time::Instant;

use super::{
    Controller,
    look::{Current, Look},
    objects::{Kind, Manifest},
    queue::Next,
    revisions::sleeps_first,
};
use crate::{
    Error,
    build::{self, DEFAULT_ACCOUNT, POOL, POOL_INGRESS, Plan, PoolObjects, Workload},
    cluster::{Key, POOL as GROUP},
};

/// How long a revision waits for the pool before it gets a replica of its own: a pool may have to wait
/// for a node and for its image.
const PATIENCE: Duration = Duration::from_mins(3);

/// When a pool that has replicas is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// When it is looked again at a model that does not load, or at a pool that does not start.
const LATER: Duration = Duration::from_secs(10);

/// How often the NetworkPolicy of a pool is applied again, which no watch shows.
const POLICY_AGAIN: Duration = Duration::from_mins(30);

/// How often a pool is looked at of which nothing changes.
const RARELY: Duration = Duration::from_mins(10);

/// Who may use which pool. What it costs to keep does not grow with the services.
#[derive(Debug, Default)]
pub(crate) struct Pools(Mutex<HashMap<String, Users>>);

/// The services of a namespace.
#[derive(Debug, Default)]
struct Users {
    /// Those that were looked at, and whether they may use the pool.
    looked: HashMap<String, bool>,
    /// How many may.
    count: usize,
    /// Those that wait for its first replica.
    waiting: HashSet<String>,
    /// The hash of the NetworkPolicy that was applied, and when.
    policy: Option<(Instant, String)>,
}

impl Pools {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Users>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether a service may use the pool of its namespace; `None` when there is no such service.
    /// True when the namespace now needs a pool, or may need none any more.
    fn note(&self, key: &Key, uses: Option<bool>) -> bool {
        let mut all = self.all();
        let users = all.entry(key.namespace.clone()).or_default();
        let before = match uses {
            Some(uses) => users.looked.insert(key.name.clone(), uses),
            None => users.looked.remove(&key.name),
        };
        let had = users.count > 0;
        users.count += usize::from(uses == Some(true));
        users.count -= usize::from(before == Some(true));
        let has = users.count > 0;
        if uses.is_none() {
            users.waiting.remove(&key.name);
        }
        if users.looked.is_empty() {
            all.remove(&key.namespace);
        }
        had != has || (!has && before.is_none())
    }
}

/// When the pool is to be asked again.
pub(crate) fn ask_again(currents: &[Current]) -> Option<Duration> {
    let says = currents.iter().filter_map(|current| current.pooled.as_ref());
    says.filter_map(|says| match says.state {
        PoolState::Ready => None,
        PoolState::Failed => Some(LATER),
        PoolState::Waiting => Some(AGAIN),
    })
    .min()
}

impl Controller {
    /// Takes the pool from a plan when its namespace wants none, or there are none.
    pub(super) async fn permit_pool(&self, namespace: &str, plan: &mut Plan) {
        let uses_pool = plan.workloads.iter().any(|it| it.facts.pool.is_some());
        if uses_pool && (self.pool.is_none() || !self.lets_pool(namespace).await) {
            plan.workloads.iter_mut().for_each(|workload| workload.facts.pool = None);
        }
    }

    async fn lets_pool(&self, namespace: &str) -> bool {
        if let Some(lets) = self.memory.lets_pool(namespace) {
            return lets;
        }
        let lets = match self.objects.namespace(namespace).await {
            Ok(annotations) => !wants_no_pool(&annotations),
            Err(error) => {
                tracing::debug!(namespace, %error, "a namespace that cannot be read may use a warm pool");
                true
            }
        };
        self.memory.keep_lets_pool(namespace, lets);
        lets
    }

    /// Notes whether a service may use a pool.
    pub(super) fn note_pool(&self, key: &Key, uses: Option<bool>) {
        if self.pools.note(key, uses) {
            self.queue.add(Key::new(&*key.namespace, GROUP));
        }
    }

    /// Notes it of a service whose manifest cannot be served: what it was stays.
    pub(super) fn note_refused(&self, key: &Key) {
        let uses =
            self.pools.all().get(&key.namespace).and_then(|it| it.looked.get(&key.name).copied());
        self.note_pool(key, Some(uses.unwrap_or(false)));
    }

    /// Makes the pool of a namespace what it is to be, or takes it away.
    pub(super) async fn keep_pool(&self, namespace: &str) -> Result<Next, Error> {
        let group = Key::new(namespace, GROUP);
        let count = self.pools.all().get(namespace).map_or(0, |users| users.count);
        let deployed = self.cluster.deployments.get(&group, POOL);
        let address = self.cluster.addresses.get(&group, POOL);
        let Some(settings) = self.pool.as_ref().filter(|_| count > 0) else {
            if deployed.is_none() && address.is_none() {
                return Ok(Next::Wait);
            }
            if !self.has_looked_at_all(namespace) {
                return Ok(Next::After(LATER));
            }
            self.objects.delete(namespace, Kind::Deployment, POOL).await?;
            self.objects.delete(namespace, Kind::Service, POOL).await?;
            // last, so that no replica is ever without it
            if let Some(users) = self.pools.all().get_mut(namespace) {
                users.policy = None;
            }
            match self.objects.delete(namespace, Kind::NetworkPolicy, POOL_INGRESS).await {
                // where none is made, there is no right to delete one either
                Err(error) if error.code() == Some(403) => {}
                deleted => deleted?,
            }
            tracing::info!(namespace, "no model uses the warm pool: it goes");
            return Ok(Next::Wait);
        };
        let mut accounts = BTreeMap::new();
        if let Some(account) = self.account(namespace, DEFAULT_ACCOUNT).await? {
            accounts.insert(DEFAULT_ACCOUNT.to_owned(), account);
        }
        let objects = match build::pool(namespace, &accounts, &self.settings, settings) {
            Ok(objects) => objects,
            Err(refusal) => {
                let message = refusal.message;
                tracing::warn!(namespace, message, "the warm pool cannot be made");
                return Ok(Next::After(RARELY));
            }
        };
        let PoolObjects { deployment, service, policy } = objects;
        let [deployment, service] = [deployment, service].map(Manifest::new);
        if let Some(policy) = policy.map(Manifest::new) {
            self.keep_policy(namespace, &policy).await?;
        }
        if address.is_none_or(|it| it.hash.as_ref() != Some(&service.hash)) {
            self.objects.apply(namespace, &service).await?;
        }
        let is_so = deployed.as_ref().is_some_and(|it| {
            it.hash.as_ref() == Some(&deployment.hash) && it.wanted == settings.replicas
        });
        if !is_so {
            self.objects.apply(namespace, &deployment).await?;
            tracing::info!(namespace, "made the warm pool");
        }
        if deployed.is_some() && self.has_pool_replica(&group) {
            let waiting =
                self.pools.all().get_mut(namespace).map(|it| std::mem::take(&mut it.waiting));
            for name in waiting.into_iter().flatten() {
                self.queue.add(Key::new(namespace, name));
            }
        }
        Ok(Next::After(RARELY))
    }

    /// True when a pod of a pool is ready. Among many Deployments their controller takes a minute to count.
    fn has_pool_replica(&self, group: &Key) -> bool {
        self.cluster.pool_replicas.of(group).iter().any(|replica| replica.is_ready)
    }

    /// Makes the NetworkPolicy of a pool what it is to be, before there is a replica that it is for.
    async fn keep_policy(&self, namespace: &str, policy: &Manifest) -> Result<(), Error> {
        let is_so = self.pools.all().get(namespace).is_some_and(|users| {
            let applied = users.policy.as_ref();
            applied.is_some_and(|(at, hash)| *hash == policy.hash && at.elapsed() < POLICY_AGAIN)
        });
        if !is_so {
            self.objects.apply(namespace, policy).await?;
            if let Some(users) = self.pools.all().get_mut(namespace) {
                users.policy = Some((Instant::now(), policy.hash.clone()));
            }
        }
        Ok(())
    }

    /// True when it is known of each service of a namespace whether it may use the pool.
    fn has_looked_at_all(&self, namespace: &str) -> bool {
        let services = self.cluster.services.groups(Some(namespace));
        let pools = self.pools.all();
        let users = pools.get(namespace);
        services.iter().all(|key| users.is_some_and(|it| it.looked.contains_key(&key.name)))
    }

    /// What the pool says of the latest revision of a workload, when that begins without a replica and
    /// has not been ready yet. One that waits too long gets a replica of its own.
    pub(super) async fn ask_pool(
        &self,
        look: &Look,
        workload: &Workload,
        latest: &str,
    ) -> Result<Option<PoolReadiness>, Error> {
        let before = look.before.components.get(&workload.component);
        let has_been_ready = before.is_some_and(|before| {
            before.latest_ready_revision.as_deref() == Some(latest)
                || before.traffic.iter().any(|it| it.revision_name.as_deref() == Some(latest))
        });
        let deployed = look.deployments.iter().find(|it| it.name == latest);
        let sleeps = deployed.filter(|it| it.wanted == 0 && it.ready == 0);
        let (true, false, Some(deployed)) = (sleeps_first(workload), has_been_ready, sleeps) else {
            return Ok(None);
        };
        let says = self.asked_pool(&look.key, latest).await;
        let age = Timestamp::now().as_second() - deployed.created;
        if says.state == PoolState::Waiting && age >= PATIENCE.as_secs() as i64 {
            self.objects.scale(&look.key.namespace, latest, 1).await?;
            tracing::info!(service = %look.key, revision = latest, "the warm pool does not answer: it gets a replica of its own");
        }
        Ok(Some(says))
    }

    async fn asked_pool(&self, key: &Key, revision: &str) -> PoolReadiness {
        let waiting = |message: &str| PoolReadiness {
            state: PoolState::Waiting,
            message: message.to_owned(),
        };
        let namespace = &key.namespace;
        // first, so that a replica that comes meanwhile is not missed
        if let Some(users) = self.pools.all().get_mut(namespace) {
            users.waiting.insert(key.name.clone());
        }
        if !self.has_pool_replica(&Key::new(&**namespace, GROUP)) {
            return waiting("the warm pool of its namespace starts");
        }
        if let Some(users) = self.pools.all().get_mut(namespace) {
            users.waiting.remove(&key.name);
        }
        let path = format!("{POOLED_PATH}/{namespace}/{revision}");
        let mut last = waiting("no gateway is ready; see the pods of the gateway");
        for address in self.gateways.addresses() {
            match self.gateways.ask::<PoolReadiness>(address, &path).await {
                Ok(Some(says)) if says.state != PoolState::Waiting => return says,
                Ok(Some(says)) => last = says,
                Ok(None) => last = waiting("the gateways learn of it"),
                Err(error) => {
                    tracing::debug!(%address, error, "a gateway cannot be asked about the warm pool");
                    last = waiting("a gateway cannot be asked about the warm pool");
                }
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::Pools;
    use crate::cluster::Key;

    #[test]
    fn a_namespace_needs_a_pool_while_one_of_its_services_may_use_it() {
        let pools = Pools::default();
        let [a, b] = ["a", "b"].map(|name| Key::new("ml", name));
        assert!(pools.note(&a, Some(true)), "the first makes it");
        assert!(!pools.note(&b, Some(true)) && !pools.note(&b, Some(true)));
        assert!(!pools.note(&a, Some(false)));
        assert!(pools.note(&b, None), "the last takes it away");
        assert!(pools.note(&a, Some(true)));
        assert!(pools.note(&a, None));
        assert!(pools.all().is_empty(), "nothing is kept of a namespace without services");
    }
}
