use serde::{Deserialize, Serialize};

/// What can hold of an InferenceService. Tools read the exact words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is the condition of its name")]
pub enum ConditionType {
    Ready,
    PredictorReady,
    TransformerReady,
    ExplainerReady,
    IngressReady,
    RoutesReady,
    LatestDeploymentReady,
    PredictorRouteReady,
    TransformerRouteReady,
    /// With an s, as KServe writes it.
    ExplainerRoutesReady,
    PredictorConfigurationReady,
    TransformerConfigurationReady,
    ExplainerConfigurationReady,
    CanaryPredictorReady,
    Stopped,
    /// How a stepped rollout stands; not of KServe.
    RolloutProgressing,
    /// What of the manifest is not done; not of KServe.
    NotHonoured,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is the word for itself")]
pub enum ConditionStatus {
    True,
    False,
    #[default]
    Unknown,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// `Info` for a condition that readiness does not ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// When that last changed, as RFC 3339 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
    /// Why, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Conditions in the order of their names, as tools list them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Conditions(Vec<Condition>);

impl Conditions {
    /// True when nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    /// The condition of this type.
    pub fn get(&self, kind: ConditionType) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.kind == kind)
    }

    /// Whether the condition of this type holds; unknown when nothing is said of it.
    pub fn status(&self, kind: ConditionType) -> ConditionStatus {
        self.get(kind).map_or(ConditionStatus::Unknown, |condition| condition.status)
    }

    /// Says a condition. The time of its last change stays while its status does.
    pub fn set(&mut self, condition: Condition) {
        let name = |kind: ConditionType| format!("{kind:?}");
        match self.0.iter_mut().find(|old| old.kind == condition.kind) {
            Some(old) => {
                let since = old.last_transition_time.clone();
                let same = old.status == condition.status && since.is_some();
                let now = condition.last_transition_time.clone();
                *old = condition;
                old.last_transition_time = if same { since } else { now };
            }
            None => self.0.push(condition),
        }
        self.0.sort_by_key(|condition| name(condition.kind));
    }

    /// Says nothing of it any more.
    pub fn clear(&mut self, kind: ConditionType) {
        self.0.retain(|condition| condition.kind != kind);
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, ConditionStatus, ConditionType, Conditions};

    fn condition(kind: ConditionType, status: ConditionStatus, at: &str) -> Condition {
        let at = Some(at.to_owned());
        Condition {
            kind,
            status,
            severity: None,
            last_transition_time: at,
            reason: None,
            message: None,
        }
    }

    #[test]
    fn the_time_is_that_of_the_last_change() {
        use ConditionStatus::{False, True};
        let mut conditions = Conditions::default();
        conditions.set(condition(ConditionType::Ready, False, "1"));
        conditions.set(condition(ConditionType::PredictorReady, True, "1"));
        conditions.set(condition(ConditionType::Ready, False, "2"));
        let time = |conditions: &Conditions| {
            conditions.get(ConditionType::Ready).unwrap().last_transition_time.clone()
        };
        assert_eq!(time(&conditions).as_deref(), Some("1"));
        conditions.set(condition(ConditionType::Ready, True, "3"));
        assert_eq!(time(&conditions).as_deref(), Some("3"));
        let kinds: Vec<_> = conditions.iter().map(|condition| condition.kind).collect();
        assert_eq!(kinds, [ConditionType::PredictorReady, ConditionType::Ready]);
        assert_eq!(conditions.status(ConditionType::IngressReady), ConditionStatus::Unknown);
    }
}
