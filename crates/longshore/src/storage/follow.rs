//! Threads that bring a model, and look from time to time whether it is another one now.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use longshore_daemon::Drain;
use longshore_engine::{Method, Source};
use longshore_serve::{ModelSource, Models, Origin};
use longshore_storage::{Fetched, Location, Revision, Storage};

use super::{StorageMetrics, failed};

/// Folders in a bucket are replaced file by file: how long such a change must stay the same before
/// it is taken for complete.
const SETTLE: Duration = Duration::from_secs(2);

/// What all followers share.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    pub(crate) storage: Arc<Storage>,
    pub(crate) models: Models,
    pub(crate) metrics: StorageMetrics,
    pub(crate) method: Option<Method>,
    /// How often to look; zero is never.
    pub(crate) poll: Duration,
    /// Begun when a model cannot be brought at all.
    pub(crate) drain: Drain,
    failure: Arc<Mutex<Option<anyhow::Error>>>,
}

impl Followers {
    pub(crate) fn new(
        storage: Arc<Storage>,
        models: Models,
        metrics: StorageMetrics,
        drain: Drain,
    ) -> Self {
        let failure = Arc::default();
        Self { storage, models, metrics, method: None, poll: Duration::ZERO, drain, failure }
    }

    /// Brings a model in a thread of its own, and follows it there.
    pub(crate) fn start(&self, name: &str, location: &Location) -> Result<()> {
        let follower =
            Follower { shared: self.clone(), name: name.to_owned(), location: location.clone() };
        thread::Builder::new()
            .name(format!("follow-{name}"))
            .spawn(move || follower.run())
            .context("failed to start a thread")?;
        Ok(())
    }

    /// Why the server was stopped, when it was because a model could not be brought.
    pub(crate) fn outcome(&self) -> Result<()> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn fail(&self, error: anyhow::Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.drain.begin();
    }
}

/// One model.
struct Follower {
    shared: Followers,
    name: String,
    location: Location,
}

impl Follower {
    fn run(self) {
        let mut current = match self.first() {
            Ok(fetched) => fetched,
            Err(error) => return self.shared.fail(error),
        };
        if self.shared.poll.is_zero() || !self.location.can_change() {
            // the files stay in the cache while they are served
            loop {
                thread::park();
            }
        }
        let mut rejected: Option<Revision> = None;
        while !self.shared.drain.has_begun() {
            thread::sleep(self.shared.poll);
            match self.look(&current, rejected.as_ref()) {
                Ok(None) => {}
                Ok(Some(newer)) => {
                    let (from, to) = (current.revision().clone(), newer.revision().clone());
                    match self.load(&newer) {
                        Ok(()) => {
                            tracing::info!(
                                model = self.name,
                                "model `{}` is now {to}, was {from}",
                                self.name
                            );
                            current = newer;
                            rejected = None;
                        }
                        Err(error) => {
                            tracing::error!(
                                model = self.name,
                                "{to} of model `{}` cannot be served, {from} stays: {error:#}",
                                self.name
                            );
                            rejected = Some(to);
                        }
                    }
                }
                Err(error) => tracing::warn!(
                    model = self.name,
                    "model `{}` stays at {}: {error}",
                    self.name,
                    current.revision()
                ),
            }
        }
    }

    fn first(&self) -> Result<Fetched> {
        let location = &self.location;
        let fetched = self.shared.storage.fetch(location).with_context(|| failed(location))?;
        self.load(&fetched).with_context(|| format!("failed to load `{location}`"))?;
        self.shared.metrics.checked(&self.name);
        tracing::info!(model = self.name, "model `{}` is {}", self.name, fetched.revision());
        Ok(fetched)
    }

    fn load(&self, fetched: &Fetched) -> Result<()> {
        let source = Source::open(fetched.path())?;
        self.shared.models.load(ModelSource {
            name: self.name.clone(),
            version: fetched.revision().version().map(str::to_owned),
            origin: Origin::Files(source),
            method: self.shared.method,
        })?;
        Ok(())
    }

    /// What the model is now, fetched, when that is neither what is served nor what was rejected.
    fn look(
        &self,
        current: &Fetched,
        rejected: Option<&Revision>,
    ) -> Result<Option<Fetched>, longshore_storage::Error> {
        let Followers { storage, metrics, .. } = &self.shared;
        let mut seen = storage.resolve(&self.location)?;
        metrics.checked(&self.name);
        if seen == *current.revision() || Some(&seen) == rejected {
            return Ok(None);
        }
        if !self.location.changes_at_once() {
            loop {
                thread::sleep(SETTLE.min(self.shared.poll));
                let again = storage.resolve(&self.location)?;
                if again == seen {
                    break;
                }
                seen = again;
            }
        }
        tracing::info!(model = self.name, "model `{}` has changed: fetching {seen}", self.name);
        let newer = storage.fetch(&self.location)?;
        Ok((newer.revision() != current.revision()).then_some(newer))
    }
}
