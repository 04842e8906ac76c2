use std::{
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};

mod demand;
mod release;
mod summary;

use crate::{
    Catalog, Error,
    config::{ModelSource, Origin},
    inference::Cache,
    repository::{Entry, Repository, Served, State, parallel},
    resident::Resident,
};
use demand::Demand;
use release::Release;
pub use summary::{Loaded, Summary};

/// The models of a running server: loaded, replaced and removed while it answers.
///
/// Clones are handles to the same models.
#[derive(Clone, Debug)]
pub struct Models(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Requests read it without a lock.
    current: ArcSwap<Repository>,
    /// Held by whoever replaces `current`.
    change: Mutex<Changing>,
    /// Wakes who waits for a change.
    changed: Condvar,
    demand: Demand,
    evictions: AtomicU64,
    /// Whether clients may load and unload models.
    control: bool,
    limits: longshore_engine::Limits,
    /// Keeps answers, when they are to be kept.
    cache: Option<Arc<Cache>>,
    /// Sets of counters that a model has: one for each event loop, and one more.
    shards: usize,
}

/// What goes with every change.
#[derive(Debug)]
struct Changing {
    release: Release,
    resident: Resident,
}

/// What the models of a server start with.
pub(crate) struct Start {
    pub(crate) sources: Vec<ModelSource>,
    /// Names of models that come later.
    pub(crate) expected: Vec<String>,
    /// Names of models that the first request loads.
    pub(crate) on_demand: Vec<String>,
    pub(crate) catalog: Option<Arc<dyn Catalog>>,
    pub(crate) strict: bool,
    /// Whether there may be none at all.
    pub(crate) may_be_empty: bool,
    pub(crate) control: bool,
    /// Most memory of models on demand.
    pub(crate) loaded_bytes: u64,
    pub(crate) model_limits: longshore_engine::Limits,
    /// Most requests that wait for models, and how long.
    pub(crate) waiting: (usize, Duration),
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) shards: usize,
}

impl Models {
    /// Loads the sources. A model that does not load is served as unavailable, with the reason, as
    /// long as there is another one.
    pub(crate) fn start(start: Start) -> Result<Self, Error> {
        let Start { sources, expected, on_demand, catalog, .. } = start;
        let names = sources.iter().map(|source| source.name.clone()).chain(expected);
        let repository = Repository::of(names, on_demand)?;
        if repository.len() == 0 && catalog.is_none() && !start.may_be_empty {
            return Err(Error::NoModels);
        }
        let (waiting, patience) = start.waiting;
        let resident = Resident::new(start.loaded_bytes);
        let models = Self(Arc::new(Shared {
            current: ArcSwap::from_pointee(repository),
            change: Mutex::new(Changing { release: Release::default(), resident }),
            changed: Condvar::new(),
            demand: Demand::new(catalog, waiting, patience),
            evictions: AtomicU64::new(0),
            control: start.control,
            limits: start.model_limits,
            cache: start.cache,
            shards: start.shards,
        }));
        let mut failed = Vec::new();
        for error in models.load_all(sources) {
            let about_all = matches!(error, Error::Twice { .. } | Error::Name { .. });
            if start.strict || about_all {
                return Err(error);
            }
            failed.push(error);
        }
        if models.none_left() && !failed.is_empty() {
            return Err(failed.swap_remove(0));
        }
        for error in failed {
            tracing::error!("{error}; the other models are served without it");
        }
        Ok(models)
    }

    /// Loads a model, tries it out and puts it in the place of every version that is served under
    /// its name: requests that have begun are answered by the version they began with, later ones
    /// by the new one. When it fails, what was there stays, and the index of models says why.
    ///
    /// Blocks while it loads: to be called from a thread that may, not from a task.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Load`], [`Error::Method`], [`Error::Twice`].
    pub fn load(&self, source: ModelSource) -> Result<(), Error> {
        self.load_all(vec![source]).pop().map_or(Ok(()), Err)
    }

    /// Notes that an expected model cannot be brought, and why. What answers under its name stays;
    /// when nothing does, requests for it are told the reason. It can still be loaded later.
    pub fn fail(&self, name: &str, reason: &str) {
        self.change_surely(name, |next| {
            next.fail(name, reason);
            Vec::new()
        });
    }

    /// Stops serving a model, or expecting it; what has begun is finished. False when there is none
    /// of that name.
    pub fn remove(&self, name: &str) -> bool {
        let mut found = false;
        self.change_surely(name, |next| {
            let old = next.remove(name);
            found = old.is_some();
            old.unwrap_or_default()
        });
        found
    }

    /// Adds a name, which is valid in paths, of a model that the first request is to load. A model
    /// that failed to load before is tried again; one that is loaded stays.
    pub fn know(&self, name: &str) {
        self.change_surely(name, |next| {
            next.know(name, true);
            Vec::new()
        });
    }

    /// True when the model answers.
    pub fn answers(&self, name: &str) -> bool {
        self.current().entry(name).is_some_and(|entry| entry.state() == State::Ready)
    }

    /// True when the model does not answer because it did not load.
    pub fn has_failed(&self, name: &str) -> bool {
        self.current().entry(name).is_some_and(|entry| entry.state() == State::Failed)
    }

