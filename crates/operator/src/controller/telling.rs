//! The status of an InferenceService, from what was found at one look.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::jiff::Timestamp;
use longshore_kserve::{
    Component,
    status::{
        Address, CanaryStatus, ComponentStatus, ConditionStatus, ConditionType,
        InferenceServiceStatus, ModelState, ModelStatus, States, Traffic, TransitionStatus,
    },
};
use longshore_platform::PoolReadiness;
use serde_json::Value;

use super::{
    Controller,
    conditions::{self, ComponentJudged, Judged, ServiceJudged},
    look::{Current, Look},
    model,
    revisions::Known,
    rolling::Rollings,
    traffic::{self, Asked, Canary, Revisions},
};
use crate::{
    build::{ComponentAddress, Plan, Refusal, Scaler},
    gateways::Wanted,
};

/// When the gateways are asked for the first time after they were told.
const FIRST_QUESTION: Duration = Duration::from_millis(50);

/// The longest time between two questions, and the time after which their answer is told.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is to be told, and what follows from it.
pub(crate) struct Told {
    pub(crate) status: InferenceServiceStatus,
    /// Revisions that have to wake.
    pub(crate) wake: Vec<String>,
    /// True when every gateway routes as the status of the service has it already.
    pub(crate) is_confirmed: bool,
    /// When to ask the gateways again.
    pub(crate) ask_again: Option<Duration>,
}

/// What is found of a component.
struct Found {
    judged: ComponentJudged,
    status: ComponentStatus,
    wanted: Vec<Wanted>,
}

/// The status of a service whose manifest cannot be served. What serves goes on.
pub(crate) fn refused(look: &Look, refusal: &Refusal, now: &str) -> InferenceServiceStatus {
    let mut status = look.before.clone();
    status.observed_generation = look.object.metadata.generation;
    let judged = Judged::no(format!("{:?}", refusal.reason), refusal.message.clone());
    for kind in [ConditionType::PredictorReady, ConditionType::Ready] {
        status.conditions.set(conditions::condition(kind, judged.clone(), now));
    }
    let old = status.model_status.take().unwrap_or_default();
    let active = old.states.map(|states| states.active_model_state).unwrap_or_default();
    let failure = longshore_kserve::status::Failure {
        location: None,
        reason: refusal.reason,
        message: Some(refusal.message.clone()),
        model_revision_name: None,
        time: None,
        exit_code: None,
    };
    status.model_status = Some(ModelStatus {
        transition_status: TransitionStatus::InvalidSpec,
        states: Some(States {
            active_model_state: active,
            target_model_state: Some(ModelState::FailedToLoad),
        }),
        last_failure_info: Some(model::since(failure, old.last_failure_info.as_ref(), now)),
        copies: old.copies,
    });
    status
}

/// What is to be told of a service whose plan was carried out.
pub(crate) async fn of(
    controller: &Controller,
    look: &Look,
    plan: &Plan,
    currents: &[Current],
    rollings: Option<&Rollings>,
) -> Told {
    let now = super::now();
    let mut status = InferenceServiceStatus {
        observed_generation: look.object.metadata.generation,
        conditions: look.before.conditions.clone(),
        deployment_mode: Some(plan.mode.name().to_owned()),
        ..InferenceServiceStatus::default()
    };
    if let Some(runtime) = &plan.runtime {
        let name = Some(runtime.name.clone());
        if runtime.is_cluster_wide {
            status.cluster_serving_runtime_name = name;
        } else {
            status.serving_runtime_name = name;
        }
    }
    if plan.is_stopped {
        return stopped(look, plan, status, &now);
    }
    let mut found = BTreeMap::new();
    let mut wake = Vec::new();
    for current in currents.iter().filter(|current| current.workload.canary.is_none()) {
        let component = current.workload.component;
        found
            .insert(component, component_found(look, plan, currents, current, rollings, &mut wake));
    }
    let canaries = canaries(look, plan, currents, &mut status, &now);
    let (ingress, is_confirmed, ask_again) = ingress(controller, look, &found).await;
    let judged: Vec<_> = found.values().map(|found| found.judged.clone()).collect();
    let service = ServiceJudged {
        mode: plan.mode,
        components: &judged,
        ingress,
        canaries,
        rollout: rollings.map(Rollings::judged),
        is_stopped: false,
        not_honoured: &plan.not_honoured,
    };
    conditions::set(&mut status.conditions, &service, &now);
    if found.values().all(|found| !found.status.traffic.is_empty()) && !found.is_empty() {
        status.url = Some(plan.url.clone());
        status.address = Some(Address { url: Some(plan.address.clone()) });
    }
    if let Some(current) = currents.iter().find(|it| is_stable_predictor(it)) {
        let part = Part::of(look, plan, current);
        let split = found.get(&Component::Predictor).map(|found| &found.status.traffic[..]);
        let serving = serving(split.unwrap_or_default());
        let before = look.before.model_status.as_ref();
        let model = model::status(&part.known(look), &current.latest, &serving, before, &now);
        status.model_status = Some(model);
    }
    status.components =
        found.into_iter().map(|(component, found)| (component, found.status)).collect();
    Told { status, wake, is_confirmed, ask_again }
}

