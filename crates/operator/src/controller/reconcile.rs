//! One look at an InferenceService: fetch, validate, build, apply, status.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use longshore_kserve::status::{FailureReason, InferenceServiceStatus};
use longshore_platform::Progressive;

use super::{
    Controller,
    given::{self, Given},
    look::{Current, Look},
    memory::SecretRead,
    objects::Manifest,
    pools,
    queue::Next,
    retire,
    revisions::{Latest, Made, first_replicas, latest},
    rolling::Rollings,
    scaled, telling,
};
use crate::{
    Error,
    autoscaler::Settings,
    build::{self, Account, Plan, Refusal, Scaler, Secret, Surroundings, Workload},
    cluster::{Applied, Deployed, Index, Key, POOL, Replica},
};

/// How long after a change by itself the operator looks again, when no watch tells before.
const SOON: Duration = Duration::from_secs(5);

/// How often it looks at a rollout that goes by steps.
const STEP: Duration = Duration::from_secs(1);

/// How often it looks at a service of which nothing changes.
const RARELY: Duration = Duration::from_mins(10);

impl Controller {
    /// Looks at a service, and does what is to be done.
    pub(crate) async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        if key.name == POOL {
            return self.keep_pool(&key.namespace).await;
        }
        let Some(object) = self.cluster.service(key) else {
            self.memory.forget(key);
            self.note_pool(key, None);
            scaled::forget(&self.targets, key);
            return Ok(Next::Wait);
        };
        let goes = object.metadata.deletion_timestamp.is_some();
        if goes || !self.is_ours(&object) {
            if goes && self.is_ours(&object) {
                self.objects.release(key, &object.metadata).await?;
            }
            self.note_pool(key, Some(false));
            scaled::forget(&self.targets, key);
            return Ok(Next::Wait);
        }
        let before = given::status(&object);
        let replicas = self.cluster.replicas.of(key);
        let deployments = self.cluster.deployments.of(key);
        let deployments = deployments.into_iter().map(|it| counted(it, &replicas)).collect();
        let look = Look { key: key.clone(), before, deployments, replicas, object };
        let given = Given::read(&look.object, &look.before);
        let planned = match &given {
            Ok(given) => self.plan(given, key).await?.map(|plan| (plan, &given.progressive)),
            Err(refusal) => Err(refusal.clone()),
        };
        let planned =
            planned.and_then(|(plan, progressive)| Ok((self.scaling(&plan)?, plan, progressive)));
        match planned {
            Ok((scaling, mut plan, progressive)) => {
                self.permit_pool(&key.namespace, &mut plan).await;
                let uses_pool = plan.workloads.iter().any(|it| it.facts.pool.is_some());
                self.note_pool(key, Some(uses_pool));
                self.carry_out(&look, plan, scaling, progressive).await
            }
            // what serves goes on, and scales as before
            Err(refusal) => {
                self.note_refused(key);
                let status = telling::refused(&look, &refusal, &super::now());
                self.tell(&look, status).await?;
                Ok(Next::After(RARELY))
            }
        }
    }

    async fn plan(&self, given: &Given, key: &Key) -> Result<Result<Plan, Refusal>, Error> {
        let service = given.service();
        let mut accounts = BTreeMap::new();
        for name in service.accounts() {
            if let Some(account) = self.account(&key.namespace, &name).await? {
                accounts.insert(name, account);
            }
        }
        let mut storage_secret = None;
        if given.has_storage_secret() {
            storage_secret = self.secret(&key.namespace, service.storage_secret()).await?;
        }
        let storage_containers = self.cluster.storage_containers.of(&Key::default());
        let storage_containers: Vec<_> = storage_containers.iter().map(|it| &**it).collect();
        let runtimes = self.cluster.runtimes(&key.namespace);
        let runtimes: Vec<_> = runtimes.iter().map(|it| &**it).collect();
        let around = Surroundings {
            runtimes: &runtimes,
            storage_containers: &storage_containers,
            accounts: &accounts,
            storage_secret: storage_secret.as_ref(),
            has_keda: self.cluster.has_keda,
        };
        Ok(build::plan(&service, &around, &self.settings))
    }

    /// How each workload of a plan scales.
    fn scaling(&self, plan: &Plan) -> Result<Vec<Settings>, Refusal> {
        let settings = plan.workloads.iter().map(|workload| {
            let Workload { extension, annotations, .. } = workload;
            Settings::read(extension, annotations, &self.scaling).map_err(|faults| {
                let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                let message = faults.join("; ");
                Refusal { reason: FailureReason::InvalidPredictorSpec, message }
            })
        });
        settings.collect()
    }

    /// A ServiceAccount; none when there is none.
    pub(super) async fn account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Account>, Error> {
        let Some(seen) = self.cluster.accounts.get(&Key::new(namespace, ""), name) else {
            return Ok(None);
        };
        let mut secrets = Vec::new();
        for secret in &seen.secrets {
            secrets.extend(self.secret(namespace, secret).await?);
        }
        Ok(Some(Account { annotations: seen.annotations.clone(), secrets }))
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, Error> {
        let key = Key::new(namespace, name);
        match self.memory.secret(&key) {
            Some(SecretRead::Found(secret)) => return Ok(Some(secret)),
            Some(SecretRead::Missing) => return Ok(None),
            None => {}
        }
        let found = self.objects.secret(namespace, name).await?;
        let read = found.clone().map_or(SecretRead::Missing, SecretRead::Found);
        self.memory.keep_secret(key, read);
        Ok(found)
    }

    async fn carry_out(
        &self,
        look: &Look,
        plan: Plan,
        scaling: Vec<Settings>,
        progressive: &Progressive,
    ) -> Result<Next, Error> {
        let key = &look.key;
        let applies_all = self.memory.applies_all(key);
        let denied = refused(self.keep_shared(look, &plan, applies_all).await)?;
        let mut currents = Vec::with_capacity(plan.workloads.len());
        for (workload, scaling) in plan.workloads.iter().zip(scaling) {
            let (latest, refused) =
                self.keep_workload(look, workload, &scaling, applies_all).await?;
            let refused = refused.or_else(|| denied.clone());
            let pooled = self.ask_pool(look, workload, &latest).await?;
            currents.push(Current { workload: workload.clone(), latest, scaling, refused, pooled });
        }
        if applies_all && denied.is_none() && currents.iter().all(|it| it.refused.is_none()) {
            self.memory.applied_all(key);
        }
        let rollings = self.roll(look, progressive, &plan, &currents).await?;
        let told = telling::of(self, look, &plan, &currents, rollings.as_ref()).await;
        scaled::tell(&self.targets, look, &told.status, &currents);
        for revision in &told.wake {
            self.wake(look, revision, &currents).await?;
        }
        let is_confirmed = told.is_confirmed;
        // where no revision gets requests, gateways need not confirm that one gets none
        let is_settled = is_confirmed || !(has_traffic(&look.before) || has_traffic(&told.status));
        let changed = self.tell(look, told.status).await?;
        let is_under_way = rollings.as_ref().is_some_and(Rollings::is_under_way);
        for notice in rollings.into_iter().flat_map(Rollings::into_notices) {
            self.publish(&look.object, notice).await;
        }
        if is_settled {
            self.retire(look, &plan, &currents, &told.wake).await?;
        }
        if denied.is_some() || currents.iter().any(|current| current.refused.is_some()) {
            return Ok(Next::Retry);
        }
        let ask_again = told.ask_again.into_iter().chain(pools::ask_again(&currents)).min();
        Ok(match ask_again {
            Some(delay) => Next::After(delay),
            None if is_under_way => Next::After(STEP),
            None if changed || !is_confirmed => Next::After(SOON),
            None => Next::After(RARELY),
        })
    }

    /// Makes the objects that do not depend on a revision what they are to be.
    async fn keep_shared(&self, look: &Look, plan: &Plan, anyway: bool) -> Result<(), Error> {
        for service in &plan.services {
            let service = Manifest::new(service.clone());
            self.keep(look, &self.cluster.addresses, &service, anyway).await?;
        }
        if self.projects {
            self.project(look, plan, anyway).await?;
        }
        Ok(())
    }

    /// Shows how components scale to tools that read Knative's Services.
    async fn project(&self, look: &Look, plan: &Plan, anyway: bool) -> Result<(), Error> {
        for workload in retire::projections(plan) {
            let manifest = Manifest::new(workload.knative_service());
            self.keep(look, &self.cluster.projections, &manifest, anyway).await?;
        }
        Ok(())
    }

    /// Makes an object what it is to be; `seen` has those of its kind.
    async fn keep(
        &self,
        look: &Look,
        seen: &Index<Applied>,
        manifest: &Manifest,
        anyway: bool,
    ) -> Result<(), Error> {
        let seen = seen.get(&look.key, &manifest.name);
        let is_so = seen.is_some_and(|seen| seen.hash.as_ref() == Some(&manifest.hash));
        if is_so && !anyway {
            return Ok(());
        }
        self.objects.apply(&look.key.namespace, manifest).await
    }

    /// Makes the objects of a workload's latest revision what they are to be. Gives the revision, and why
    /// its objects cannot be made, in the API server's words.
    async fn keep_workload(
        &self,
        look: &Look,
        workload: &Workload,
        scaling: &Settings,
        anyway: bool,
    ) -> Result<(String, Option<String>), Error> {
        let key = &look.key;
        let told = look.before.components.get(&workload.component);
        let told = told.and_then(|told| told.latest_created_revision.as_deref());
        let is_seen = |name: &str| look.deployments.iter().any(|it| it.name == name);
        let made = self.memory.made(key, &workload.object, is_seen);
        let latest = latest(workload, &look.deployments, told, made.as_ref());
        let name = latest.name();
        let address = Manifest::new(workload.revision_service(name));
        let kept = async {
            self.keep(look, &self.cluster.addresses, &address, anyway).await?;
            match &latest {
                Latest::New(name) => self.make(look, workload, scaling, name).await,
                Latest::There(name) => self.update(look, workload, name, anyway).await,
            }
        };
        let refused = refused(kept.await)?;
        Ok((name.to_owned(), refused))
    }

    async fn make(
        &self,
        look: &Look,
        workload: &Workload,
        scaling: &Settings,
        name: &str,
    ) -> Result<(), Error> {
        let before = look.before.components.get(&workload.component).cloned().unwrap_or_default();
        let replicas = first_replicas(workload, &before, &look.deployments, scaling);
        let manifest = deployment(workload, name, Some(replicas));
        self.objects.create(&look.key.namespace, &manifest).await?;
        tracing::info!(service = %look.key, revision = name, replicas, "made a revision");
        let made = Made { name: name.to_owned(), hash: workload.hash.clone() };
        self.memory.make(&look.key, &workload.object, made);
        Ok(())
    }

    async fn update(
        &self,
        look: &Look,
        workload: &Workload,
        name: &str,
        anyway: bool,
    ) -> Result<(), Error> {
        let namespace = &look.key.namespace;
        let Some(deployed) = look.deployments.iter().find(|it| it.name == name) else {
            return Ok(());
        };
        let manifest = deployment(workload, name, None);
        if anyway || deployed.hash.as_ref() != Some(&manifest.hash) {
            self.objects.apply(namespace, &manifest).await?;
        }
        if workload.scaler == Scaler::Fixed && deployed.wanted != workload.min_replicas {
            self.objects.scale(namespace, name, workload.min_replicas).await?;
        }
        let autoscalers = [
            (workload.pod_autoscaler(name), &self.cluster.pod_autoscalers),
            (workload.scaled_object(name), &self.cluster.scaled_objects),
        ];
        for (autoscaler, seen) in autoscalers {
            if let Some(manifest) = autoscaler.map(Manifest::new) {
                self.keep(look, seen, &manifest, anyway).await?;
            }
        }
        Ok(())
    }
}

/// A Deployment with the replicas that are ready by their pods: among many Deployments their controller
/// takes seconds to count.
fn counted(deployed: Arc<Deployed>, replicas: &[Arc<Replica>]) -> Arc<Deployed> {
    let ready = replicas.iter().filter(|it| it.is_ready && it.revision == deployed.name);
    let ready = u32::try_from(ready.count()).unwrap_or(u32::MAX);
    if ready <= deployed.ready {
        return deployed;
    }
    Arc::new(Deployed { ready, ..Deployed::clone(&deployed) })
}

/// What the API server does not take, in its words, which is for the user to know. Other failures pass.
fn refused(kept: Result<(), Error>) -> Result<Option<String>, Error> {
    match kept {
        Ok(()) => Ok(None),
        Err(error) if matches!(error.code(), Some(400 | 403 | 422)) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

/// True when a revision gets requests.
fn has_traffic(status: &InferenceServiceStatus) -> bool {
    status.components.values().any(|component| !component.traffic.is_empty())
}

fn deployment(workload: &Workload, name: &str, replicas: Option<u32>) -> Manifest {
    Manifest::new(workload.deployment(name, replicas))
}
