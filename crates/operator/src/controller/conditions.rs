//! The conditions of an InferenceService, in KServe's words.

use longshore_kserve::{
    Component,
    annotations::DeploymentMode,
    status::{Condition, ConditionStatus, ConditionType, Conditions},
};

/// What is held to be so, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Whether it is.
    pub(crate) status: ConditionStatus,
    /// Why, in one word.
    pub(crate) reason: String,
    /// Why, and what to do.
    pub(crate) message: String,
}

impl Judged {
    /// It is so.
    pub(crate) fn yes() -> Self {
        Self { status: ConditionStatus::True, ..Self::default() }
    }

    /// It is not so.
    pub(crate) fn no(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: ConditionStatus::False, reason: reason.into(), message: message.into() }
    }

    /// It may become so.
    pub(crate) fn not_yet(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: ConditionStatus::Unknown, reason: reason.into(), message: message.into() }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.status == ConditionStatus::True
    }

    /// The worst of several: what is not so before what may become so.
    pub(crate) fn all<'j>(judged: impl IntoIterator<Item = &'j Self>) -> Self {
        let judged: Vec<_> = judged.into_iter().collect();
        let find = |status| judged.iter().find(|it| it.status == status).copied().cloned();
        find(ConditionStatus::False)
            .or_else(|| find(ConditionStatus::Unknown))
            .unwrap_or_else(Self::yes)
    }
}

/// What is known of a component.
#[derive(Clone, Debug)]
pub(crate) struct ComponentJudged {
    /// The component.
    pub(crate) component: Component,
    /// Whether its latest revision is what answers, and is well.
    pub(crate) ready: Judged,
    /// Whether its latest revision is deployed.
    pub(crate) deployed: Judged,
    /// Whether requests find it.
    pub(crate) routed: Judged,
}

/// What is known of a service.
#[derive(Clone, Debug)]
pub(crate) struct ServiceJudged<'j> {
    /// Its mode.
    pub(crate) mode: DeploymentMode,
    /// Its components.
    pub(crate) components: &'j [ComponentJudged],
    /// Whether the gateways route to it.
    pub(crate) ingress: Judged,
    /// Whether the predictors of `spec.canary` are ready, when there are any.
    pub(crate) canaries: Option<Judged>,
    /// How its stepped rollout stands, when it has one.
    pub(crate) rollout: Option<Judged>,
    /// True when it is stopped.
    pub(crate) is_stopped: bool,
    /// What of its manifest is not done.
    pub(crate) not_honoured: &'j [String],
}

/// The conditions of a component: ready, routed, deployed.
fn names(component: Component) -> [ConditionType; 3] {
    use ConditionType as C;
    match component {
        Component::Predictor => {
            [C::PredictorReady, C::PredictorRouteReady, C::PredictorConfigurationReady]
        }
        Component::Transformer => {
            [C::TransformerReady, C::TransformerRouteReady, C::TransformerConfigurationReady]
        }
        Component::Explainer => {
            [C::ExplainerReady, C::ExplainerRoutesReady, C::ExplainerConfigurationReady]
        }
    }
}

/// Says all conditions. `now` is when, as RFC 3339 has it.
pub(crate) fn set(conditions: &mut Conditions, service: &ServiceJudged<'_>, now: &str) {
    let mut say = |kind: ConditionType, judged: Judged| {
        conditions.set(condition(kind, judged, now));
    };
    let is_knative = service.mode == DeploymentMode::Knative;
    let mut unsaid = vec![
        ConditionType::CanaryPredictorReady,
        ConditionType::RolloutProgressing,
        ConditionType::Stopped,
        ConditionType::NotHonoured,
    ];
    for component in Component::ALL {
        let [ready, routed, deployed] = names(component);
        let judged = service.components.iter().find(|it| it.component == component);
        match judged {
            Some(judged) => {
                say(ready, judged.ready.clone());
                if is_knative {
                    say(routed, judged.routed.clone());
                    say(deployed, judged.deployed.clone());
                }
            }
            None => unsaid.extend([ready, routed, deployed]),
        }
    }
    let components = service.components.iter();
    if is_knative {
        say(ConditionType::RoutesReady, Judged::all(components.clone().map(|it| &it.routed)));
        say(ConditionType::LatestDeploymentReady, Judged::all(components.map(|it| &it.deployed)));
    }
    say(ConditionType::IngressReady, service.ingress.clone());
    let stopped = |is| Judged {
        reason: "Stopped".into(),
        ..if is { Judged::yes() } else { Judged::default() }
    };
    if service.is_stopped {
        say(ConditionType::Stopped, stopped(true));
    }
    if let Some(canaries) = &service.canaries {
        say(ConditionType::CanaryPredictorReady, canaries.clone());
    }
    if let Some(rollout) = &service.rollout {
        say(ConditionType::RolloutProgressing, rollout.clone());
    }
    if !service.not_honoured.is_empty() {
        let message = service.not_honoured.join("; ");
        let judged = Judged { reason: "FieldsNotHonoured".into(), message, ..Judged::yes() };
        say(ConditionType::NotHonoured, judged);
    }
    let predictor = service.components.iter().find(|it| it.component == Component::Predictor);
    let predictor = predictor.map_or_else(Judged::default, |it| it.ready.clone());
    say(ConditionType::Ready, Judged::all([&predictor, &service.ingress]));
    for kind in unsaid {
        let is_said = match kind {
            ConditionType::CanaryPredictorReady => service.canaries.is_some(),
            ConditionType::RolloutProgressing => service.rollout.is_some(),
            ConditionType::Stopped => service.is_stopped,
            ConditionType::NotHonoured => !service.not_honoured.is_empty(),
            _ => false,
        };
        if !is_said {
            conditions.clear(kind);
        }
    }
}

