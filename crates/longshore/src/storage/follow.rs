//! Fetches remote models, and follows the changes of models while they are served.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use longshore_daemon::Drain;
use longshore_engine::{Method, Source};
use longshore_serve::{Lease, ModelSource, Models, Origin};
use longshore_storage::{Fingerprint, Location, Revision, Storage};

use super::{
    StorageMetrics, failed,
    marks::{Marking, Marks},
    schedule::Task,
    trouble::Trouble,
};
use crate::models::Paths;

/// Folders are replaced file by file: how long such a change must stay the same before it is taken
/// for complete.
pub(crate) const SETTLE: Duration = Duration::from_secs(2);

/// What all followed models share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) storage: Arc<Storage>,
    pub(crate) models: Models,
    pub(crate) metrics: StorageMetrics,
    pub(crate) method: Option<Method>,
    /// How often to look; zero is never.
    pub(crate) poll: Duration,
    /// Whether a model that cannot be brought ends the server, though there are others.
    pub(crate) strict: bool,
    /// The drain that ends the server.
    pub(crate) drain: Drain,
    /// Who tells registries what is served; none when nobody does.
    pub(crate) marks: Option<Arc<Marks>>,
    /// Why the server ends.
    pub(crate) failure: Failure,
}

/// Why the server was told to end, when it was because of a model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<anyhow::Error>>>);

impl Failure {
    fn set(&self, error: anyhow::Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The error; only the first call returns it.
    pub(crate) fn take(&self) -> Option<anyhow::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A model to follow.
#[derive(Debug)]
pub(crate) struct Followed {
    name: String,
    files: FollowedFiles,
    /// What is served.
    current: Option<State>,
    /// What could not be served.
    rejected: Option<State>,
    /// What may be a change half done.
    settling: Option<State>,
    /// Why it could not be looked at.
    trouble: Trouble,
}

#[derive(Debug)]
enum FollowedFiles {
    Local(Paths),
    Remote(Location),
}

/// What the files are: equal states are equal files.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Local(Fingerprint),
    Remote(Revision),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(fingerprint) => fingerprint.fmt(f),
            Self::Remote(revision) => revision.fmt(f),
        }
    }
}

impl Followed {
    /// A model to bring from elsewhere.
    pub(crate) fn remote(name: &str, location: &Location) -> Self {
        Self::new(name, FollowedFiles::Remote(location.clone()))
    }

    /// A model on this machine that is about to be loaded from `paths` as they are now.
    pub(crate) fn local(name: &str, paths: Paths) -> Self {
        let state = Fingerprint::of(paths.all()).ok().map(State::Local);
        Self { current: state, ..Self::new(name, FollowedFiles::Local(paths)) }
    }

    fn new(name: &str, files: FollowedFiles) -> Self {
        Self {
            name: name.to_owned(),
            files,
            current: None,
            rejected: None,
            settling: None,
            trouble: Trouble::default(),
        }
    }
}

/// The task of bringing and following a model.
pub(crate) fn task(mut followed: Followed, shared: &Shared) -> Box<dyn Task> {
    if !shared.models.answers(&followed.name) {
        followed.rejected = followed.current.take();
    }
    let marking = match &followed.files {
        FollowedFiles::Remote(location) => {
            Marks::of(shared.marks.as_ref(), &followed.name, location)
        }
        FollowedFiles::Local(_) => None,
    };
    Box::new(Follow { followed, shared: shared.clone(), marking, due: Some(Instant::now()) })
}

struct Follow {
    followed: Followed,
    shared: Shared,
    /// What tells the registry.
    marking: Option<Marking>,
    /// When to look at the model; none is never again.
    due: Option<Instant>,
}

impl Task for Follow {
    fn step(&mut self) -> Option<Duration> {
        if self.shared.drain.has_begun() {
            return None;
        }
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.due = self.work().map(|pause| Instant::now() + pause);
        }
        let mark = self.keep_mark();
        let look = self.due.map(|due| due.saturating_duration_since(Instant::now()));
        look.into_iter().chain(mark).min()
    }
}

impl Follow {
    /// Brings the model or looks at it, and says when to look again.
    fn work(&mut self) -> Option<Duration> {
        let poll = self.shared.poll;
        if let (FollowedFiles::Remote(location), None, None) =
            (&self.followed.files, &self.followed.current, &self.followed.rejected)
        {
            let location = location.clone();
            if let Err(error) = self.bring(&location) {
                self.absent(error);
            }
        } else {
            match self.look() {
                Ok(Some(seen)) if self.followed.trouble.is_over() => {
                    let name = &self.followed.name;
                    tracing::info!(model = name, "model `{name}` is found again: {seen}");
                }
                Ok(_) => {}
                Err(error) => self.lost(error),
            }
        }
        let settled = match (&self.followed.files, &self.followed.current) {
            (FollowedFiles::Remote(location), Some(_)) => !location.can_change(),
            _ => false,
        };
        let again = if self.followed.settling.is_some() { SETTLE.min(poll) } else { poll };
        (!settled && !poll.is_zero()).then_some(again)
    }