fn is_stable_predictor(current: &Current) -> bool {
    current.workload.canary.is_none() && current.workload.component == Component::Predictor
}

/// The revisions that get requests, without those of `spec.canary`.
fn serving(traffic: &[Traffic]) -> Vec<&str> {
    let asked = traffic.iter().filter(|it| it.percent > Some(0) && !traffic::is_canary(it));
    asked.filter_map(|it| it.revision_name.as_deref()).collect()
}

/// What is known of the component of a workload.
pub(crate) struct Part {
    before: ComponentStatus,
    address: ComponentAddress,
    may_sleep: bool,
    pooled: Option<(String, PoolReadiness)>,
}

impl Part {
    pub(crate) fn of(look: &Look, plan: &Plan, current: &Current) -> Self {
        let Current { workload, latest, pooled, .. } = current;
        Self {
            before: look.before.components.get(&workload.component).cloned().unwrap_or_default(),
            address: plan.components.get(&workload.component).cloned().unwrap_or_default(),
            may_sleep: workload.min_replicas == 0 && workload.scaler == Scaler::Requests,
            pooled: pooled.clone().map(|says| (latest.clone(), says)),
        }
    }

    pub(crate) fn known<'k>(&'k self, look: &'k Look) -> Known<'k> {
        Known {
            deployments: &look.deployments,
            replicas: &look.replicas,
            before: &self.before,
            address: &self.address,
            may_sleep: self.may_sleep,
            pooled: self.pooled.as_ref().map(|(name, says)| (&**name, says)),
            now: Timestamp::now().as_second(),
        }
    }
}

/// What is found of the component whose stable workload is `current`.
fn component_found(
    look: &Look,
    plan: &Plan,
    currents: &[Current],
    current: &Current,
    rollings: Option<&Rollings>,
    wake: &mut Vec<String>,
) -> Found {
    let Current { workload, latest, refused, .. } = current;
    let part = Part::of(look, plan, current);
    let known = part.known(look);
    let canaries = currents.iter().filter(|it| it.workload.component == workload.component);
    let canaries = canaries.filter_map(|it| {
        let name = it.workload.canary.as_deref()?;
        Some(Canary { name, latest: &it.latest, percent: it.workload.percent.unwrap_or(0) })
    });
    let stepped = rollings.and_then(|it| it.percent(workload.component));
    let asked = Asked {
        latest,
        percent: stepped.or(workload.percent),
        has_tag_routing: workload.has_tag_routing,
        canaries: canaries.collect(),
    };
    let split = traffic::split(&part.before, &asked, &known);
    let mut status = split.status;
    let deployed = match refused {
        Some(message) => Judged::no("InvalidPredictorSpec", message.clone()),
        None if known.is_ready(latest) => Judged::yes(),
        None => model::judge(&known, latest),
    };
    let mut ready = deployed.clone();
    if ready.is_true() {
        let serving = serving(&status.traffic).into_iter().map(|it| model::judge(&known, it));
        ready = Judged::all(&serving.collect::<Vec<_>>());
    }
    if let Some(revision) = split.wake {
        let message = format!("`{revision}` wakes, and then takes requests back");
        ready = Judged::not_yet("RevisionWakes", message);
        wake.push(revision);
    }
    let routed = if status.traffic.is_empty() {
        Judged::not_yet("RevisionNotReady", "no revision of it has been ready yet")
    } else {
        let address = &part.address;
        status.url = Some(address.url.clone());
        status.rest_url = Some(address.url.clone());
        status.grpc_url = Some(address.url.clone());
        status.address = Some(Address { url: Some(address.address.clone()) });
        Judged::yes()
    };
    let wanted = status.traffic.iter().filter_map(|it| {
        let revision = it.revision_name.clone()?;
        let has_replicas = known.deployed(&revision).is_some_and(|it| it.ready > 0);
        let percent = it.percent.and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
        Some(Wanted { component: workload.component.name(), revision, percent, has_replicas })
    });
    let wanted = wanted.collect();
    let judged = ComponentJudged { component: workload.component, ready, deployed, routed };
    Found { judged, status, wanted }
}

