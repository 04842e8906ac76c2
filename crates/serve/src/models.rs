use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};

use crate::{
    Error,
    config::ModelSource,
    repository::{Repository, Served, parallel},
};

/// How often a replaced model is looked at until nobody uses it any more.
const LOOK: Duration = Duration::from_millis(20);

/// The models of a running server: loaded, replaced and removed while it answers.
///
/// Clones are handles to the same models.
#[derive(Clone, Debug)]
pub struct Models(Arc<State>);

#[derive(Debug)]
struct State {
    /// Requests read it without a lock.
    current: ArcSwap<Repository>,
    /// Held by whoever replaces `current`.
    change: Mutex<()>,
    loads: Mutex<BTreeMap<String, Arc<Loads>>>,
    limits: longshore_engine::Limits,
    /// Counters a model has, one for each event loop and more.
    shards: usize,
}

/// How often loading a model went well, and how often not.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    pub(crate) ok: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Models {
    /// Loads `sources`; `expected` names models that come later.
    pub(crate) fn start(
        sources: Vec<ModelSource>,
        expected: Vec<String>,
        limits: longshore_engine::Limits,
        shards: usize,
    ) -> Result<Self, Error> {
        let mut names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        names.extend(expected);
        let repository = Repository::expecting(names)?;
        if repository.names().is_empty() {
            return Err(Error::NoModels);
        }
        let models = Self(Arc::new(State {
            current: ArcSwap::from_pointee(repository),
            change: Mutex::default(),
            loads: Mutex::default(),
            limits,
            shards,
        }));
        for name in models.current().names() {
            // counters that begin at 0 show their first step
            models.counted(name);
        }
        models.load_all(sources)?;
        Ok(models)
    }

    /// Loads a model, tries it out and puts it in the place of every version that is served under
    /// its name: requests that have begun are answered by the version they began with, later ones
    /// by the new one. When it fails, what was there stays.
    ///
    /// Blocks while it loads: to be called from a thread that may, not from a task.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Load`], [`Error::Method`], [`Error::Twice`].
    pub fn load(&self, source: ModelSource) -> Result<(), Error> {
        self.load_all(vec![source])
    }

    /// Stops serving a model, or expecting it; what has begun is finished. False when there is none
    /// of that name.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.change(|now| {
            if now.names().iter().any(|known| **known == *name) {
                now.without(name).map(Some)
            } else {
                Ok(None)
            }
        });
        self.0.loads.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        removed.unwrap_or(false)
    }

    /// The models now.
    pub(crate) fn current(&self) -> Guard<Arc<Repository>> {
        self.0.current.load()
    }

    /// How often each model was loaded.
    pub(crate) fn loads(&self) -> Vec<(String, Arc<Loads>)> {
        let loads = self.0.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.iter().map(|(name, loads)| (name.clone(), loads.clone())).collect()
    }

    fn counted(&self, name: &str) -> Arc<Loads> {
        let mut loads = self.0.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.entry(name.to_owned()).or_default().clone()
    }

    /// Loads the models, each in a thread of its own; those of one name come in together.
    fn load_all(&self, sources: Vec<ModelSource>) -> Result<(), Error> {
        let mut groups: Vec<(String, Vec<ModelSource>)> = Vec::new();
        for source in sources {
            match groups.iter_mut().find(|(name, _)| *name == source.name) {
                Some((_, group)) => group.push(source),
                None => groups.push((source.name.clone(), vec![source])),
            }
        }
        let State { limits, shards, .. } = &*self.0;
        let loaded =
            parallel(groups, |(name, group)| (name, Served::load_all(group, limits, *shards)));
        let mut outcome = Ok(());
        for (name, versions) in loaded {
            let put = versions.and_then(|versions| {
                self.change(|now| now.with(&name, versions).map(Some))?;
                Ok(())
            });
            let loads = self.counted(&name);
            match put {
                Ok(()) => loads.ok.fetch_add(1, Relaxed),
                Err(error) => {
                    outcome = outcome.and(Err(error));
                    loads.failed.fetch_add(1, Relaxed)
                }
            };
        }
        outcome
    }

    /// Puts what `make` gives in the place of the models now; true when it gave something.
    fn change(
        &self,
        make: impl FnOnce(&Repository) -> Result<Option<Repository>, Error>,
    ) -> Result<bool, Error> {
        let _alone = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.0.current.load_full();
        let Some(next) = make(&old)? else { return Ok(false) };
        let kept = |served: &&Arc<Served>| next.all().iter().any(|now| Arc::ptr_eq(now, served));
        let replaced: Vec<_> = old.all().iter().filter(|served| !kept(served)).cloned().collect();
        self.0.current.store(Arc::new(next));
        drop(old);
        release(replaced);
        Ok(true)
    }
}

/// Frees models once the last request that uses them is answered, which takes time for a large one:
/// not on the event loop that happens to answer it.
fn release(models: Vec<Arc<Served>>) {
    if models.is_empty() {
        return;
    }
    let wait = move || {
        for served in models {
            while Arc::strong_count(&served) > 1 {
                thread::sleep(LOOK);
            }
        }
    };
    // when no thread can be had, the models are freed where they are last used
    if let Err(error) = thread::Builder::new().name("release".into()).spawn(wait) {
        tracing::debug!(%error, "no thread to free a replaced model");
    }
}
