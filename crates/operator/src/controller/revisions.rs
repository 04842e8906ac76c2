//! Which revision a workload is to have, and what is known of those that there are.

use std::{sync::Arc, time::Duration};

use longshore_kserve::status::ComponentStatus;

use longshore_platform::{PoolReadiness, PoolState};

use super::traffic;
use crate::{
    autoscaler::Settings,
    build::{ComponentAddress, Scaler, Workload},
    cluster::{Deployed, Replica},
};

/// How long a revision waits for all of its first replicas before one is enough.
const PATIENCE: Duration = Duration::from_mins(1);

/// The annotations that say how many replicas a revision begins with.
const INITIAL_SCALE: [&str; 2] =
    ["autoscaling.knative.dev/initial-scale", "autoscaling.knative.dev/initialScale"];

/// A revision that was made a moment ago, which watches may not have shown yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) hash: String,
}

/// The revision that a workload is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Latest {
    /// It is there, or was made a moment ago.
    There(String),
    /// It is to be made.
    New(String),
}

impl Latest {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::There(name) | Self::New(name) => name,
        }
    }
}

/// The revision that `workload` is to have. Numbers only grow: they are taken from what is there, from
/// what the status tells of revisions that are gone, and from what was made a moment ago. Two operators
/// that see the same give the same name, so that only one of them can make it.
pub(crate) fn latest(
    workload: &Workload,
    deployments: &[Arc<Deployed>],
    told: Option<&str>,
    made: Option<&Made>,
) -> Latest {
    let number = |name: &str| workload.revision_number(name);
    let newest =
        deployments.iter().filter_map(|it| Some((number(&it.name)?, it))).max_by_key(|it| it.0);
    let made = made.and_then(|made| Some((number(&made.name)?, made)));
    let made = made.filter(|(number, _)| newest.is_none_or(|(seen, _)| seen < *number));
    let is_current = match (&newest, &made) {
        (_, Some((_, made))) if made.hash == workload.hash => Some(&made.name),
        (Some((_, seen)), None) if seen.template.as_ref() == Some(&workload.hash) => {
            Some(&seen.name)
        }
        _ => None,
    };
    if let Some(name) = is_current {
        return Latest::There(name.clone());
    }
    let told = told.and_then(|name| Some((number(name)?, name)));
    let highest = [newest.map(|it| it.0), made.map(|it| it.0)].into_iter().flatten().max();
    match told {
        // the same one as before, whose objects are gone
        Some((told, name))
            if highest.is_none_or(|it| it < told) && workload.revision_name(told) == name =>
        {
            Latest::New(name.to_owned())
        }
        told => {
            let highest = highest.max(told.map(|it| it.0)).unwrap_or(0);
            Latest::New(workload.revision_name(highest + 1))
        }
    }
}

/// First replicas of a revision: within its bounds, and as many as are ready of the one whose
/// requests it takes over.
pub(crate) fn first_replicas(
    workload: &Workload,
    before: &ComponentStatus,
    deployments: &[Arc<Deployed>],
    scaling: &Settings,
) -> u32 {
    let serving = before.traffic.iter().filter(|it| it.percent > Some(0));
    let serving = serving.filter_map(|it| {
        let name = it.revision_name.as_deref()?;
        // canaries and stable ones do not take over from one another
        workload.revision_number(name)?;
        deployments.iter().find(|deployed| deployed.name == name)
    });
    let ready = serving.map(|it| it.ready).max().unwrap_or(0);
    let most = if workload.max_replicas == 0 { u32::MAX } else { workload.max_replicas };
    let fewest = if sleeps_first(workload) {
        // only who asks for replicas gets some before there are requests
        let is_asked = INITIAL_SCALE.iter().any(|name| workload.annotations.contains_key(*name));
        let initial = u32::try_from(scaling.initial_scale).unwrap_or(0);
        if is_asked || initial > 1 { initial } else { 0 }
    } else {
        1
    };
    ready.max(workload.min_replicas).max(fewest).min(most)
}

