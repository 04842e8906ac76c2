//! An InferenceService as these commands read it: whatever its status says, and nothing that it does not.

use k8s_openapi::jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::Value;

use super::object::{list, moment, text};

/// An InferenceService.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) object: DynamicObject,
}

/// A condition of an InferenceService.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// What it is about.
    pub(super) kind: String,
    /// `True`, `False` or `Unknown`.
    pub(super) status: String,
    /// Why, in one word.
    pub(super) reason: Option<String>,
    /// Why, and what to do.
    pub(super) message: Option<String>,
    /// When it changed last.
    pub(super) since: Option<Timestamp>,
}

/// A revision's share of a component's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The component.
    pub(super) component: String,
    /// The revision.
    pub(super) revision: String,
    /// Its share in percent.
    pub(super) percent: i64,
    /// `prev`, `latest` or none.
    pub(super) tag: Option<String>,
}

impl Service {
    pub(super) fn new(object: DynamicObject) -> Self {
        Self { object }
    }

    pub(super) fn name(&self) -> &str {
        self.object.metadata.name.as_deref().unwrap_or_default()
    }

    pub(super) fn namespace(&self) -> &str {
        self.object.metadata.namespace.as_deref().unwrap_or_default()
    }

    pub(super) fn created(&self) -> Option<Timestamp> {
        self.object.metadata.creation_timestamp.as_ref().map(|time| time.0)
    }

    /// What an annotation of it says.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.object.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }

    pub(super) fn data(&self) -> &Value {
        &self.object.data
    }

    /// The text at a JSON pointer into its specification and status.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        text(self.data(), pointer)
    }

    pub(super) fn url(&self) -> Option<&str> {
        self.text("/status/url")
    }

    /// True when its status is about the manifest as it is now. A status that says nothing of a
    /// generation is taken at its word once it has conditions.
    pub(super) fn is_observed(&self) -> bool {
        let observed = self.data().pointer("/status/observedGeneration").and_then(Value::as_i64);
        match (observed, self.object.metadata.generation) {
            (Some(observed), Some(generation)) => observed >= generation,
            _ => !list(self.data(), "/status/conditions").is_empty(),
        }
    }

    pub(super) fn conditions(&self) -> Vec<Condition> {
        let owned = |value: &Value, pointer: &str| text(value, pointer).map(str::to_owned);
        let condition = |value: &Value| {
            Some(Condition {
                kind: owned(value, "/type")?,
                status: owned(value, "/status").unwrap_or_else(|| "Unknown".into()),
                reason: owned(value, "/reason"),
                message: owned(value, "/message"),
                since: moment(value, "/lastTransitionTime"),
            })
        };
        list(self.data(), "/status/conditions").iter().filter_map(condition).collect()
    }

    pub(super) fn condition(&self, kind: &str) -> Option<Condition> {
        self.conditions().into_iter().find(|condition| condition.kind == kind)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_observed() && self.condition("Ready").is_some_and(|ready| ready.status == "True")
    }

    /// Why it is not ready, in a line; none when it is.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.is_ready() {
            return None;
        }
        if !self.is_observed() {
            let what = match self.data().get("status") {
                None => "no operator has taken it up",
                Some(_) => "the operator has not yet taken up the last change",
            };
            return Some(what.into());
        }
        let failure = self.text("/status/modelStatus/lastFailureInfo/message");
        let conditions = self.conditions();
        let wanting = |status: &str| {
            let mut of = conditions.iter().filter(|condition| condition.status == status);
            let own = |condition: &&Condition| condition.kind != "Ready" && is_needed(condition);
            of.clone().find(own).or_else(|| of.find(|condition| condition.kind == "Ready"))
        };
        let stopped = conditions.iter().find(|it| it.kind == "Stopped" && it.status == "True");
        let condition = stopped.or_else(|| wanting("False")).or_else(|| wanting("Unknown"))?;
        let why = condition.message.as_deref().or(failure).or(condition.reason.as_deref());
        Some(match (why, failure) {
            (Some(why), Some(failure)) if !why.contains(failure) => format!("{why}: {failure}"),
            (Some(why), _) => why.to_owned(),
            (None, _) => format!("{} is {}", condition.kind, condition.status),
        })
    }

    /// Which revisions get which share of the requests, component by component.
    pub(super) fn shares(&self) -> Vec<Share> {
        let components = self.data().pointer("/status/components").and_then(Value::as_object);
        let of = |(component, status): (&String, &Value)| {
            let share = |traffic: &Value| {
                Some(Share {
                    component: component.clone(),
                    revision: text(traffic, "/revisionName")?.to_owned(),
                    percent: traffic.get("percent").and_then(Value::as_i64).unwrap_or(0),
                    tag: text(traffic, "/tag").map(str::to_owned),
                })
            };
            list(status, "/traffic").iter().filter_map(share).collect::<Vec<_>>()
        };
        components.into_iter().flatten().flat_map(of).collect()
    }

    /// The protocol by which its model is asked: `v1`, `v2`, `grpc-v1` or `grpc-v2`.
    pub(super) fn protocol(&self) -> &str {
        self.text("/spec/predictor/model/protocolVersion").unwrap_or("v1")
    }
}

