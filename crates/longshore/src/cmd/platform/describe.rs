//! `longshore describe`.

use std::fmt::Write;

use anyhow::Result;
use k8s_openapi::{
    api::core::v1::{Event, Pod},
    jiff::Timestamp,
};
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::Value;

use super::{
    cluster::Cluster,
    deployed::{Deployed, replicas},
    object::text,
    service::{Service, short},
};
use crate::cmd::{
    page::{facts, section},
    table::{age, or_dash},
};

/// Most events that are shown.
const MOST_EVENTS: usize = 15;

/// What an InferenceService is, how it is, and what has happened to it.
pub(super) async fn run(cluster: &Cluster, name: &str) -> Result<String> {
    let service = cluster.service(name).await?;
    // who may read services may not see what they run on: the rest is worth showing
    let deployments = cluster.deployments(Some(name), false).await.unwrap_or_default();
    let deployed: Vec<_> = Deployed::by_service(deployments).into_values().flatten().collect();
    let pods = cluster.pods(name).await.unwrap_or_default();
    let events = events(cluster, name, &deployed).await;
    Ok(page(&service, &deployed, &pods, &events, Timestamp::now()))
}

/// The events of the service, its revisions and their pods, the newest last.
async fn events(cluster: &Cluster, name: &str, deployed: &[Deployed]) -> Vec<Event> {
    let api: Api<Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let Ok(found) = api.list(&ListParams::default().limit(500)).await else { return Vec::new() };
    let is_about = |event: &Event| {
        let about = &event.involved_object;
        let object = about.name.as_deref().unwrap_or_default();
        let of_revision = |it: &Deployed| {
            object
                .strip_prefix(&*it.revision)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        (about.kind.as_deref() == Some("InferenceService") && object == name)
            || deployed.iter().any(of_revision)
    };
    let mut events: Vec<_> = found.items.into_iter().filter(is_about).collect();
    events.sort_by_key(last_seen);
    events.split_off(events.len().saturating_sub(MOST_EVENTS))
}

/// When an event was seen last.
fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    let made = event.event_time.as_ref().map(|time| time.0);
    let created = event.creation_timestamp().map(|time| time.0);
    series.map(|time| time.0).or(last).or(made).or(created)
}

