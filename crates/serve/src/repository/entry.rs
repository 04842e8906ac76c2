use std::sync::{Arc, atomic::AtomicU64};

use super::Served;
use crate::{Error, metrics::ModelMetrics};

/// Versions of a model that no longer answer and whose counters are still shown.
const RETIRED: usize = 4;

/// A name and what answers under it. A change makes a new one.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    /// Names are listed by it: the order in which they came up.
    pub(crate) order: u64,
    /// What answers, ascending; none while the model is loaded or when that failed.
    versions: Vec<Arc<Served>>,
    /// What replaced versions have counted, the oldest first.
    retired: Vec<Retired>,
    /// Why nothing answers, or why what should have replaced the versions did not.
    reason: Option<Arc<str>>,
    pub(crate) loads: Arc<Loads>,
}

/// The counters of a version that was replaced.
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(crate) version: Arc<str>,
    pub(crate) metrics: ModelMetrics,
}

/// How often loading a model went well, and how often not. Counters that begin at 0 show their
/// first step.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    pub(crate) ok: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// Whether a model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It does.
    Ready,
    /// It is expected and not there yet.
    Loading,
    /// It did not load.
    Failed,
}

impl State {
    /// The word of the V2 repository index.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Loading => "LOADING",
            Self::Failed => "UNAVAILABLE",
        }
    }
}

impl Entry {
    /// A model that is expected.
    pub(crate) fn expected(name: Arc<str>, order: u64) -> Self {
        let (versions, retired) = (Vec::new(), Vec::new());
        Self { name, order, versions, retired, reason: None, loads: Arc::default() }
    }

    /// The same with these versions instead of those it has.
    pub(super) fn with(&self, mut versions: Vec<Served>) -> Result<Self, Error> {
        for served in &mut versions {
            // a version that comes back goes on counting
            if let Some(metrics) = self.metrics(&served.version) {
                served.metrics = metrics;
            }
        }
        versions.sort_by_cached_key(|served| {
            (served.version.parse::<u64>().ok(), served.version.clone())
        });
        let pairs = versions.iter().zip(versions.iter().skip(1));
        if let Some((twice, _)) = pairs.into_iter().find(|(a, b)| a.version == b.version) {
            let (name, version) = (self.name.to_string(), twice.version.to_string());
            return Err(Error::Twice { name, version });
        }
        let gone = |version: &str| !versions.iter().any(|served| *served.version == *version);
        let mut retired = self.retired.clone();
        retired.retain(|old| gone(&old.version));
        for old in self.versions.iter().filter(|old| gone(&old.version)) {
            let (version, metrics) = (old.version.clone(), old.metrics.clone());
            retired.push(Retired { version, metrics });
        }
        retired.drain(..retired.len().saturating_sub(RETIRED));
        let versions = versions.into_iter().map(Arc::new).collect();
        Ok(Self { versions, retired, reason: None, ..self.clone() })
    }

    /// The same after loading it failed: what answers stays.
    pub(super) fn failed(&self, reason: Arc<str>) -> Self {
        Self { reason: Some(reason), ..self.clone() }
    }

    /// The counters of a version that answers, or did.
    fn metrics(&self, version: &str) -> Option<ModelMetrics> {
        let now = self.find(version).map(|served| &served.metrics);
        let retired = || self.retired.iter().find(|old| *old.version == *version);
        now.or_else(|| retired().map(|old| &old.metrics)).cloned()
    }

    pub(crate) fn state(&self) -> State {
        match (&self.versions[..], &self.reason) {
            ([_, ..], _) => State::Ready,
            ([], Some(_)) => State::Failed,
            ([], None) => State::Loading,
        }
    }

    /// Why it does not answer, or what is wrong though it does.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// What answers, ascending.
    pub(crate) fn versions(&self) -> &[Arc<Served>] {
        &self.versions
    }

    /// The version of that name.
    pub(crate) fn find(&self, version: &str) -> Option<&Arc<Served>> {
        self.versions.iter().find(|served| *served.version == *version)
    }

    /// The versions that were replaced.
    pub(crate) fn retired(&self) -> &[Retired] {
        &self.retired
    }
}
