//! The stepped rollouts of a service's components at one look: asks the gateways how they go, and takes
//! the next step when it is due. Components that change by one manifest step each by itself; when one is
//! rolled back, so are the others that are still under way.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::jiff::Timestamp;
use longshore_kserve::Component;
use longshore_platform::{Progressive, progressive::Rollout};
use tokio::time::Instant;

use super::{
    Controller,
    conditions::Judged,
    events::Notice,
    look::{Current, Look},
    revisions::Known,
    telling::Part,
    traffic::Revisions,
};
use crate::{
    Error,
    build::Plan,
    rollout::{Advance, Counter, Input, Standing, State, advance},
};

/// How long a message stays although its figures change, so that the status is not written each second.
const CALM: Duration = Duration::from_secs(10);

/// What is remembered of a rollout between two looks.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The revision.
    pub(crate) revision: String,
    state: Option<State>,
    counter: Counter,
    unready: Option<Instant>,
    told: Option<(Instant, Told)>,
}

/// What is told of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    standing: Standing,
    percent: u32,
    message: String,
}

/// What a look at the rollout of one component gives.
pub(crate) struct Rolling {
    /// The share of the latest revision in percent; none when it is as the manifest says.
    percent: Option<u32>,
    /// None while the first revision is not ready.
    standing: Option<Standing>,
    judged: Judged,
    notice: Option<Notice>,
}

/// What a look at the rollouts of a service gives.
#[derive(Default)]
pub(crate) struct Rollings(BTreeMap<Component, Rolling>);

/// A rollout that is not over, or was rolled back.
struct Moving {
    component: Component,
    progress: Progress,
    advance: Advance,
}

impl Rollings {
    /// The share of a component's latest revision in percent; none when it is as the manifest says.
    pub(crate) fn percent(&self, component: Component) -> Option<u32> {
        self.0.get(&component)?.percent
    }

    /// For the condition `RolloutProgressing`: of what is under way, else of what was rolled back, else of
    /// what is done.
    pub(crate) fn judged(&self) -> Judged {
        let rank = |rolling: &Rolling| match rolling.standing {
            Some(Standing::RolledBack) => 1,
            None => 2,
            Some(Standing::Complete) => 3,
            Some(_) => 0,
        };
        let first = self.0.values().map(rank).min();
        let mut told = self.0.values().filter(|it| Some(rank(it)) == first).map(|it| &it.judged);
        let mut judged = told.next().cloned().unwrap_or_default();
        for other in told {
            judged.message = format!("{}; {}", judged.message, other.message);
        }
        judged
    }

    /// What has just happened.
    pub(crate) fn into_notices(self) -> impl Iterator<Item = Notice> {
        self.0.into_values().filter_map(|it| it.notice)
    }

    /// True while it has to be looked at again soon.
    pub(crate) fn is_under_way(&self) -> bool {
        let is_over = |it: &Standing| matches!(it, Standing::Complete | Standing::RolledBack);
        self.0.values().filter_map(|it| it.standing).any(|standing| !is_over(&standing))
    }
}

