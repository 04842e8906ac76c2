//! Which models there are, in which versions.

use std::sync::{Arc, atomic::Ordering::Relaxed};

mod describe;
mod entry;
mod map;
mod sample;
mod served;

pub(crate) use entry::{Entry, State};
pub(crate) use served::{Served, parallel};

use crate::{
    Error,
    failure::{Failure, Rejection},
    names::{listed, near, quoted},
};
use map::Map;

/// All models at one moment. A change makes a new one, which shares what stayed the same; requests
/// keep what they have begun with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repository {
    entries: Map,
    /// The order of the next name.
    next: u64,
    tally: Tally,
}

/// How many models are in which state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) ready: usize,
    pub(crate) loading: usize,
    pub(crate) failed: usize,
}

impl Tally {
    fn of(&mut self, state: State) -> &mut usize {
        match state {
            State::Ready => &mut self.ready,
            State::Loading => &mut self.loading,
            State::Failed => &mut self.failed,
        }
    }
}

impl Repository {
    /// No model yet, those named are expected.
    pub(crate) fn expecting(names: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut repository = Self::default();
        for name in names {
            check_name(&name)?;
            if repository.entry(&name).is_none() {
                let entry = repository.entry_or_new(&name);
                repository.put(entry);
            }
        }
        Ok(repository)
    }

    /// Lets these versions of the model `name` answer instead of those it has.
    pub(crate) fn replace(
        &mut self,
        name: &str,
        versions: Vec<Served>,
    ) -> Result<Vec<Arc<Served>>, Error> {
        check_name(name)?;
        let entry = self.entry_or_new(name).with(versions)?;
        entry.loads.ok.fetch_add(1, Relaxed);
        Ok(self.put(entry))
    }

    /// Notes that loading the model `name` failed: what answers under the name stays. A name that is
    /// not known stays unknown.
    pub(crate) fn fail(&mut self, name: &str, reason: &str) {
        if let Some(entry) = self.entry(name) {
            entry.loads.failed.fetch_add(1, Relaxed);
            let entry = entry.failed(reason.into());
            self.put(entry);
        }
    }

    /// Forgets the model `name` and what it has counted; `None` when there is none.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Vec<Arc<Served>>> {
        let old = self.entries.remove(name)?;
        *self.tally.of(old.state()) -= 1;
        Some(old.versions().to_vec())
    }

    fn entry_or_new(&self, name: &str) -> Entry {
        match self.entry(name) {
            Some(entry) => Entry::clone(entry),
            None => Entry::expected(name.into(), self.next),
        }
    }

    /// Puts an entry in, and gives the versions that it replaces.
    fn put(&mut self, entry: Entry) -> Vec<Arc<Served>> {
        self.next = self.next.max(entry.order + 1);
        *self.tally.of(entry.state()) += 1;
        let entry = Arc::new(entry);
        let Some(old) = self.entries.insert(entry.clone()) else { return Vec::new() };
        *self.tally.of(old.state()) -= 1;
        let kept =
            |served: &&Arc<Served>| entry.versions().iter().any(|now| Arc::ptr_eq(now, served));
        old.versions().iter().filter(|served| !kept(served)).cloned().collect()
    }

    /// A name with what answers under it.
    pub(crate) fn entry(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.get(name)
    }

    /// Every name, in the order they came up.
    pub(crate) fn entries(&self) -> Vec<&Arc<Entry>> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|entry| entry.order);
        entries
    }

    /// How many models are in which state.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no model is still expected and at least one answers, or there is none at all.
    pub(crate) fn is_ready(&self) -> bool {
        let Tally { ready, loading, failed } = self.tally;
        loading == 0 && (ready > 0 || failed == 0)
    }

    /// A model by name, in the version asked for or else the latest.
    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Result<&Arc<Served>, Failure> {
        let entry = self.entry(name).ok_or_else(|| self.unknown(name))?;
        let Some(latest) = entry.versions().last() else { return Err(absent(entry)) };
        let Some(version) = version else { return Ok(latest) };
        entry.find(version).ok_or_else(|| {
            let known = entry.versions().iter().map(|served| &*served.version);
            let (version, known) = (quoted(version), listed(known));
            Failure::not_found(format!(
                "the model `{name}` has no version {version}; it has {known}"
            ))
        })
    }

    /// The model that a request without a name means.
    pub(crate) fn only(&self) -> Result<&Arc<Served>, Failure> {
        match self.len() {
            0 => Err(Failure::not_found("there is no model")),
            1 => match self.entries.iter().next() {
                Some(entry) => entry.versions().last().ok_or_else(|| absent(entry)),
                None => Err(Failure::not_found("there is no model")),
            },
            _ => Err(Failure::invalid(format!(
                "there are several models: say which one with `?model=NAME`, of {}",
                listed(self.names().into_iter())
            ))),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.entries().into_iter().map(|entry| &*entry.name).collect()
    }

    fn unknown(&self, name: &str) -> Failure {
        let (asked, names) = (quoted(name), self.names());
        Failure::not_found(match (near(name, names.iter().copied()), &names[..]) {
            (_, []) => format!("there is no model {asked}, and no other"),
            (_, [only]) => format!("there is no model {asked}; there is {}", quoted(only)),
            (Some(near), _) => {
                let all = listed(names.into_iter());
                format!("there is no model {asked}: did you mean `{near}`? there are {all}")
            }
            (None, _) => {
                format!("there is no model {asked}; there are {}", listed(names.into_iter()))
            }
        })
    }
}

/// Why a known model does not answer.
fn absent(entry: &Entry) -> Failure {
    let name = &entry.name;
    let (kind, message) = match entry.reason() {
        Some(reason) => {
            (Rejection::Failed, format!("the model `{name}` cannot be served: {reason}"))
        }
        None => (
            Rejection::Loading,
            format!("the model `{name}` is still being loaded; try again later"),
        ),
    };
    Failure::rejected(kind, message)
}

fn check_name(name: &str) -> Result<(), Error> {
    let bad = |c: char| c == '/' || c.is_control() || c.is_whitespace();
    if name.is_empty() || name.contains(bad) {
        return Err(Error::Name { name: name.to_owned() });
    }
    Ok(())
}
