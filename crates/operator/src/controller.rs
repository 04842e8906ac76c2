//! Keeps InferenceServices: each change leads to a look at the service that it concerns, and a look
//! makes the cluster what the manifest says.

mod conditions;
mod events;
mod given;
mod look;
mod memory;
mod model;
mod objects;
mod pools;
mod queue;
mod reconcile;
mod retire;
mod revisions;
mod rolling;
mod scaled;
mod telling;
mod traffic;

use std::{sync::Arc, time::Instant};

use k8s_openapi::jiff::Timestamp;
use kube::{
    Client,
    core::DynamicObject,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use longshore_kserve::status::InferenceServiceStatus;
use longshore_platform::names::OPERATOR;

pub(crate) use objects::Manifest;
pub(crate) use queue::{Queue, Waiting, queue};

use self::{
    events::Notice, look::Look, memory::Memory, objects::Objects, pools::Pools, queue::Next,
};
use crate::{
    Error, Metrics,
    autoscaler::{Defaults, Targets},
    build::{PoolSettings, Settings},
    cluster::{Cluster, Key, POOL, resource},
    gateways::Gateways,
};

/// The annotation that says which operator keeps a service.
pub const CLASS: &str = "longshore.dev/class";

/// Services that are looked at at the same time.
const PARALLEL: usize = 16;

/// What a controller works with.
pub(crate) struct Setup {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) gateways: Arc<Gateways>,
    pub(crate) settings: Settings,
    /// The class of the services that it looks at.
    pub(crate) class: Option<String>,
    /// How the autoscaler keeps what says nothing else.
    pub(crate) scaling: Defaults,
    /// Where the autoscaler is told what it keeps.
    pub(crate) targets: Targets,
    pub(crate) metrics: Metrics,
    /// How warm pools are made; none when there are none.
    pub(crate) pool: Option<PoolSettings>,
    /// True when it shows components as Knative's Services.
    pub(crate) projects: bool,
    /// Where it puts in what it finds is to be looked at.
    pub(crate) queue: Queue,
    /// The name by which this operator is told from others.
    pub(crate) identity: String,
}

/// Looks at services.
pub(crate) struct Controller {
    cluster: Arc<Cluster>,
    gateways: Arc<Gateways>,
    settings: Settings,
    class: Option<String>,
    metrics: Metrics,
    scaling: Defaults,
    targets: Targets,
    objects: Objects,
    memory: Memory,
    pool: Option<PoolSettings>,
    pools: Pools,
    projects: bool,
    queue: Queue,
    recorder: Recorder,
}

/// Now, as RFC 3339 has it, to the second.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Controller {
    /// Looks at services through `client`.
    pub(crate) fn new(client: Client, setup: Setup) -> Self {
        let Setup { cluster, gateways, settings, class, scaling, targets, .. } = setup;
        let Setup { metrics, pool, projects, queue, identity, .. } = setup;
        let reporter = Reporter { controller: OPERATOR.into(), instance: Some(identity) };
        Self {
            cluster,
            gateways,
            settings,
            class,
            metrics,
            scaling,
            targets,
            objects: Objects::new(client.clone()),
            memory: Memory::default(),
            pool,
            pools: Pools::default(),
            projects,
            queue,
            recorder: Recorder::new(client, reporter),
        }
    }

    /// Looks at all services, and then at each that changes, until dropped.
    pub(crate) async fn run(self: &Arc<Self>, queue: &Queue, waiting: &mut Waiting) {
        self.cluster.services.groups(None).into_iter().for_each(|key| queue.add(key));
        // a pool may have lost its last service while nobody looked
        let pools = self.cluster.deployments.groups(None).into_iter();
        pools.filter(|key| key.name == POOL).for_each(|key| queue.add(key));
        waiting
            .run(PARALLEL, |key| {
                let this = self.clone();
                async move { this.look(&key).await }
            })
            .await;
    }

    async fn look(&self, key: &Key) -> Next {
        let begun = Instant::now();
        let looked = self.reconcile(key).await;
        self.metrics.looked(begun.elapsed(), looked.is_ok());
        match looked {
            Ok(next) => next,
            // somebody else wrote in between: what they wrote is on its way here
            Err(error) if error.code() == Some(409) => {
                tracing::debug!(service = %key, %error, "looking again");
                Next::After(queue::CONFLICT)
            }
            Err(error) => {
                tracing::warn!(service = %key, %error, "a look failed and is repeated");
                Next::Retry
            }
        }
    }

    /// True when this operator keeps the service.
    fn is_ours(&self, object: &DynamicObject) -> bool {
        let annotations = object.metadata.annotations.as_ref();
        annotations.and_then(|it| it.get(CLASS)) == self.class.as_ref()
    }

    /// Writes a status when it is another one, and says whether it was.
    async fn tell(&self, look: &Look, status: InferenceServiceStatus) -> Result<bool, Error> {
        if status == look.before {
            return Ok(false);
        }
        let version = look.object.metadata.resource_version.as_deref();
        self.objects.tell(&look.key, version, &status).await?;
        for notice in events::between(&look.before, &status) {
            self.publish(&look.object, notice).await;
        }
        Ok(true)
    }

    /// Publishes an Event. One that is lost hinders nothing.
    async fn publish(&self, object: &DynamicObject, notice: Notice) {
        use kube::Resource;
        const LONGEST: usize = 1000;
        let Notice { is_warning, reason, mut note } = notice;
        if let Some((end, _)) = note.char_indices().nth(LONGEST) {
            note.truncate(end);
        }
        let event = Event {
            type_: if is_warning { EventType::Warning } else { EventType::Normal },
            reason,
            note: Some(note),
            action: "Reconcile".into(),
            secondary: None,
        };
        let reference = object.object_ref(&resource("InferenceService", "v1beta1"));
        if let Err(error) = self.recorder.publish(&event, &reference).await {
            tracing::debug!(%error, "an Event could not be published");
        }
    }
}

#[cfg(test)]
mod tests;