impl Controller {
    /// Looks at the rollouts of all components, when the annotation asks for them.
    pub(crate) async fn roll(
        &self,
        look: &Look,
        progressive: &Progressive,
        plan: &Plan,
        currents: &[Current],
    ) -> Result<Option<Rollings>, Error> {
        let Some(rollout) = &progressive.rollout else { return Ok(None) };
        let mut rollings = Rollings::default();
        let mut all_moving = Vec::new();
        for current in currents.iter().filter(|it| it.workload.canary.is_none()) {
            let component = current.workload.component;
            let part = Part::of(look, plan, current);
            let known = part.known(look);
            let latest = &*current.latest;
            let stable = known.before.latest_rolledout_revision.as_deref();
            let stable = stable.filter(|stable| *stable != latest && known.exists(stable));
            let Some(stable) = stable else {
                rollings.0.insert(component, settled(latest, known.is_ready(latest)));
                continue;
            };
            let mut progress = self.memory.rollout(&look.key, latest).unwrap_or_else(|| Progress {
                revision: latest.to_owned(),
                state: known.deployed(latest).and_then(|it| state(it.rollout.as_deref()?)),
                counter: Counter::default(),
                unready: None,
                told: None,
            });
            let advance =
                self.step(look, progressive, rollout, &known, stable, &mut progress).await?;
            all_moving.push(Moving { component, progress, advance });
        }
        let fallen = all_moving.iter().find(|it| it.advance.falls()).map(|it| it.component);
        for Moving { component, mut progress, mut advance } in all_moving {
            if let Some(fallen) = fallen.filter(|fallen| *fallen != component) {
                advance = advance.beside(fallen.name());
            }
            if advance.state != progress.state {
                if let Some(state) = &advance.state {
                    let (namespace, revision) = (&look.key.namespace, &progress.revision);
                    self.objects.keep_rollout(namespace, revision, state).await?;
                }
                progress.state.clone_from(&advance.state);
                progress.counter.restart();
            }
            rollings.0.insert(component, rolling(&advance, &mut progress));
            self.memory.keep_rollout(&look.key, progress);
        }
        Ok(Some(rollings))
    }

    /// Asks the gateways, and takes the next step when it is due.
    async fn step(
        &self,
        look: &Look,
        progressive: &Progressive,
        rollout: &Rollout,
        known: &Known<'_>,
        stable: &str,
        progress: &mut Progress,
    ) -> Result<Advance, Error> {
        let latest = &*progress.revision;
        let is_there =
            known.deployed(latest).is_some_and(|it| it.ready > 0) || known.sleeps(latest);
        let now = Timestamp::now();
        if let Some(State::Stepping { since, .. }) = &progress.state {
            let reports = self.gateways.outcomes(&look.key).await;
            let seconds = now.duration_since(*since).as_secs_f64();
            progress.counter.add(&reports, latest, stable, seconds);
        }
        progress.unready =
            if is_there { None } else { progress.unready.or_else(|| Some(Instant::now())) };
        let verb = progressive.command.as_ref().and_then(|command| command.of(latest));
        let input = Input {
            rollout,
            gates: &progressive.gates,
            has_copies: progressive.shadow.is_some(),
            verb,
            now,
            is_ready: known.is_ready(latest) && is_there,
            unready: progress.unready.map(|since| since.elapsed()),
            evidence: &progress.counter.evidence(),
        };
        Ok(advance(progress.state.as_ref(), &input))
    }
}

/// The state that an annotation holds; none when nobody can read it.
fn state(text: &str) -> Option<State> {
    match serde_json::from_str(text) {
        Ok(state) => Some(state),
        Err(error) => {
            tracing::warn!(%error, "the state of a rollout cannot be read: it begins anew");
            None
        }
    }
}

/// What is told of the first revision, or of one that has all requests.
fn settled(latest: &str, is_ready: bool) -> Rolling {
    let standing = is_ready.then_some(Standing::Complete);
    let done = |standing: Standing| Judged {
        reason: standing.name().into(),
        message: format!("`{latest}` gets all requests"),
        ..Judged::yes()
    };
    let judged = standing.map(done).unwrap_or_default();
    Rolling { percent: None, standing, judged, notice: None }
}

/// What is told of an advance, calmly.
fn rolling(advance: &Advance, progress: &mut Progress) -> Rolling {
    let Advance { percent, standing, .. } = *advance;
    let latest = progress.revision.clone();
    let message = format!("`{latest}`: {}", advance.message);
    let told = match progress.told.take() {
        Some((at, told))
            if (told.standing, told.percent) == (standing, percent) && at.elapsed() < CALM =>
        {
            (at, told)
        }
        _ => (Instant::now(), Told { standing, percent, message: message.clone() }),
    };
    let said = told.1.message.clone();
    progress.told = Some(told);
    let judged = match standing {
        Standing::Complete => {
            Judged { reason: standing.name().into(), message: said, ..Judged::yes() }
        }
        Standing::RolledBack => Judged::no(standing.name(), said),
        _ => Judged::not_yet(standing.name(), said),
    };
    let notice = advance.news.as_ref().map(|news| Notice {
        is_warning: standing == Standing::RolledBack,
        reason: news.reason.to_owned(),
        note: format!("`{latest}`: {}", news.message),
    });
    Rolling { percent: Some(percent), standing: Some(standing), judged, notice }
}