    /// True when a client has unloaded the model: it is not to be loaded unasked.
    pub fn is_unloaded(&self, name: &str) -> bool {
        self.current().entry(name).is_some_and(|entry| entry.state() == State::Unloaded)
    }

    /// True when every model there is has failed to load.
    pub fn none_left(&self) -> bool {
        let models = self.current();
        models.len() == models.count(State::Failed)
    }

    /// Waits until every expected model has come, at most for so long. False when that did not happen,
    /// and when none of them answers.
    ///
    /// Blocks: to be called from a thread that may, not from a task.
    pub fn await_ready(&self, patience: Duration) -> bool {
        let changing = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        let waited =
            self.0.changed.wait_timeout_while(changing, patience, |_| !self.current().is_ready());
        drop(waited);
        self.current().is_ready()
    }

    /// The models now.
    pub(crate) fn current(&self) -> Guard<Arc<Repository>> {
        self.0.current.load()
    }

    /// Bytes of memory of the models on demand that are loaded, about, and how many were evicted.
    pub(crate) fn residents(&self) -> (u64, u64) {
        let changing = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        (changing.resident.bytes(), self.0.evictions.load(Relaxed))
    }

    /// Loads the models, several at a time; those of one name come in together. Gives what failed.
    fn load_all(&self, sources: Vec<ModelSource>) -> Vec<Error> {
        let outcomes = parallel(by_name(sources), |group| self.load_one(group, false));
        outcomes.into_iter().filter_map(Result::err).collect()
    }

    /// Loads the sources of one name. `on_demand` says whether a name that is new is that of a
    /// model on demand.
    fn load_one(
        &self,
        sources: Vec<ModelSource>,
        on_demand: bool,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let Shared { limits, shards, cache, .. } = &*self.0;
        let name = sources.first().map(|source| source.name.clone()).unwrap_or_default();
        let places: Vec<_> = sources.iter().filter_map(place).collect();
        let mut versions = Served::load_all(sources, limits, *shards);
        for served in versions.iter_mut().flatten() {
            served.cached = cache.as_ref().map(Cache::part);
        }
        let put = versions.and_then(|versions| {
            self.change(&name, |next| next.replace(&name, versions, on_demand))
        });
        put.inspect_err(|error| self.fail(&name, &public(&error.reason(), &places)))
    }

    /// The same for what cannot fail.
    fn change_surely(&self, name: &str, make: impl FnOnce(&mut Repository) -> Vec<Arc<Served>>) {
        if let Err(error) = self.change(name, |next| Ok(make(next))) {
            tracing::error!("the model `{name}` cannot be changed: {error}");
        }
    }

    /// Changes the model `name`; `make` gives what it took out. When models on demand take more
    /// memory than they may, those that were not used for longest go with it. Gives what is under the
    /// name now.
    fn change(
        &self,
        name: &str,
        make: impl FnOnce(&mut Repository) -> Result<Vec<Arc<Served>>, Error>,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let mut changing = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        let Changing { release, resident } = &mut *changing;
        let mut next = Repository::clone(&self.current());
        let mut replaced = make(&mut next)?;
        let now = next.entry(name).cloned();
        match &now {
            Some(entry) if entry.on_demand && entry.state() == State::Ready => {
                resident.put(&entry.name, entry.bytes(), entry.used());
            }
            _ => resident.remove(name),
        }
        while let Some(surplus) =
            resident.surplus(|name| next.entry(name).map(|entry| entry.used()), name)
        {
            resident.remove(&surplus);
            replaced.extend(next.rest(&surplus, State::Idle).unwrap_or_default());
            self.0.evictions.fetch_add(1, Relaxed);
            tracing::debug!(model = &*surplus, "model `{surplus}` makes room for `{name}`");
        }
        self.0.current.store(Arc::new(next));
        self.0.changed.notify_all();
        release.take(replaced);
        Ok(now)
    }
}

/// The sources of each name together, the names in their order.
fn by_name(sources: Vec<ModelSource>) -> Vec<Vec<ModelSource>> {
    let mut sources: Vec<_> = sources.into_iter().enumerate().collect();
    sources.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let mut groups: Vec<(usize, Vec<ModelSource>)> = Vec::new();
    for (at, source) in sources {
        match groups.last_mut() {
            Some((_, group)) if group.first().is_some_and(|first| first.name == source.name) => {
                group.push(source);
            }
            _ => groups.push((at, vec![source])),
        }
    }
    groups.sort_unstable_by_key(|(at, _)| *at);
    groups.into_iter().map(|(_, group)| group).collect()
}

fn place(source: &ModelSource) -> Option<PathBuf> {
    match &source.origin {
        Origin::Files(files) => Some(files.shown()),
        Origin::Loaded(_) => None,
    }
}

/// A reason as a caller may read it: `places`, which are paths of this server, are cut to their
/// last part.
fn public(reason: &str, places: &[PathBuf]) -> String {
    places.iter().fold(reason.to_owned(), |reason, place| match place.file_name() {
        Some(name) => reason.replace(&*place.to_string_lossy(), &name.to_string_lossy()),
        None => reason,
    })
}
