//! The stepped rollout of a service's predictor at one look: asks the gateways how it goes, and takes
//! the next step when it is due.

use std::time::Duration;

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

/// What a look at a rollout gives.
pub(crate) struct Rolling {
    /// The share of the latest revision in percent; none when it is as the manifest says.
    pub(crate) percent: Option<u32>,
    /// For the condition `RolloutProgressing`.
    pub(crate) judged: Judged,
    /// What has just happened.
    pub(crate) notice: Option<Notice>,
    /// True while it has to be looked at again soon.
    pub(crate) is_under_way: bool,
}

impl Controller {
    /// Looks at the rollout of the predictor, when its annotation asks for one.
    pub(crate) async fn roll(
        &self,
        look: &Look,
        progressive: &Progressive,
        plan: &Plan,
        currents: &[Current],
    ) -> Result<Option<Rolling>, Error> {
        let Some(rollout) = &progressive.rollout else { return Ok(None) };
        let is_stable = |it: &&Current| {
            it.workload.canary.is_none() && it.workload.component == Component::Predictor
        };
        let Some(current) = currents.iter().find(is_stable) else { return Ok(None) };
        let part = Part::of(look, plan, current);
        let known = part.known(look);
        let latest = &*current.latest;
        let stable = known.before.latest_rolledout_revision.as_deref();
        let stable = stable.filter(|stable| *stable != latest && known.exists(stable));
        let Some(stable) = stable else {
            // the first revision, or one that has all requests
            let done = || Judged {
                reason: Standing::Complete.name().into(),
                message: format!("`{latest}` gets all requests"),
                ..Judged::yes()
            };
            let judged = if known.is_ready(latest) { done() } else { Judged::default() };
            return Ok(Some(Rolling { percent: None, judged, notice: None, is_under_way: false }));
        };
        let mut progress = self.memory.rollout(&look.key, latest).unwrap_or_else(|| Progress {
            revision: latest.to_owned(),
            state: known.deployed(latest).and_then(|it| state(it.rollout.as_deref()?)),
            counter: Counter::default(),
            unready: None,
            told: None,
        });
        let advance = self.step(look, progressive, rollout, &known, stable, &mut progress).await?;
        if advance.state != progress.state {
            if let Some(state) = &advance.state {
                self.objects.keep_rollout(&look.key.namespace, latest, state).await?;
            }
            progress.state.clone_from(&advance.state);
            progress.counter.restart();
        }
        let rolling = rolling(latest, &advance, &mut progress);
        self.memory.keep_rollout(&look.key, progress);
        Ok(Some(rolling))
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
        let verb = progressive.command.as_ref().filter(|it| it.revision == latest);
        let input = Input {
            rollout,
            gates: &progressive.gates,
            has_copies: progressive.shadow.is_some(),
            verb: verb.map(|it| it.verb),
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

/// What is told of an advance, calmly.
fn rolling(latest: &str, advance: &Advance, progress: &mut Progress) -> Rolling {
    let Advance { percent, standing, .. } = *advance;
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
    let is_under_way = !matches!(standing, Standing::Complete | Standing::RolledBack);
    Rolling { percent: Some(percent), judged, notice, is_under_way }
}

#[cfg(test)]
mod tests {
    use longshore_kserve::status::ConditionStatus;
    use tokio::time::{Duration, advance as pass};

    use super::{Counter, Progress, rolling, state};
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
            rolling("b", &advance(standing, percent, message), &mut progress).judged.message
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
        let back =
            rolling("b", &advance(Standing::RolledBack, 0, "7 of 8 failed"), &mut progress());
        assert_eq!(back.judged.status, ConditionStatus::False);
        let notice = back.notice.unwrap();
        assert!(notice.is_warning && notice.note == "`b`: 7 of 8 failed");
        assert!(!back.is_under_way);
    }

    #[test]
    fn a_state_that_nobody_can_read_is_none() {
        assert_eq!(state(r#"{"phase":"complete"}"#), Some(State::Complete));
        assert_eq!(state("?"), None);
    }
}