fn page(
    service: &Service,
    deployed: &[Deployed],
    pods: &[Pod],
    events: &[Event],
    now: Timestamp,
) -> String {
    let mut page = String::new();
    service_facts(&mut page, service, now);
    conditions(&mut page, service, now);
    revisions(&mut page, service, deployed, now);
    let troubled: Vec<_> = pods.iter().filter_map(|pod| trouble(pod, now)).collect();
    section(&mut page, "Pods that do not answer", &["POD", "WHY", "AGE"], &troubled);
    let event = |event: &Event| {
        vec![
            age(last_seen(event), now),
            or_dash(event.reason.clone()),
            or_dash(event.involved_object.name.clone()),
            event.message.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = events.iter().map(event).collect();
    section(&mut page, "Events", &["AGO", "REASON", "OBJECT", "MESSAGE"], &rows);
    page.truncate(page.trim_end().len());
    page
}

fn service_facts(page: &mut String, service: &Service, now: Timestamp) {
    let model = "/spec/predictor/model";
    let runtime = service.text("/status/servingRuntimeName");
    let runtime = runtime.or_else(|| service.text("/status/clusterServingRuntimeName"));
    let ready = match (service.is_ready(), service.trouble()) {
        (true, _) => "yes".to_owned(),
        (false, why) => format!("no: {}", why.unwrap_or_default()),
    };
    let all = [
        ("Name", Some(service.name().to_owned())),
        ("Namespace", Some(service.namespace().to_owned())),
        ("Age", Some(age(service.created(), now))),
        ("Ready", Some(ready)),
        ("URL", service.url().map(str::to_owned)),
        ("In the cluster", service.text("/status/address/url").map(str::to_owned)),
        ("Model", storage(service)),
        ("Format", service.text(&format!("{model}/modelFormat/name")).map(str::to_owned)),
        ("Protocol", Some(service.protocol().to_owned())),
        ("Runtime", runtime.map(str::to_owned)),
        ("Mode", service.text("/status/deploymentMode").map(str::to_owned)),
    ];
    facts(page, all);
}

/// Where the predictor's model is.
fn storage(service: &Service) -> Option<String> {
    let predictor = service.data().pointer("/spec/predictor")?.as_object()?;
    let uri = predictor.values().find_map(|value| text(value, "/storageUri"));
    uri.map(str::to_owned)
}

fn conditions(page: &mut String, service: &Service, now: Timestamp) {
    let row = |condition: super::service::Condition| {
        let why = match (condition.reason, condition.message) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            (reason, message) => message.or(reason).unwrap_or_default(),
        };
        vec![condition.kind, condition.status, age(condition.since, now), why]
    };
    let rows: Vec<_> = service.conditions().into_iter().map(row).collect();
    section(page, "Conditions", &["CONDITION", "HOLDS", "FOR", "WHY"], &rows);
    if let Some(failure) = service.data().pointer("/status/modelStatus/lastFailureInfo") {
        let _ = writeln!(page, "\nLast failure: {}", last_failure(failure));
    }
}

/// A failure, and where it was: a wrong manifest is nowhere.
fn last_failure(failure: &Value) -> String {
    let of = |name: &str| text(failure, &format!("/{name}"));
    let place = match (of("location"), of("modelRevisionName")) {
        (Some(place), Some(revision)) => format!(" in {place} ({revision})"),
        (Some(place), None) | (None, Some(place)) => format!(" in {place}"),
        (None, None) => String::new(),
    };
    format!("{}{place}\n  {}", of("reason").unwrap_or("-"), of("message").unwrap_or("-"))
}

fn revisions(page: &mut String, service: &Service, deployed: &[Deployed], now: Timestamp) {
    let shares = service.shares();
    let row = |it: &Deployed| {
        let share = shares.iter().find(|share| share.revision == it.revision);
        let scaling = it.deployment.annotations().get(SCALING).cloned();
        vec![
            short(&it.revision),
            it.component.clone(),
            or_dash(share.map(|share| match &share.tag {
                Some(tag) => format!("{}% ({tag})", share.percent),
                None => format!("{}%", share.percent),
            })),
            replicas(it.ready, it.wanted),
            age(it.created, now),
            it.revision.clone(),
            scaling.unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = deployed.iter().map(row).collect();
    let headings = ["", "COMPONENT", "TRAFFIC", "REPLICAS", "AGE", "REVISION", "SCALING"];
    section(page, "Revisions", &headings, &rows);
}

/// The annotation of a Deployment with the autoscaler's last decision.
const SCALING: &str = "longshore.dev/scaling";

/// Why a pod does not answer; none when it does.
fn trouble(pod: &Pod, now: Timestamp) -> Option<Vec<String>> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let holds = |kind: &str| conditions.iter().find(|it| it.type_ == kind);
    if holds("Ready").is_some_and(|ready| ready.status == "True") {
        return None;
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    let container = containers.flatten().filter(|it| !it.ready).find_map(|it| {
        let (state, last) = (it.state.as_ref()?, it.last_state.as_ref());
        let ended = state.terminated.as_ref().filter(|ended| ended.exit_code != 0);
        let ended = ended.or_else(|| last.and_then(|last| last.terminated.as_ref()));
        let ended = ended.map(|ended| {
            let message = ended.message.as_deref().unwrap_or_default().trim();
            let last_line = message.lines().last().unwrap_or_default();
            let reason = ended.reason.as_deref().unwrap_or("ended");
            format!("{reason}, exit code {}: {last_line}", ended.exit_code)
        });
        let waiting = state.waiting.as_ref().and_then(|waiting| {
            let reason = waiting.reason.as_deref()?;
            Some(format!("{reason}: {}", waiting.message.as_deref().unwrap_or_default()))
        });
        let why: Vec<_> = waiting.into_iter().chain(ended).collect();
        (!why.is_empty()).then(|| format!("{}: {}", it.name, why.join("; ")))
    });
    let scheduled = holds("PodScheduled").filter(|it| it.status == "False");
    let unscheduled = scheduled.and_then(|it| it.message.clone());
    let is_going = pod.metadata.deletion_timestamp.is_some();
    let going = is_going.then(|| "it is going".to_owned());
    let why = going.or(container).or(unscheduled);
    let why = why.unwrap_or_else(|| "it is not ready yet".into());
    let created = pod.creation_timestamp().map(|time| time.0);
    Some(vec![pod.name_any(), why.trim_end_matches([':', ' ']).to_owned(), age(created, now)])
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{last_failure, trouble};

    #[test]
    fn a_failure_says_where_it_was_only_when_it_was_somewhere() {
        let mut failure = json!({"reason": "InvalidPredictorSpec", "message": "write one of them"});
        assert_eq!(last_failure(&failure), "InvalidPredictorSpec\n  write one of them");
        failure["modelRevisionName"] = json!("iris-predictor-00002-k3d9x");
        assert!(last_failure(&failure).starts_with("InvalidPredictorSpec in iris-predictor-00002"));
        failure["location"] = json!("iris-x2x7z");
        let place = "InvalidPredictorSpec in iris-x2x7z (iris-predictor-00002-k3d9x)\n";
        assert!(last_failure(&failure).starts_with(place));
    }

    #[test]
    fn a_pod_that_does_not_answer_is_told_with_the_reason() {
        let why = |metadata: Value, status: Value| {
            let pod = serde_json::from_value(json!({"metadata": metadata, "status": status}));
            trouble(&pod.unwrap(), Timestamp::UNIX_EPOCH).map(|cells| cells[1].clone())
        };
        let unready = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        let of = |metadata: Value| why(metadata, unready.clone()).unwrap();
        assert_eq!(of(json!({"name": "a"})), "it is not ready yet");
        assert_eq!(of(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"})), "it is going");
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        assert_eq!(why(json!({}), ready), None);
    }
}