/// True when revisions of `workload` begin without a replica: the warm pool answers for them.
pub(crate) fn sleeps_first(workload: &Workload) -> bool {
    let may_sleep = workload.min_replicas == 0 && workload.scaler == Scaler::Requests;
    may_sleep && workload.facts.pool.is_some()
}

/// What is known of the revisions of a component.
pub(crate) struct Known<'k> {
    /// Its Deployments, canaries' too.
    pub(crate) deployments: &'k [Arc<Deployed>],
    /// Their pods.
    pub(crate) replicas: &'k [Arc<Replica>],
    /// What the status told of the component.
    pub(crate) before: &'k ComponentStatus,
    /// Where it is asked.
    pub(crate) address: &'k ComponentAddress,
    /// True when it may sleep.
    pub(crate) may_sleep: bool,
    /// What the warm pool says of the latest revision, when that begins without a replica.
    pub(crate) pooled: Option<(&'k str, &'k PoolReadiness)>,
    /// Now, in seconds since 1970.
    pub(crate) now: i64,
}

impl Known<'_> {
    /// The Deployment of a revision.
    pub(crate) fn deployed(&self, revision: &str) -> Option<&Deployed> {
        self.deployments.iter().find(|it| it.name == revision).map(|it| &**it)
    }

    /// The pods of a revision.
    pub(crate) fn replicas(&self, revision: &str) -> impl Iterator<Item = &Replica> {
        self.replicas.iter().filter(move |it| it.revision == revision).map(|it| &**it)
    }

    /// True when a revision has been ready before: the status says so, or its Deployment was once
    /// complete and sleeps.
    pub(crate) fn has_been_ready(&self, revision: &str) -> bool {
        let before = self.before;
        let told = before.traffic.iter().any(|it| it.revision_name.as_deref() == Some(revision));
        told || before.latest_ready_revision.as_deref() == Some(revision)
    }

    /// True when a revision is ready for the first time.
    fn becomes_ready(&self, deployed: &Deployed) -> bool {
        let waited = self.now - deployed.created >= PATIENCE.as_secs() as i64;
        match deployed.ready {
            0 if deployed.wanted == 0 && self.pool_says(&deployed.name).is_some() => {
                self.is_pooled(&deployed.name)
            }
            0 => self.may_sleep && deployed.wanted == 0 && deployed.is_complete,
            ready => ready >= deployed.wanted || deployed.is_complete || waited,
        }
    }

    /// What the warm pool says of a revision that begins without a replica.
    pub(crate) fn pool_says(&self, revision: &str) -> Option<&PoolReadiness> {
        self.pooled.filter(|(name, _)| *name == revision).map(|(_, says)| says)
    }

    /// True when the warm pool answers for a revision that begins without a replica.
    pub(crate) fn is_pooled(&self, revision: &str) -> bool {
        self.pool_says(revision).is_some_and(|says| says.state == PoolState::Ready)
    }

    /// True when a revision has no replicas because nobody asks for it.
    pub(crate) fn sleeps(&self, revision: &str) -> bool {
        self.may_sleep && self.deployed(revision).is_some_and(|it| it.wanted == 0)
    }
}

impl traffic::Revisions for Known<'_> {
    fn exists(&self, revision: &str) -> bool {
        self.deployed(revision).is_some()
    }

    fn is_ready(&self, revision: &str) -> bool {
        let Some(deployed) = self.deployed(revision) else { return false };
        let is_latest = self.before.latest_ready_revision.as_deref() == Some(revision);
        let serves = self
            .before
            .traffic
            .iter()
            .any(|it| it.revision_name.as_deref() == Some(revision) && it.percent > Some(0));
        if serves || is_latest {
            return true;
        }
        if self.has_been_ready(revision) {
            return deployed.ready > 0 || self.sleeps(revision);
        }
        self.becomes_ready(deployed)
    }

    fn url(&self, tag: &str) -> Option<String> {
        let scheme = self.address.url.split_once("://").map_or("http", |(scheme, _)| scheme);
        (!self.address.host.is_empty()).then(|| format!("{scheme}://{tag}-{}", self.address.host))
    }
}
