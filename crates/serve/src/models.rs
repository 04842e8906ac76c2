use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::{ArcSwap, Guard};

mod release;

use crate::{
    Error,
    config::{ModelSource, Origin},
    repository::{Repository, Served, State, parallel},
};
use release::Release;

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
    change: Mutex<Release>,
    limits: longshore_engine::Limits,
    /// Counters a model has, one for each event loop and more.
    shards: usize,
}

impl Models {
    /// Loads `sources`; `expected` names models that come later. A model that does not load is
    /// served as unavailable, with the reason, as long as there is another one.
    pub(crate) fn start(
        sources: Vec<ModelSource>,
        expected: Vec<String>,
        limits: longshore_engine::Limits,
        shards: usize,
        strict: bool,
    ) -> Result<Self, Error> {
        let mut names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        names.extend(expected);
        let repository = Repository::expecting(names)?;
        if repository.len() == 0 {
            return Err(Error::NoModels);
        }
        let current = ArcSwap::from_pointee(repository);
        let models = Self(Arc::new(Shared { current, change: Mutex::default(), limits, shards }));
        let mut failed = Vec::new();
        for error in models.load_all(sources) {
            let about_all = strict || matches!(error, Error::Twice { .. } | Error::Name { .. });
            if about_all {
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
    /// when nothing does, requests for it are told the reason. Later it can be loaded still.
    pub fn fail(&self, name: &str, reason: &str) {
        self.change(|next| {
            next.fail(name, reason);
            Ok(Vec::new())
        })
        .unwrap_or_default();
    }

    /// Stops serving a model, or expecting it; what has begun is finished. False when there is none
    /// of that name.
    pub fn remove(&self, name: &str) -> bool {
        let mut found = false;
        let removed = self.change(|next| {
            let old = next.remove(name);
            found = old.is_some();
            Ok(old.unwrap_or_default())
        });
        found && removed.is_ok()
    }

    /// True when the model answers.
    pub fn answers(&self, name: &str) -> bool {
        self.current().entry(name).is_some_and(|entry| entry.state() == State::Ready)
    }

    /// True when there is no model that answers and none that is expected to.
    pub fn none_left(&self) -> bool {
        let tally = self.current().tally();
        tally.ready + tally.loading == 0
    }

    /// The models now.
    pub(crate) fn current(&self) -> Guard<Arc<Repository>> {
        self.0.current.load()
    }

    /// Loads the models, several at a time; those of one name come in together. Gives what failed.
    fn load_all(&self, sources: Vec<ModelSource>) -> Vec<Error> {
        let Shared { limits, shards, .. } = &*self.0;
        let groups = by_name(sources);
        let outcomes = parallel(groups, |group| {
            let name = group.first().map(|source| source.name.clone()).unwrap_or_default();
            let places: Vec<_> = group.iter().filter_map(place).collect();
            let put = Served::load_all(group, limits, *shards)
                .and_then(|versions| self.change(|next| next.replace(&name, versions)));
            put.inspect_err(|error| self.fail(&name, &public(&error.reason(), &places)))
        });
        outcomes.into_iter().filter_map(Result::err).collect()
    }

    /// Changes the models; `make` gives what it took out.
    fn change(
        &self,
        make: impl FnOnce(&mut Repository) -> Result<Vec<Arc<Served>>, Error>,
    ) -> Result<(), Error> {
        let mut release = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Repository::clone(&self.current());
        let replaced = make(&mut next)?;
        self.0.current.store(Arc::new(next));
        release.take(replaced);
        Ok(())
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

/// A reason as a caller may read it: places of the server are cut to their last part.
fn public(reason: &str, places: &[PathBuf]) -> String {
    places.iter().fold(reason.to_owned(), |reason, place| match place.file_name() {
        Some(name) => reason.replace(&*place.to_string_lossy(), &name.to_string_lossy()),
        None => reason,
    })
}