    /// Lets the registry show the version that is served, and says when to see to it again.
    fn keep_mark(&mut self) -> Option<Duration> {
        let Followed { name, current, .. } = &self.followed;
        let version = match current {
            Some(State::Remote(revision)) if !self.shared.models.is_unloaded(name) => {
                revision.version()
            }
            _ => None,
        };
        self.marking.as_mut()?.keep(version)
    }

    /// Brings a model for the first time.
    fn bring(&mut self, location: &Location) -> Result<()> {
        let fetched = self.shared.storage.fetch(location).with_context(|| failed(location));
        let fetched = fetched.inspect_err(|error| {
            self.shared.models.fail(&self.followed.name, &format!("{error:#}"));
        })?;
        self.shared.metrics.checked(&self.followed.name);
        let revision = fetched.revision().clone();
        let source = Source::open(fetched.path())?;
        let loaded = self.load(source, revision.version(), Some(Arc::new(fetched)));
        let state = State::Remote(revision.clone());
        if let Err(error) = loaded {
            self.followed.rejected = Some(state);
            return Err(error.context(format!("failed to load `{location}`")));
        }
        tracing::info!(model = self.followed.name, "model `{}` is {state}", self.followed.name);
        self.followed.current = Some(state);
        self.followed.trouble = Trouble::default();
        Ok(())
    }

    /// The model cannot be looked at: what is served stays.
    fn lost(&mut self, error: anyhow::Error) {
        let Followed { name, current, trouble, .. } = &mut self.followed;
        let Some(state) = current else {
            self.shared.models.fail(name, &format!("{error:#}"));
            return self.absent(error);
        };
        let reason = format!("{error:#}");
        if trouble.is_new(&reason) {
            tracing::warn!(model = name, "model `{name}` stays at {state}: {reason}");
        }
    }

    /// The model does not answer. The server goes on with the other models; it ends when there are
    /// none, or when it is `strict`.
    fn absent(&mut self, error: anyhow::Error) {
        let Shared { models, strict, failure, drain, .. } = &self.shared;
        let Followed { name, trouble, .. } = &mut self.followed;
        if *strict || models.none_left() {
            failure.set(error);
            drain.begin();
            return;
        }
        let reason = format!("{error:#}");
        if trouble.is_new(&reason) {
            tracing::error!(model = name, "model `{name}` cannot be served: {reason}");
        }
    }

    fn load(&self, source: Source, version: Option<&str>, lease: Option<Lease>) -> Result<()> {
        self.shared.models.load(ModelSource {
            name: self.followed.name.clone(),
            version: version.map(str::to_owned),
            origin: Origin::Files(source),
            method: self.shared.method,
            lease,
        })?;
        Ok(())
    }

    /// Loads the model's present state, when that is neither the one that is served nor the one that
    /// was rejected. Returns the state that it saw; `None` when the model was unloaded.
    fn look(&mut self) -> Result<Option<State>> {
        let Shared { storage, metrics, models, .. } = &self.shared;
        let Followed { name, files, current, rejected, settling, .. } = &mut self.followed;
        if models.is_unloaded(name) {
            return Ok(None);
        }
        let (seen, at_once) = match files {
            FollowedFiles::Local(paths) => (State::Local(Fingerprint::of(paths.all())?), false),
            FollowedFiles::Remote(location) => {
                (State::Remote(storage.resolve(location)?), location.changes_at_once())
            }
        };
        metrics.checked(name);
        if Some(&seen) == current.as_ref() || Some(&seen) == rejected.as_ref() {
            *settling = None;
            return Ok(Some(seen));
        }
        if !at_once && Some(&seen) != settling.as_ref() {
            *settling = Some(seen.clone());
            return Ok(Some(seen));
        }
        *settling = None;
        tracing::info!(model = name, "model `{name}` has changed: loading {seen}");
        let (source, to, lease): (_, _, Option<Lease>) = match files {
            FollowedFiles::Local(paths) => (paths.open()?, seen.clone(), None),
            FollowedFiles::Remote(location) => {
                let fetched = storage.fetch(location)?;
                let revision = State::Remote(fetched.revision().clone());
                (Source::open(fetched.path())?, revision, Some(Arc::new(fetched)))
            }
        };
        let version = match &to {
            State::Local(_) => None,
            State::Remote(revision) => revision.version(),
        };
        let loaded = self.load(source, version, lease);
        let Followed { name, current, rejected, .. } = &mut self.followed;
        match (loaded, &*current) {
            (Ok(()), was) => {
                let was = was.as_ref().map(|was| format!(", was {was}")).unwrap_or_default();
                tracing::info!(model = name, "model `{name}` is now {to}{was}");
                (*current, *rejected) = (Some(to), None);
            }
            (Err(error), Some(was)) => {
                tracing::error!(
                    model = name,
                    "{to} of model `{name}` cannot be served, {was} stays: {error:#}"
                );
                *rejected = Some(to);
            }
            (Err(error), None) => {
                tracing::error!(model = name, "{to} of model `{name}` cannot be served: {error:#}");
                *rejected = Some(to);
            }
        }
        Ok(Some(seen))
    }
}
