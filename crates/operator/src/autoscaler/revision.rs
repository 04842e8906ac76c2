use std::time::Duration;

use super::{
    Decision, Metric, Rule, Target,
    load::{Figures, Second},
};

/// Seconds that a replica which has been ready before may take to become ready again; Knative's
/// progress deadline and its buffer. After that a revision that nobody asks for may sleep.
const START: Duration = Duration::from_secs(630);

/// Seconds without a request before a revision that gets none any more loses its last replica.
const SETTLED: Duration = Duration::from_secs(10);

/// The replicas of a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replicas {
    /// Those that its Deployment is to have.
    pub wanted: i32,
    /// Those that are ready.
    pub ready: i32,
    /// True when it is written already why there are so many.
    pub is_explained: bool,
}

/// Why a revision has the replicas that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its load asks for so many.
    Load,
    /// It panics: the number only grows for a while.
    Panic,
    /// Its load asks for fewer than `minReplicas`, a schedule or the initial scale.
    AtLeast,
    /// Its load asks for more than `maxReplicas`.
    AtMost,
    /// Nobody asks for it, and it sleeps.
    Asleep,
    /// Nobody asks for it, and its last replica goes soon.
    Idle,
    /// It has not been ready yet, or starts again.
    Starting,
    /// A gateway does not say what its load is: the number only grows.
    Unknown,
}

/// What is decided for a revision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    /// Replicas that it is to have.
    pub(super) replicas: i32,
    /// Why.
    pub(super) reason: Reason,
    /// What the rule says.
    pub(super) decision: Option<Decision>,
}

/// What the autoscaler remembers of a revision.
#[derive(Debug)]
pub(super) struct Revision {
    rule: Rule,
    /// When it last had a request.
    asked: Duration,
    /// Since when it has a ready replica.
    awake: Option<Duration>,
    /// Since when it is to have a replica and has none.
    starting: Option<Duration>,
    /// Since when no replica is wanted.
    unwanted: Option<Duration>,
    /// True when it has had its first replicas.
    is_initialised: bool,
    /// True when it gets requests: it has been ready, and is reachable.
    serves: bool,
}

impl Revision {
    /// A revision as it is found. It may have had a request just now.
    pub(super) fn new(target: &Target, replicas: Replicas, now: Duration) -> Self {
        Self {
            rule: Rule::new(target.settings.clone(), replicas.wanted, now),
            asked: now,
            awake: None,
            starting: None,
            unwanted: None,
            is_initialised: target.has_been_ready,
            serves: target.is_reachable && target.has_been_ready,
        }
    }

    /// Takes the load of one second. While a revision sleeps, seconds without load are left out, as its
    /// first requests are to be looked at by themselves.
    pub(super) fn record(
        &mut self,
        now: Duration,
        figures: Figures,
        is_known: bool,
        replicas: Replicas,
    ) {
        let is_asked = figures.arrived > 0 || figures.in_flight > 0 || figures.concurrency > 0.0;
        if is_asked {
            self.asked = now;
        }
        if is_known && (is_asked || replicas.wanted > 0) {
            let load = match self.rule.settings().metric {
                Metric::Concurrency => figures.concurrency,
                Metric::Rps => figures.rps,
            };
            self.rule.record(now.as_secs(), load);
        }
    }

    /// Decides. `at_least` is what a schedule asks for.
    pub(super) fn decide(
        &mut self,
        now: Duration,
        target: &Target,
        replicas: Replicas,
        second: &Second,
        at_least: i32,
    ) -> Verdict {
        self.follow(now, target, replicas);
        let is_reachable = target.is_reachable;
        let decision = self.rule.decide(now, replicas.ready, is_reachable);
        let settings = self.rule.settings();
        let bounds = self.bounds(target, at_least);
        let desired = decision.map(|decision| decision.desired);
        let mut bounded = bounds.hold(desired.unwrap_or(replicas.wanted));
        let mut reason = match desired {
            None if bounded == 0 => Reason::Asleep,
            None => Reason::Unknown,
            Some(desired) if desired > bounded => Reason::AtMost,
            Some(desired) if desired < bounded => Reason::AtLeast,
            Some(0) => Reason::Asleep,
            Some(_) if self.rule.is_panicking() => Reason::Panic,
            Some(_) => Reason::Load,
        };
        if desired.is_some() && !second.is_whole && bounded < bounds.hold(replicas.wanted) {
            bounded = bounds.hold(replicas.wanted);
            reason = Reason::Unknown;
        }
        if bounded > 0 {
            self.unwanted = None;
        } else if replicas.wanted > 0 {
            let unwanted = *self.unwanted.get_or_insert(now);
            let stable_window = Duration::from_secs(settings.stable_window.into());
            let retention = Duration::from_secs_f64(settings.pod_retention);
            let since = |moment: Duration| now.saturating_sub(moment);
            let is_starting = replicas.ready == 0
                && is_reachable
                && self.starting.is_some_and(|moment| since(moment) < START);
            let stays = if is_reachable {
                since(self.asked) < stable_window
                    || self.awake.is_some_and(|moment| since(moment) < stable_window)
                    || since(unwanted) < retention
            } else {
                since(self.asked) < SETTLED
            };
            if is_starting {
                (bounded, reason) = (replicas.wanted, Reason::Starting);
            } else if !second.is_fresh {
                (bounded, reason) = (1, Reason::Unknown);
            } else if stays {
                (bounded, reason) = (1, Reason::Idle);
            } else {
                self.rule.forget();
            }
        }
        if is_reachable && !target.has_been_ready && bounded < replicas.wanted {
            // it has no requests yet, and is to take over those of another one
            (bounded, reason) = (replicas.wanted.min(bounds.most), Reason::Starting);
        }
        if replicas.wanted == 0 && bounded > bounds.fewest {
            // waking is the gateway's
            (bounded, reason) = (bounds.fewest, Reason::Asleep);
        }
        Verdict { replicas: bounded, reason, decision }
    }

    /// Takes up what has changed around it.
    fn follow(&mut self, now: Duration, target: &Target, replicas: Replicas) {
        if *self.rule.settings() != target.settings {
            self.rule.set(target.settings.clone());
        }
        let serves = target.is_reachable && target.has_been_ready;
        if serves && !self.serves {
            // it was given as many replicas as it needs, and nothing is known of its load yet
            self.rule = Rule::new(target.settings.clone(), replicas.wanted, now);
        }
        self.serves = serves;
        let first = target.settings.initial_scale.max(target.settings.min_scale).max(1);
        self.is_initialised |= target.has_been_ready || replicas.ready >= first;
        if replicas.ready > 0 {
            self.awake.get_or_insert(now);
            self.starting = None;
        } else {
            self.awake = None;
            if replicas.wanted > 0 {
                self.starting.get_or_insert(now);
            } else {
                self.starting = None;
            }
        }
    }

    fn bounds(&self, target: &Target, at_least: i32) -> Bounds {
        let settings = &target.settings;
        let most = if settings.max_scale == 0 { i32::MAX } else { settings.max_scale };
        let mut fewest = settings.min_scale.max(at_least);
        if settings.initial_scale > 1 && !self.is_initialised {
            fewest = fewest.max(settings.initial_scale);
        }
        Bounds { fewest: if target.is_reachable { fewest.min(most) } else { 0 }, most }
    }
}

/// Fewest and most replicas at a moment.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    fewest: i32,
    most: i32,
}

impl Bounds {
    fn hold(self, replicas: i32) -> i32 {
        replicas.min(self.most).max(self.fewest)
    }
}

#[cfg(test)]
mod tests;
