//! What people are told of a service by Events: what changed for it, why, and what to do.

use longshore_kserve::status::{
    ConditionStatus, ConditionType, InferenceServiceStatus, TransitionStatus,
};

/// An Event that is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// True when something is wrong.
    pub(crate) is_warning: bool,
    /// Why, in one word.
    pub(crate) reason: String,
    /// What happened, and what to do.
    pub(crate) note: String,
}

/// What happened between two statuses.
pub(crate) fn between(
    before: &InferenceServiceStatus,
    after: &InferenceServiceStatus,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut tell = |is_warning, reason: &str, note: String| {
        notices.push(Notice { is_warning, reason: reason.to_owned(), note });
    };
    for (component, status) in &after.components {
        let old = before.components.get(component);
        let name = component.name();
        let created = status.latest_created_revision.as_ref();
        if let Some(created) = created
            && old.and_then(|old| old.latest_created_revision.as_ref()) != Some(created)
        {
            tell(false, "RevisionCreated", format!("made revision `{created}` of the {name}"));
        }
        let shares = |status: &longshore_kserve::status::ComponentStatus| {
            let share = |it: &longshore_kserve::status::Traffic| {
                let revision = it.revision_name.as_deref().unwrap_or_default();
                format!("{} % to `{revision}`", it.percent.unwrap_or(0))
            };
            status.traffic.iter().map(share).collect::<Vec<_>>().join(", ")
        };
        let (now, then) = (shares(status), old.map(shares).unwrap_or_default());
        if now != then && !now.is_empty() {
            tell(false, "TrafficChanged", format!("requests to the {name} go {now}"));
        }
    }
    let failure = |status: &InferenceServiceStatus| {
        status
            .model_status
            .as_ref()?
            .last_failure_info
            .as_ref()
            .map(|it| (it.reason, it.message.clone()))
    };
    if let Some((reason, message)) = failure(after)
        && failure(before) != failure(after)
        && after.model_status.as_ref().map(|it| it.transition_status)
            != Some(TransitionStatus::InProgress)
    {
        tell(true, &format!("{reason:?}"), message.unwrap_or_default());
    }
    let status = |status: &InferenceServiceStatus, kind| status.conditions.status(kind);
    let becomes = |kind| {
        let now = status(after, kind);
        (now == ConditionStatus::True && status(before, kind) != now).then_some(())
    };
    if becomes(ConditionType::Ready).is_some() {
        let url = after.url.as_deref().unwrap_or_default();
        tell(false, "InferenceServiceReady", format!("it answers at {url}"));
    }
    if becomes(ConditionType::Stopped).is_some() {
        tell(
            false,
            "InferenceServiceStopped",
            "its annotation stops it: its pods are taken away".into(),
        );
    }
    let message = |status: &InferenceServiceStatus| {
        status.conditions.get(ConditionType::NotHonoured).and_then(|it| it.message.clone())
    };
    if let Some(note) = message(after)
        && message(before).as_ref() != Some(&note)
    {
        tell(true, "FieldsNotHonoured", note);
    }
    notices
}

#[cfg(test)]
mod tests {
    use longshore_kserve::status::InferenceServiceStatus;
    use serde_json::json;

    use super::between;

    #[test]
    fn people_are_told_what_changed_and_nothing_twice() {
        let none = InferenceServiceStatus::default();
        let after: InferenceServiceStatus = serde_json::from_value(json!({
            "url": "http://iris",
            "conditions": [{"type": "Ready", "status": "True"}],
            "components": {"predictor": {
                "latestCreatedRevision": "b",
                "traffic": [{"revisionName": "b", "percent": 10}, {"revisionName": "a", "percent": 90}],
            }},
        }))
        .unwrap();
        let told: Vec<_> = between(&none, &after).into_iter().map(|it| it.note).collect();
        assert_eq!(
            told,
            [
                "made revision `b` of the predictor",
                "requests to the predictor go 10 % to `b`, 90 % to `a`",
                "it answers at http://iris",
            ]
        );
        assert_eq!(between(&after, &after), []);
        let failed: InferenceServiceStatus = serde_json::from_value(json!({"modelStatus": {
            "transitionStatus": "BlockedByFailedLoad",
            "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "no such key"},
        }}))
        .unwrap();
        let told = between(&none, &failed);
        assert_eq!(
            (told[0].is_warning, &*told[0].reason, &*told[0].note),
            (true, "ModelLoadFailed", "no such key")
        );
        assert_eq!(between(&failed, &failed), []);
    }
}