/// What is found of the predictors of `spec.canary`, when there are any.
fn canaries(
    look: &Look,
    plan: &Plan,
    currents: &[Current],
    status: &mut InferenceServiceStatus,
    now: &str,
) -> Option<Judged> {
    let mut waiting = Vec::new();
    for current in currents {
        let Some(name) = &current.workload.canary else { continue };
        let part = Part::of(look, plan, current);
        let known = part.known(look);
        let judged = match &current.refused {
            Some(message) => Judged::no("InvalidPredictorSpec", message.clone()),
            None => model::judge(&known, &current.latest),
        };
        let is_ready = judged.is_true() && known.is_ready(&current.latest);
        if !is_ready {
            waiting.push(format!("`{name}`: {}", judged.message));
        }
        let old = look.before.canary_statuses.iter().find(|old| old.name == *name);
        let old = old.and_then(|old| old.model_status.as_ref());
        let latest = &*current.latest;
        status.canary_statuses.push(CanaryStatus {
            name: name.clone(),
            ready: is_ready,
            traffic_percent: current.workload.percent.unwrap_or(0).try_into().unwrap_or(0),
            model_status: Some(model::status(&known, latest, &[latest], old, now)),
        });
    }
    if status.canary_statuses.is_empty() {
        return None;
    }
    Some(if waiting.is_empty() {
        Judged { reason: "AllCanariesReady".into(), ..Judged::yes() }
    } else {
        Judged::no("CanariesNotReady", waiting.join("; "))
    })
}

/// Whether requests are answered: every gateway has to route as the status says.
async fn ingress(
    controller: &Controller,
    look: &Look,
    found: &BTreeMap<Component, Found>,
) -> (Judged, bool, Option<Duration>) {
    let mut unready = found.values().filter(|it| it.status.traffic.is_empty());
    if let Some(found) = unready.next() {
        let Judged { message, .. } = &found.judged.ready;
        let component = found.judged.component.name();
        let reason = format!("{}NotReady", capital(component));
        let message = format!("the {component} is not ready: {message}");
        return (Judged::not_yet(reason, message), false, None);
    }
    let key = &look.key;
    let told = |component| look.before.components.get(component).map(|it| &it.traffic);
    let is_told = found.iter().all(|(component, it)| told(component) == Some(&it.status.traffic));
    if !is_told {
        controller.memory.answered(key);
        let judged = Judged::not_yet("RoutesPending", "the gateways learn of the new shares");
        return (judged, false, Some(FIRST_QUESTION));
    }
    if look.before.conditions.status(ConditionType::IngressReady) == ConditionStatus::True {
        return (Judged::yes(), true, None);
    }
    let since = controller.memory.asked(key);
    let wanted: Vec<_> = found.values().flat_map(|it| it.wanted.iter().cloned()).collect();
    match controller.gateways.confirm(key, &wanted).await {
        Ok(()) => {
            controller.memory.answered(key);
            (Judged::yes(), true, None)
        }
        Err(told) => {
            let waited = since.elapsed();
            // what passes in a moment is not told in words that change each time
            let message = if waited < PATIENCE {
                "the gateways learn of the new shares".into()
            } else {
                told
            };
            let delay = (waited / 4).clamp(FIRST_QUESTION, PATIENCE);
            (Judged::not_yet("RoutesPending", message), false, Some(delay))
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether the manifest names canaries. The plan and the status of a stopped service hold none.
fn has_canaries(look: &Look) -> bool {
    let canaries = look.object.data.pointer("/spec/canary").and_then(Value::as_array);
    canaries.is_some_and(|canaries| !canaries.is_empty())
}

/// The status of a service that is stopped.
fn stopped(look: &Look, plan: &Plan, mut status: InferenceServiceStatus, now: &str) -> Told {
    let stopped = Judged::no(
        "Stopped",
        "the service is stopped by its annotation; take that away to start it",
    );
    let mut components: Vec<_> = look.before.components.keys().copied().collect();
    if components.is_empty() {
        components.push(Component::Predictor);
    }
    let judged = |&component: &Component| ComponentJudged {
        component,
        ready: stopped.clone(),
        deployed: stopped.clone(),
        routed: stopped.clone(),
    };
    let judged: Vec<_> = components.iter().map(judged).collect();
    let service = ServiceJudged {
        mode: plan.mode,
        components: &judged,
        ingress: stopped.clone(),
        canaries: has_canaries(look).then(|| stopped.clone()),
        rollout: None,
        is_stopped: true,
        not_honoured: &plan.not_honoured,
    };
    conditions::set(&mut status.conditions, &service, now);
    // numbers of revisions go on where they ended
    status.components = look
        .before
        .components
        .iter()
        .map(|(&component, before)| {
            let latest_created_revision = before.latest_created_revision.clone();
            (component, ComponentStatus { latest_created_revision, ..ComponentStatus::default() })
        })
        .collect();
    Told { status, wake: Vec::new(), is_confirmed: true, ask_again: None }
}
