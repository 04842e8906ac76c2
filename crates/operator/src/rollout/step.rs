use std::time::Duration;

use jiff::Timestamp;
use longshore_platform::{
    Outcomes,
    progressive::{Gates, Rollout, Verb},
};

use super::{Evidence, Judgement, State, Subject, judge};

/// How long a revision with requests may have no ready replica before it is rolled back.
const UNREADY: Duration = Duration::from_mins(1);

/// What a step is taken from.
#[derive(Clone, Debug)]
pub struct Input<'i> {
    /// The steps.
    pub rollout: &'i Rollout,
    /// What has to hold from one step to the next.
    pub gates: &'i Gates,
    /// Whether it gets copies of the stable revision's requests.
    pub has_copies: bool,
    /// What somebody has decided about this revision.
    pub verb: Option<Verb>,
    /// Now.
    pub now: Timestamp,
    /// Whether the revision answers, or would when it is woken.
    pub is_ready: bool,
    /// How long it has not, when it had been ready before.
    pub unready: Option<Duration>,
    /// What has been seen of it since the step began.
    pub evidence: &'i Evidence,
}

/// A step, or the decision to stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// What is to be written down; none before the first step.
    pub state: Option<State>,
    /// The revision's share of the requests in percent; the stable one has the rest.
    pub percent: u32,
    /// How the rollout stands, for the condition.
    pub standing: Standing,
    /// The message of the condition.
    pub message: String,
    /// What has just happened, for an Event; none when nothing has.
    pub news: Option<News>,
}

/// How a rollout stands. Each is the reason of the condition `RolloutProgressing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The revision is not ready yet.
    WaitingForReplica,
    /// It has its share for the time of the step.
    Stepping,
    /// The time is over, and gates have not yet seen enough.
    WaitingForRequests,
    /// The last step is not 100 %: somebody promotes it, or nobody.
    WaitingForPromotion,
    /// It has all requests.
    Complete,
    /// It has none any more.
    RolledBack,
}

impl Standing {
    /// Its name in conditions.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaitingForReplica => "WaitingForReplica",
            Self::Stepping => "Stepping",
            Self::WaitingForRequests => "WaitingForRequests",
            Self::WaitingForPromotion => "WaitingForPromotion",
            Self::Complete => "Complete",
            Self::RolledBack => "RolledBack",
        }
    }
}

/// What has happened, in a word and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The reason of the Event: `RolloutStepped`, `RolloutComplete` or `RolledBack`.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
}

/// Takes the next step when it is due, or none. Steps are never skipped, and go back to nothing only.
pub fn advance(state: Option<&State>, input: &Input<'_>) -> Advance {
    match (state, input.verb) {
        (Some(State::Complete), _) => complete(false),
        (_, Some(Verb::Promote)) if input.is_ready => complete(true),
        (Some(State::RolledBack { reason }), _) => rolled_back(reason.clone(), false),
        (_, Some(Verb::Abort)) => rolled_back("somebody has aborted it".into(), true),
        (Some(State::Stepping { percent, since }), _) => under_way(*percent, *since, input),
        (None, _) if input.is_ready => begin(input),
        (None, _) => Advance {
            state: None,
            percent: 0,
            standing: Standing::WaitingForReplica,
            message: "it gets no requests before a replica of it is ready".into(),
            news: None,
        },
    }
}

fn begin(input: &Input<'_>) -> Advance {
    match input.rollout.steps.first() {
        Some(100) | None => complete(true),
        Some(percent) => stepped(*percent, input),
    }
}

/// The begin of a step.
fn stepped(percent: u32, input: &Input<'_>) -> Advance {
    let message = format!("it gets {percent}% of the requests");
    Advance {
        state: Some(State::Stepping { percent, since: input.now }),
        percent,
        standing: Standing::Stepping,
        news: Some(News { reason: "RolloutStepped", message: message.clone() }),
        message,
    }
}

fn under_way(percent: u32, since: Timestamp, input: &Input<'_>) -> Advance {
    let copies = if input.has_copies { copies(input.evidence) } else { String::new() };
    let stay = |standing, message: String| Advance {
        state: Some(State::Stepping { percent, since }),
        percent,
        standing,
        message: format!("it gets {percent}% of the requests{message}{copies}"),
        news: None,
    };
    if input.unready.is_some_and(|unready| unready >= UNREADY) {
        let seconds = UNREADY.as_secs();
        return rolled_back(format!("no replica of it was ready for {seconds} seconds"), true);
    }
    let judgement = judge(input.gates, Subject::of(percent, input.has_copies), input.evidence);
    if let Judgement::Failed(why) = judgement {
        return rolled_back(format!("at {percent}%, {why}"), true);
    }
    if !input.is_ready {
        return stay(Standing::WaitingForReplica, ", and no replica of it is ready".into());
    }
    let next = input.rollout.steps.iter().copied().find(|step| *step > percent);
    let elapsed = input.now.duration_since(since).unsigned_abs();
    let is_over = input.now >= since && elapsed >= input.rollout.every;
    match (next, judgement) {
        (None, Judgement::Waiting(what)) => {
            stay(Standing::WaitingForPromotion, format!(" until it is promoted; its gates: {what}"))
        }
        (None, _) => stay(Standing::WaitingForPromotion, " until it is promoted".into()),
        (Some(next), Judgement::Passed) if is_over => {
            if next == 100 {
                complete(true)
            } else {
                stepped(next, input)
            }
        }
        (Some(next), Judgement::Waiting(what)) if is_over => {
            stay(Standing::WaitingForRequests, format!(", and {next}% once its gates pass: {what}"))
        }
        (Some(next), _) => stay(Standing::Stepping, format!(", and {next}% next")),
    }
}

impl Advance {
    /// The same rollout once that of another component, which came by the same manifest, was rolled back:
    /// what is still under way goes back too.
    pub fn beside(self, other: &str) -> Self {
        match self.standing {
            Standing::Complete | Standing::RolledBack => self,
            _ => rolled_back(format!("the new revision of the {other} was rolled back"), true),
        }
    }

    /// True when it has just been rolled back.
    pub fn falls(&self) -> bool {
        self.standing == Standing::RolledBack && self.news.is_some()
    }
}

/// What copies have shown in this step.
fn copies(evidence: &Evidence) -> String {
    let Outcomes { compared, disagreed, failed, dropped, .. } = evidence.latest;
    let differed = disagreed.saturating_sub(failed);
    let mut text = format!(
        "; of {compared} copied requests {differed} were answered otherwise than by the stable revision, and {failed} failed"
    );
    if dropped > 0 {
        text = format!("{text}; {dropped} more were not compared");
    }
    text
}

fn complete(is_new: bool) -> Advance {
    let message = "it gets all requests".to_owned();
    Advance {
        state: Some(State::Complete),
        percent: 100,
        standing: Standing::Complete,
        news: is_new.then(|| News { reason: "RolloutComplete", message: message.clone() }),
        message,
    }
}

fn rolled_back(reason: String, is_new: bool) -> Advance {
    let message = format!("it was rolled back and gets no requests: {reason}");
    Advance {
        state: Some(State::RolledBack { reason }),
        percent: 0,
        standing: Standing::RolledBack,
        news: is_new.then(|| News { reason: "RolledBack", message: message.clone() }),
        message,
    }
}

#[cfg(test)]
mod tests;