/// Readiness does not ask for what is only told, nor for what says that it holds back.
fn is_needed(condition: &Condition) -> bool {
    !matches!(&*condition.kind, "Stopped" | "NotHonoured" | "RolloutProgressing")
}

/// A revision's number without the zeros before it, from its name `OBJECT-NUMBER-HASH`.
pub(super) fn number(revision: &str) -> Option<&str> {
    let number = revision.rsplit('-').nth(1)?;
    let is_number = number.len() == 5 && number.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| number.trim_start_matches('0')).filter(|number| !number.is_empty())
}

/// How a revision is called in a table: its number, or its name where it has none.
pub(super) fn short(revision: &str) -> String {
    number(revision).map_or_else(|| revision.to_owned(), |number| format!("#{number}"))
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::json;

    use super::{Service, short};

    fn service(status: &serde_json::Value) -> Service {
        let object: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
            "metadata": {"name": "iris", "namespace": "ml", "generation": 2},
            "spec": {}, "status": status,
        }))
        .unwrap();
        Service::new(object)
    }

    #[test]
    fn why_it_is_not_ready_is_told_by_what_it_waits_for() {
        let ready = json!({"observedGeneration": 2, "conditions": [
            {"type": "Ready", "status": "True"}]});
        assert_eq!(service(&ready).trouble(), None);
        let old = json!({"observedGeneration": 1, "conditions": [
            {"type": "Ready", "status": "True"}]});
        assert!(!service(&old).is_ready());
        assert!(service(&old).trouble().unwrap().contains("last change"));
        let failed = json!({"observedGeneration": 2, "conditions": [
            {"type": "IngressReady", "status": "Unknown"},
            {"type": "NotHonoured", "status": "False", "message": "all is honoured"},
            {"type": "PredictorReady", "status": "False", "reason": "ModelLoadFailed"},
            {"type": "Ready", "status": "False", "message": "the predictor is not ready"}],
            "modelStatus": {"lastFailureInfo": {"message": "`model.pkl` is cut off"}}});
        assert_eq!(service(&failed).trouble().as_deref(), Some("`model.pkl` is cut off"));
        let told = json!({"observedGeneration": 2, "conditions": [
            {"type": "PredictorReady", "status": "False", "message": "`iris-00002`: it is cut off"}],
            "modelStatus": {"lastFailureInfo": {"message": "it is cut off"}}});
        assert_eq!(service(&told).trouble().as_deref(), Some("`iris-00002`: it is cut off"));
        let stopped = json!({"observedGeneration": 2, "conditions": [
            {"type": "Ready", "status": "False"},
            {"type": "Stopped", "status": "True", "message": "it is stopped"}]});
        assert_eq!(service(&stopped).trouble().as_deref(), Some("it is stopped"));
    }

    #[test]
    fn shares_are_those_of_all_components() {
        let status = json!({"components": {"predictor": {"traffic": [
            {"revisionName": "iris-predictor-00002-k3d9x", "percent": 10, "latestRevision": true},
            {"revisionName": "iris-predictor-00001-aaaaa", "percent": 90, "tag": "prev"},
            {"percent": 3}]}}});
        let shares = service(&status).shares();
        assert_eq!(shares.len(), 2);
        assert_eq!((shares[1].percent, shares[1].tag.as_deref()), (90, Some("prev")));
        assert_eq!(short(&shares[0].revision), "#2");
        assert_eq!(short("iris-predictor"), "iris-predictor");
    }
}
