//! What is not needed any more: revisions without requests sleep, and the old ones go.

use std::collections::BTreeSet;

use longshore_kserve::annotations::DeploymentMode;

use super::{
    Controller,
    look::{Current, Look},
    objects::Kind,
};
use crate::{
    Error,
    build::{Plan, Workload},
    cluster::{Applied, Index, Key},
};

/// The workloads of a plan that Knative would have a Service for.
pub(crate) fn projections(plan: &Plan) -> impl Iterator<Item = &Workload> {
    let is_projected = |it: &&Workload| it.mode == DeploymentMode::Knative && it.canary.is_none();
    plan.workloads.iter().filter(is_projected)
}

/// How many revisions without requests are kept of each object, to go back to.
const KEPT: usize = 5;

impl Controller {
    /// Puts revisions without requests to sleep and deletes what is not needed any more. Every gateway
    /// has confirmed that it sends them nothing. Those of `wake` are about to get requests.
    pub(crate) async fn retire(
        &self,
        look: &Look,
        plan: &Plan,
        currents: &[Current],
        wake: &[String],
    ) -> Result<(), Error> {
        let namespace = &look.key.namespace;
        let mut gone = BTreeSet::new();
        for component in longshore_kserve::Component::ALL {
            let traffic = look.before.components.get(&component).map(|it| &it.traffic[..]);
            let named =
                traffic.unwrap_or_default().iter().filter_map(|it| it.revision_name.as_deref());
            let mut needed: BTreeSet<_> = named.collect();
            needed.extend(currents.iter().map(|current| &*current.latest));
            needed.extend(wake.iter().map(String::as_str));
            let of_component = look.deployments.iter().filter(|it| it.component == Some(component));
            let mut unneeded: Vec<_> =
                of_component.filter(|it| !needed.contains(&*it.name)).collect();
            unneeded.sort_by(|a, b| (b.created, &b.name).cmp(&(a.created, &a.name)));
            let mut kept = std::collections::BTreeMap::<&str, usize>::new();
            for deployed in unneeded {
                let name = &*deployed.name;
                let owner = currents.iter().find(|it| it.workload.revision_number(name).is_some());
                let count = owner.map(|it| kept.entry(&it.workload.object).or_default());
                let is_kept = count.is_some_and(|count| {
                    *count += 1;
                    *count <= KEPT
                });
                if !is_kept {
                    self.objects.delete(namespace, Kind::Deployment, name).await?;
                    gone.insert(name.to_owned());
                } else if deployed.wanted > 0 {
                    self.objects.scale(namespace, name, 0).await?;
                    // by the service's own labels tools look for what serves it
                    let labels = owner.into_iter().flat_map(|it| it.workload.given_labels());
                    let labels: Vec<_> = labels.collect();
                    if !labels.is_empty() {
                        self.objects.unlabel(namespace, name, &labels).await?;
                    }
                    tracing::info!(service = %look.key, revision = name, "nobody asks for a revision: it sleeps");
                }
            }
        }
        self.delete_addresses(look, plan, &gone).await
    }

    /// Deletes the Services and autoscalers of what is not there any more.
    async fn delete_addresses(
        &self,
        look: &Look,
        plan: &Plan,
        gone: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let key = &look.key;
        let wanted: BTreeSet<_> =
            plan.services.iter().filter_map(|it| it["metadata"]["name"].as_str()).collect();
        for address in self.cluster.addresses.of(key) {
            let is_needed = match &address.revision {
                Some(revision) => {
                    let is_latest =
                        plan.workloads.iter().any(|it| it.revision_number(revision).is_some());
                    let is_deployed = look.deployments.iter().any(|it| it.name == *revision);
                    (is_deployed || is_latest) && !gone.contains(revision)
                }
                None => wanted.contains(&*address.name),
            };
            if !is_needed {
                self.objects.delete(&key.namespace, Kind::Service, &address.name).await?;
            }
        }
        let scales = |name: &str, is_so: fn(&Workload) -> bool| {
            plan.workloads.iter().any(|it| is_so(it) && it.object == name)
        };
        let cluster = &self.cluster;
        let by_resources = |name: &str| scales(name, |it| it.metrics.is_some());
        self.drop_unneeded(key, Kind::PodAutoscaler, &cluster.pod_autoscalers, by_resources)
            .await?;
        let by_keda = |name: &str| scales(name, |it| !it.triggers.is_empty());
        self.drop_unneeded(key, Kind::ScaledObject, &cluster.scaled_objects, by_keda).await?;
        let is_shown = |name: &str| projections(plan).any(|it| it.object == name);
        self.drop_unneeded(key, Kind::Projection, &cluster.projections, is_shown).await
    }

    /// Deletes the objects of a kind that are not needed any more.
    async fn drop_unneeded(
        &self,
        key: &Key,
        kind: Kind,
        seen: &Index<Applied>,
        is_needed: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        for object in seen.of(key) {
            if !is_needed(&object.name) {
                self.objects.delete(&key.namespace, kind, &object.name).await?;
            }
        }
        Ok(())
    }

    /// Wakes a revision that is to take requests back.
    pub(crate) async fn wake(
        &self,
        look: &Look,
        revision: &str,
        currents: &[Current],
    ) -> Result<(), Error> {
        let Some(deployed) = look.deployments.iter().find(|it| it.name == revision) else {
            return Ok(());
        };
        if deployed.wanted > 0 {
            return Ok(());
        }
        // as many as what it takes over from has ready
        let serving = currents.iter().filter(|it| it.workload.canary.is_none());
        let serving = serving.filter(|it| Some(it.workload.component) == deployed.component);
        let ready =
            serving.filter_map(|it| look.deployments.iter().find(|other| other.name == it.latest));
        let replicas = ready.map(|it| it.ready).max().unwrap_or(0).max(1);
        self.objects.scale(&look.key.namespace, revision, replicas).await?;
        tracing::info!(service = %look.key, revision, replicas, "woke a revision that takes requests back");
        Ok(())
    }
}
