//! The state of a predictor's model, and why it does not load.

use longshore_kserve::status::{
    Copies, Failure, FailureReason, ModelState, ModelStatus, States, TransitionStatus,
};

use longshore_platform::PoolState;

use super::{conditions::Judged, revisions::Known, traffic::Revisions};
use crate::build::POOL;

/// Why a revision is not ready, the worst first.
pub(crate) struct Trouble {
    /// Where.
    pub(crate) location: String,
    /// The kind of failure.
    pub(crate) reason: FailureReason,
    /// What is wrong, and what to do.
    pub(crate) message: String,
    /// How the container ended.
    pub(crate) exit_code: Option<i32>,
    /// True when it may pass by itself.
    pub(crate) is_waiting: bool,
}

/// What is wrong with a revision that is not ready.
pub(crate) fn trouble(known: &Known<'_>, revision: &str) -> Option<Trouble> {
    let of_replicas = known.replicas(revision).filter_map(|replica| {
        let mounting = || replica.mounting.as_ref()?.told(known.now);
        let trouble = replica.trouble.clone().or_else(mounting)?;
        Some(Trouble {
            location: replica.name.clone(),
            reason: trouble.reason,
            message: trouble.message,
            exit_code: trouble.exit_code,
            is_waiting: trouble.is_waiting,
        })
    });
    let deployed = known.deployed(revision);
    let of_deployment = |message: &Option<String>| {
        message.clone().map(|message| Trouble {
            location: revision.to_owned(),
            reason: FailureReason::RuntimeUnhealthy,
            message,
            exit_code: None,
            is_waiting: false,
        })
    };
    let of_pool = known.pool_says(revision).filter(|says| says.state != PoolState::Ready);
    let of_pool = of_pool.map(|says| Trouble {
        location: POOL.to_owned(),
        reason: FailureReason::ModelLoadFailed,
        message: says.message.clone(),
        exit_code: None,
        is_waiting: says.state == PoolState::Waiting,
    });
    of_replicas
        .chain(of_pool)
        .min_by_key(|trouble| trouble.is_waiting)
        .or_else(|| of_deployment(&deployed?.refused))
        .or_else(|| of_deployment(&deployed?.stalled))
}

/// Whether a revision that is to answer is well.
pub(crate) fn judge(known: &Known<'_>, revision: &str) -> Judged {
    let deployed = known.deployed(revision);
    if deployed.is_some_and(|it| it.ready > 0) && known.is_ready(revision) {
        return Judged::yes();
    }
    if known.sleeps(revision) && (known.has_been_ready(revision) || known.is_pooled(revision)) {
        return Judged::yes();
    }
    match trouble(known, revision) {
        Some(Trouble { is_waiting: true, message, .. })
            if known.pool_says(revision).is_some()
                || known.replicas(revision).all(|it| it.trouble.is_none()) =>
        {
            Judged::not_yet("RevisionNotReady", format!("`{revision}`: {message}"))
        }
        Some(Trouble { is_waiting: true, exit_code: Some(_), message, .. }) => {
            Judged::not_yet("FetchRetried", format!("`{revision}`: {message}"))
        }
        Some(Trouble { is_waiting: true, message, .. }) => {
            Judged::not_yet("Unschedulable", format!("`{revision}`: {message}"))
        }
        Some(Trouble { reason, message, .. }) => {
            Judged::no(format!("{reason:?}"), format!("`{revision}`: {message}"))
        }
        // what woke a moment ago was well before
        None if known.may_sleep && known.has_been_ready(revision) => Judged::yes(),
        None => Judged::not_yet("RevisionNotReady", format!("`{revision}` starts")),
    }
}

/// The state of a predictor's model when `latest` is its latest revision, `serving` are those that
/// answer, and `before` is what was told last.
pub(crate) fn status(
    known: &Known<'_>,
    latest: &str,
    serving: &[&str],
    before: Option<&ModelStatus>,
    now: &str,
) -> ModelStatus {
    let trouble = trouble(known, latest);
    let is_ready = known.is_ready(latest);
    let target = if known.deployed(latest).is_some_and(|it| it.ready > 0) {
        ModelState::Loaded
    } else if known.sleeps(latest) && is_ready {
        ModelState::Standby
    } else if trouble.as_ref().is_some_and(|it| !it.is_waiting) {
        ModelState::FailedToLoad
    } else if known.replicas(latest).any(|it| it.is_loading) {
        ModelState::Loading
    } else {
        ModelState::Pending
    };
    let has_replicas = |revision: &&str| known.deployed(revision).is_some_and(|it| it.ready > 0);
    let active = if serving.iter().any(has_replicas) {
        ModelState::Loaded
    } else if serving.iter().any(|revision| known.sleeps(revision)) {
        ModelState::Standby
    } else {
        ModelState::Pending
    };
    let transition_status = match target {
        ModelState::Loaded | ModelState::Standby if is_ready => TransitionStatus::UpToDate,
        ModelState::FailedToLoad => TransitionStatus::BlockedByFailedLoad,
        _ => TransitionStatus::InProgress,
    };
    let failed =
        known.replicas(latest).filter(|it| it.trouble.as_ref().is_some_and(|it| !it.is_waiting));
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    ModelStatus {
        transition_status,
        states: Some(States { active_model_state: active, target_model_state: Some(target) }),
        copies: Some(Copies {
            failed_copies: count(failed.count()),
            total_copies: Some(count(known.replicas(latest).count())),
        }),
        last_failure_info: trouble
            // to wait for the warm pool is no failure
            .filter(|it| !(it.is_waiting && it.location == POOL))
            .map(|trouble| failure(trouble, latest, before, now)),
    }
}

/// A failure, since when it is told.
fn failure(trouble: Trouble, revision: &str, before: Option<&ModelStatus>, now: &str) -> Failure {
    let new = Failure {
        location: Some(trouble.location),
        reason: trouble.reason,
        message: Some(trouble.message),
        model_revision_name: Some(revision.to_owned()),
        time: None,
        exit_code: trouble.exit_code,
    };
    since(new, before.and_then(|before| before.last_failure_info.as_ref()), now)
}

/// A failure with the time at which it was first told.
pub(crate) fn since(new: Failure, before: Option<&Failure>, now: &str) -> Failure {
    let told = before.filter(|old| Failure { time: None, ..(*old).clone() } == new);
    let time = told.and_then(|old| old.time.clone()).unwrap_or_else(|| now.to_owned());
    Failure { time: Some(time), ..new }
}