/// A condition as it is told.
pub(crate) fn condition(kind: ConditionType, judged: Judged, now: &str) -> Condition {
    let depends = matches!(
        kind,
        ConditionType::Ready | ConditionType::PredictorReady | ConditionType::IngressReady
    );
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Condition {
        kind,
        status: judged.status,
        severity: (!depends).then(|| "Info".to_owned()),
        last_transition_time: Some(now.to_owned()),
        reason: some(judged.reason),
        message: some(judged.message),
    }
}

#[cfg(test)]
mod tests {
    use longshore_kserve::{
        Component,
        annotations::DeploymentMode,
        status::{ConditionStatus, Conditions},
    };

    use super::{ComponentJudged, Judged, ServiceJudged, set};

    fn component(component: Component, ready: Judged) -> ComponentJudged {
        ComponentJudged { component, deployed: ready.clone(), routed: ready.clone(), ready }
    }

    fn shown(conditions: &Conditions) -> String {
        let shown = conditions.iter().map(|it| {
            let status = match it.status {
                ConditionStatus::True => "+",
                ConditionStatus::False => "-",
                ConditionStatus::Unknown => "?",
            };
            format!("{status}{:?}", it.kind)
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_mode_has_its_conditions() {
        let mut conditions = Conditions::default();
        let components = [component(Component::Predictor, Judged::yes())];
        let mut service = ServiceJudged {
            mode: DeploymentMode::Standard,
            components: &components,
            ingress: Judged::yes(),
            canaries: None,
            rollout: None,
            is_stopped: false,
            not_honoured: &[],
        };
        set(&mut conditions, &service, "1");
        assert_eq!(shown(&conditions), "+IngressReady +PredictorReady +Ready");
        service.mode = DeploymentMode::Knative;
        set(&mut conditions, &service, "2");
        assert_eq!(
            shown(&conditions),
            "+IngressReady +LatestDeploymentReady +PredictorConfigurationReady +PredictorReady \
             +PredictorRouteReady +Ready +RoutesReady"
        );
    }

    #[test]
    fn ready_is_the_worst_of_what_it_depends_on() {
        let cases = [
            (Judged::yes(), Judged::yes(), "+"),
            (Judged::not_yet("a", "b"), Judged::yes(), "?"),
            (Judged::not_yet("a", "b"), Judged::no("c", "d"), "-"),
            (Judged::no("a", "b"), Judged::not_yet("c", "d"), "-"),
        ];
        for (predictor, ingress, expected) in cases {
            let mut conditions = Conditions::default();
            let components = [component(Component::Predictor, predictor)];
            let service = ServiceJudged {
                mode: DeploymentMode::Standard,
                components: &components,
                ingress,
                canaries: None,
                rollout: None,
                is_stopped: false,
                not_honoured: &[],
            };
            set(&mut conditions, &service, "1");
            assert!(
                shown(&conditions).ends_with(&format!("{expected}Ready")),
                "{}",
                shown(&conditions)
            );
        }
    }

    #[test]
    fn what_is_not_so_any_more_is_not_said_any_more() {
        let mut conditions = Conditions::default();
        let both = [
            component(Component::Predictor, Judged::yes()),
            component(Component::Transformer, Judged::yes()),
        ];
        let not_honoured = ["`spec.predictor.logger` is not done".to_owned()];
        let mut service = ServiceJudged {
            mode: DeploymentMode::Standard,
            components: &both,
            ingress: Judged::yes(),
            canaries: Some(Judged::no("CanariesNotReady", "v2")),
            rollout: Some(Judged::no("RolledBack", "3 of 3 failed")),
            is_stopped: true,
            not_honoured: &not_honoured,
        };
        set(&mut conditions, &service, "1");
        assert_eq!(
            shown(&conditions),
            "-CanaryPredictorReady +IngressReady +NotHonoured +PredictorReady +Ready -RolloutProgressing +Stopped +TransformerReady"
        );
        service = ServiceJudged {
            components: &both[..1],
            canaries: None,
            rollout: None,
            is_stopped: false,
            not_honoured: &[],
            ..service
        };
        set(&mut conditions, &service, "2");
        assert_eq!(shown(&conditions), "+IngressReady +PredictorReady +Ready");
    }
}
