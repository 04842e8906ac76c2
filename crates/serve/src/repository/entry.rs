use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use longshore_kserve::v2::ModelState;

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
    /// Whether a request loads it, and whether it may be evicted.
    pub(crate) on_demand: bool,
    /// What answers, ascending.
    versions: Vec<Arc<Served>>,
    /// The state while nothing answers.
    absent: State,
    /// What replaced versions have counted, the oldest first.
    retired: Vec<Retired>,
    /// Why nothing answers, or why what should have replaced the versions did not.
    reason: Option<Arc<str>>,
    /// When loading it failed last.
    failed_at: Option<Instant>,
    /// When a request last asked for it, by the repository's clock.
    used: Arc<AtomicU64>,
    pub(crate) loads: Arc<Loads>,
}

/// The counters of a version that was replaced.
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(crate) version: Arc<str>,
    pub(crate) metrics: ModelMetrics,
}

/// How often loading a model succeeded, and how often it failed. Counters that begin at 0 show
/// their first step.
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
    /// The first request loads it.
    Idle,
    /// A client has unloaded it.
    Unloaded,
    /// It did not load.
    Failed,
}

impl State {
    pub(crate) const COUNT: usize = 5;

    /// What the V2 repository index says.
    pub(crate) fn as_model_state(self) -> ModelState {
        match self {
            Self::Ready => ModelState::Ready,
            Self::Loading => ModelState::Loading,
            Self::Idle | Self::Unloaded | Self::Failed => ModelState::Unavailable,
        }
    }
}

impl Entry {
    /// A name without a model: expected, or loaded by the first request.
    pub(crate) fn new(name: Arc<str>, order: u64, on_demand: bool) -> Self {
        Self {
            name,
            order,
            on_demand,
            versions: Vec::new(),
            absent: if on_demand { State::Idle } else { State::Loading },
            retired: Vec::new(),
            reason: None,
            failed_at: None,
            used: Arc::default(),
            loads: Arc::default(),
        }
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
        let retired = self.retired(|version| versions.iter().any(|new| *new.version == *version));
        let versions = versions.into_iter().map(Arc::new).collect();
        Ok(Self { versions, retired, reason: None, failed_at: None, ..self.clone() })
    }

    /// The same without versions: [`State::Idle`] or [`State::Unloaded`].
    pub(super) fn without(&self, absent: State) -> Self {
        let retired = self.retired(|_| false);
        let versions = Vec::new();
        Self { versions, absent, retired, reason: None, failed_at: None, ..self.clone() }
    }

    /// The same after loading it failed: what answers stays.
    pub(super) fn failed(&self, reason: Arc<str>) -> Self {
        let (reason, failed_at) = (Some(reason), Some(Instant::now()));
        Self { absent: State::Failed, reason, failed_at, ..self.clone() }
    }

    /// The counters to keep when only the versions that `stays` names go on answering.
    fn retired(&self, stays: impl Fn(&str) -> bool) -> Vec<Retired> {
        let mut retired: Vec<_> =
            self.retired.iter().filter(|old| !stays(&old.version)).cloned().collect();
        for old in self.versions.iter().filter(|old| !stays(&old.version)) {
            let (version, metrics) = (old.version.clone(), old.metrics.clone());
            retired.push(Retired { version, metrics });
        }
        retired.drain(..retired.len().saturating_sub(RETIRED));
        retired
    }

    /// The counters of a version that answers, or did.
    fn metrics(&self, version: &str) -> Option<ModelMetrics> {
        let now = self.find(version).map(|served| &served.metrics);
        let retired = || self.retired.iter().find(|old| *old.version == *version);
        now.or_else(|| retired().map(|old| &old.metrics)).cloned()
    }

    pub(crate) fn state(&self) -> State {
        if self.versions.is_empty() { self.absent } else { State::Ready }
    }

    /// Why it does not answer, or what is wrong though it does.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self.state() {
            State::Idle => Some("it is not loaded; the first request loads it"),
            State::Unloaded => Some("unloaded"),
            _ => self.reason.as_deref(),
        }
    }

    /// When loading it failed last, for a model that does not answer.
    pub(crate) fn failed_at(&self) -> Option<Instant> {
        self.failed_at.filter(|_| self.state() == State::Failed)
    }

    /// What answers, ascending.
    pub(crate) fn versions(&self) -> &[Arc<Served>] {
        &self.versions
    }

    /// The version of that name.
    pub(crate) fn find(&self, version: &str) -> Option<&Arc<Served>> {
        self.versions.iter().find(|served| *served.version == *version)
    }

    /// What every version has counted, also those that no longer answer.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&str, &ModelMetrics)> {
        let now = self.versions.iter().map(|served| (&*served.version, &served.metrics));
        now.chain(self.retired.iter().map(|old| (&*old.version, &old.metrics)))
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn bytes(&self) -> u64 {
        self.versions.iter().map(|served| served.bytes).sum()
    }

    /// A request asks for it `now`. Written only when time has moved on, so that event loops do not
    /// fight over it.
    pub(super) fn touch(&self, now: u64) {
        if self.on_demand && self.used.load(Relaxed) != now {
            self.used.store(now, Relaxed);
        }
    }

    /// When a request last asked for it.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }
}