#[cfg(test)]
mod tests {
    use longshore_kserve::status::ConditionStatus;
    use tokio::time::{Duration, advance as pass};

    use super::{Component, Counter, Judged, Progress, Rollings, rolling, settled, state};
    use crate::rollout::{Advance, News, Standing, State};

    fn advance(standing: Standing, percent: u32, message: &str) -> Advance {
        let news = News { reason: "RolledBack", message: message.into() };
        Advance {
            state: None,
            percent,
            standing,
            message: message.into(),
            news: (standing == Standing::RolledBack).then_some(news),
        }
    }

    fn progress() -> Progress {
        Progress {
            revision: "b".into(),
            state: None,
            counter: Counter::default(),
            unready: None,
            told: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn figures_are_told_calmly_and_changes_at_once() {
        let mut progress = progress();
        let mut said = |standing, percent, message| {
            rolling(&advance(standing, percent, message), &mut progress).judged.message
        };
        let waits = Standing::WaitingForRequests;
        assert_eq!(said(waits, 5, "1 of 100"), "`b`: 1 of 100");
        pass(Duration::from_secs(9)).await;
        assert_eq!(said(waits, 5, "2 of 100"), "`b`: 1 of 100");
        pass(Duration::from_secs(2)).await;
        assert_eq!(said(waits, 5, "3 of 100"), "`b`: 3 of 100");
        assert_eq!(said(Standing::Stepping, 25, "25%"), "`b`: 25%");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rollback_is_a_warning_and_a_condition_that_does_not_hold() {
        let back = rolling(&advance(Standing::RolledBack, 0, "7 of 8 failed"), &mut progress());
        assert_eq!(back.judged.status, ConditionStatus::False);
        let notice = back.notice.as_ref().unwrap();
        assert!(notice.is_warning && notice.note == "`b`: 7 of 8 failed");
        assert!(!Rollings([(Component::Predictor, back)].into()).is_under_way());
    }

    #[tokio::test(start_paused = true)]
    async fn components_are_told_together() {
        let of = |predictor: (Standing, &str), transformer: (Standing, &str)| {
            let of = |(standing, message)| rolling(&advance(standing, 5, message), &mut progress());
            let both =
                [(Component::Predictor, of(predictor)), (Component::Transformer, of(transformer))];
            let rollings = Rollings(both.into());
            let Judged { status, message, .. } = rollings.judged();
            (rollings.is_under_way(), status, message)
        };
        let (back, steps, done) = (Standing::RolledBack, Standing::Stepping, Standing::Complete);
        let told = of((steps, "5%"), (steps, "25%"));
        assert_eq!(told, (true, ConditionStatus::Unknown, "`b`: 5%; `b`: 25%".into()));
        let told = of((back, "it failed"), (steps, "25%"));
        assert_eq!(told, (true, ConditionStatus::Unknown, "`b`: 25%".into()));
        let told = of((back, "it failed"), (done, "100%"));
        assert_eq!(told, (false, ConditionStatus::False, "`b`: it failed".into()));
        let first = Rollings([(Component::Predictor, settled("a", false))].into());
        assert_eq!(first.judged().status, ConditionStatus::Unknown);
        let both = [
            (Component::Predictor, settled("a", true)),
            (Component::Transformer, settled("t", true)),
        ];
        let told = Rollings(both.into()).judged();
        assert_eq!(told.status, ConditionStatus::True);
        assert_eq!(told.message, "`a` gets all requests; `t` gets all requests");
    }

    #[test]
    fn a_state_that_nobody_can_read_is_none() {
        assert_eq!(state(r#"{"phase":"complete"}"#), Some(State::Complete));
        assert_eq!(state("?"), None);
    }
}
