//! From no replica to one: what a gateway writes to Kubernetes, and all that it writes.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v1::Scale};
use kube::{Api, Client, api::PostParams};
use longshore_platform::names;
use tokio::{runtime::Handle, sync::Semaphore, time};

use super::objects::Key;
use crate::{Revision, Wake};

/// Requests to the API server at a time.
const AT_A_TIME: usize = 32;

/// How long the API server may take for one.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The first pause after a failure; each further one is twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The pause before what was raced is read again.
const RACED: Duration = Duration::from_millis(5);

/// How often it is made sure that a replica is still asked for while requests wait for it.
const AGAIN: Duration = Duration::from_secs(2);

/// Scales the Deployments of revisions from 0 to 1. Clones are handles to the same work.
#[derive(Clone)]
pub struct Deployments(Arc<State>);

struct State {
    client: Client,
    /// Where the work is done: the client belongs to it.
    runtime: Handle,
    /// Revisions that are worked for.
    busy: Mutex<HashSet<Key>>,
    permits: Semaphore,
    counts: Counts,
}

/// What has become of the attempts to wake a revision.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) woken: AtomicU64,
    pub(super) failures: AtomicU64,
}

/// What one attempt has come to.
enum Attempt {
    /// A replica was asked for by us.
    Woken,
    /// One was asked for already.
    Awake,
    /// Somebody else wrote at the same time.
    Raced,
}

impl Deployments {
    pub(super) fn new(client: Client, runtime: Handle) -> Self {
        let (busy, permits) = (Mutex::default(), Semaphore::new(AT_A_TIME));
        Self(Arc::new(State { client, runtime, busy, permits, counts: Counts::default() }))
    }

    /// Where the client belongs.
    pub(super) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        !self.0.busy().is_empty()
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0.counts
    }
}

impl Wake for Deployments {
    fn wake(&self, revision: &Arc<Revision>) {
        let key = Key::new(revision.namespace(), revision.name());
        if !self.0.busy().insert(key.clone()) {
            return;
        }
        let (state, revision) = (self.0.clone(), revision.clone());
        self.0.runtime.spawn(async move {
            state.work(&revision).await;
            state.busy().remove(&key);
            // a request that came after the last look found the work still going on
            if revision.held() > 0 && revision.endpoints().is_empty() {
                Self(state).wake(&revision);
            }
        });
    }
}

impl State {
    fn busy(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a replica until there is one, or nobody waits.
    async fn work(&self, revision: &Revision) {
        let mut pause = PAUSE;
        loop {
            let rest = match self.attempt(revision).await {
                Ok(Attempt::Raced) => RACED,
                Ok(attempt) => {
                    if matches!(attempt, Attempt::Woken) {
                        self.counts.woken.fetch_add(1, Relaxed);
                        tracing::info!(
                            namespace = revision.namespace(),
                            revision = revision.name(),
                            held = revision.held(),
                            "asked for a replica"
                        );
                    }
                    revision.set_trouble(None);
                    pause = PAUSE;
                    AGAIN
                }
                Err(trouble) => {
                    self.counts.failures.fetch_add(1, Relaxed);
                    let Trouble { told, detail } = trouble;
                    tracing::warn!(
                        namespace = revision.namespace(),
                        revision = revision.name(),
                        detail,
                        "no replica can be asked for"
                    );
                    revision.set_trouble(Some(told));
                    let rest = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    rest
                }
            };
            time::sleep(rest).await;
            if revision.held() == 0 || !revision.endpoints().is_empty() {
                return;
            }
        }
    }

    async fn attempt(&self, revision: &Revision) -> Result<Attempt, Trouble> {
        let Ok(_permit) = self.permits.acquire().await else { return Ok(Attempt::Awake) };
        match time::timeout(TIMEOUT, self.scale(revision)).await {
            Ok(Ok(attempt)) => Ok(attempt),
            Ok(Err(error)) => Err(Trouble::of(revision.name(), &error)),
            Err(_) => Err(Trouble {
                told: "the Kubernetes API does not answer".into(),
                detail: format!("no answer in {} s", TIMEOUT.as_secs()),
            }),
        }
    }

    async fn scale(&self, revision: &Revision) -> kube::Result<Attempt> {
        let (namespace, name) = (revision.namespace(), revision.name());
        let deployments = Api::<Deployment>::namespaced(self.client.clone(), namespace);
        let mut scale: Scale = deployments.get_scale(name).await?;
        // what is above 0 is the autoscaler's
        let spec = scale.spec.get_or_insert_default();
        if spec.replicas.unwrap_or(0) > 0 {
            return Ok(Attempt::Awake);
        }
        spec.replicas = Some(1);
        let manager = Some(names::GATEWAY.to_owned());
        let params = PostParams { field_manager: manager, ..PostParams::default() };
        // the object has the `resourceVersion` that was read: whoever wrote since then is heard first
        match deployments.replace_scale(name, &params, &scale).await {
            Ok(_) => Ok(Attempt::Woken),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Attempt::Raced),
            Err(error) => Err(error),
        }
    }
}

/// Why no replica can be asked for.
struct Trouble {
    /// What callers read.
    told: String,
    /// What the log gets.
    detail: String,
}

impl Trouble {
    fn of(revision: &str, error: &kube::Error) -> Self {
        let told = match error {
            kube::Error::Api(status) if status.code == 404 => {
                format!("there is no Deployment `{revision}`")
            }
            kube::Error::Api(status) if status.code == 403 => {
                "Kubernetes does not let the gateway ask for a replica (403); its role has to allow \
                 `get` and `update` of `deployments/scale`"
                    .into()
            }
            kube::Error::Api(status) => {
                format!("Kubernetes refuses a replica with status {}", status.code)
            }
            _ => "the Kubernetes API does not answer".into(),
        };
        Self { told, detail: error.to_string() }
    }
}
