//! Which models there are, in which versions.

use std::sync::{Arc, atomic::Ordering::Relaxed};

mod describe;
mod entry;
mod map;
mod model_config;
mod sample;
mod served;
mod versions;

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
    /// How many changes there were: the clock by which uses are told apart.
    changes: u64,
    tally: [usize; State::COUNT],
}

impl Repository {
    /// No model yet: those of `expected` are to come, those of `on_demand` are loaded by the first
    /// request.
    pub(crate) fn of(
        expected: impl IntoIterator<Item = String>,
        on_demand: Vec<String>,
    ) -> Result<Self, Error> {
        let mut repository = Self::default();
        let expected = expected.into_iter().map(|name| (name, false));
        for (name, on_demand) in expected.chain(on_demand.into_iter().map(|name| (name, true))) {
            check_name(&name)?;
            repository.know(&name, on_demand);
        }
        Ok(repository)
    }

    /// Adds the name of a model that is expected or, when `on_demand`, loaded by the first request.
    /// What a known name holds stays; its failure is forgotten.
    pub(crate) fn know(&mut self, name: &str, on_demand: bool) {
        let entry = match self.entry(name) {
            Some(entry) if entry.state() == State::Failed => entry.without(State::Idle),
            Some(_) => return,
            None => Entry::new(name.into(), self.next, on_demand),
        };
        self.put(entry);
    }

    /// Lets these versions of the model `name` answer instead of those it has. `on_demand` says
    /// whether an unknown name is that of a model on demand.
    pub(crate) fn replace(
        &mut self,
        name: &str,
        versions: Vec<Served>,
        on_demand: bool,
    ) -> Result<Vec<Arc<Served>>, Error> {
        check_name(name)?;
        let entry = match self.entry(name) {
            Some(entry) => entry.with(versions)?,
            None => Entry::new(name.into(), self.next, on_demand).with(versions)?,
        };
        entry.loads.ok.fetch_add(1, Relaxed);
        entry.touch(2 * (self.changes + 1));
        Ok(self.put(entry))
    }

    /// Takes the versions of the model `name` away and leaves it in `state`, [`State::Idle`] or
    /// [`State::Unloaded`]. `None` when there is no such model.
    pub(crate) fn rest(&mut self, name: &str, state: State) -> Option<Vec<Arc<Served>>> {
        let entry = self.entry(name)?.without(state);
        Some(self.put(entry))
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
        self.changes += 1;
        self.tally[old.state() as usize] -= 1;
        Some(old.versions().to_vec())
    }

    /// Puts an entry in, and gives the versions that it replaces.
    fn put(&mut self, entry: Entry) -> Vec<Arc<Served>> {
        self.next = self.next.max(entry.order + 1);
        self.changes += 1;
        self.tally[entry.state() as usize] += 1;
        let entry = Arc::new(entry);
        let Some(old) = self.entries.insert(entry.clone()) else { return Vec::new() };
        self.tally[old.state() as usize] -= 1;
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

    /// How many models are in a state.
    pub(crate) fn count(&self, state: State) -> usize {
        self.tally[state as usize]
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no model is still expected, and not every one has failed.
    pub(crate) fn is_ready(&self) -> bool {
        let failed = self.count(State::Failed);
        self.count(State::Loading) == 0 && (failed == 0 || failed < self.len())
    }

    /// The time of a use: after the last change, before the next one.
    fn time(&self) -> u64 {
        2 * self.changes + 1
    }

    /// A model by name, in the version asked for or else the latest.
    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Result<&Arc<Served>, Failure> {
        let entry = self.entry(name).ok_or_else(|| self.unknown(name))?;
        entry.touch(self.time());
        version_of(entry, version)
    }

    /// The model that a request without a name means.
    pub(crate) fn only(&self) -> Result<&Arc<Served>, Failure> {
        if let Some(entry) = self.sole() {
            entry.touch(self.time());
            return version_of(entry, None);
        }
        if self.len() == 0 {
            return Err(Failure::not_found("there is no model"));
        }
        Err(Failure::invalid(format!(
            "there are several models: say which one with `?model=NAME`, of {}",
            listed(self.names().into_iter())
        )))
    }

    /// The only name, when there is just one.
    pub(crate) fn sole(&self) -> Option<&Arc<Entry>> {
        self.entries.iter().next().filter(|_| self.len() == 1)
    }

    fn names(&self) -> Vec<&str> {
        self.entries().into_iter().map(|entry| &*entry.name).collect()
    }

    pub(crate) fn unknown(&self, name: &str) -> Failure {
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

/// What answers of a model, in the version asked for or else the latest.
pub(crate) fn version_of<'e>(
    entry: &'e Entry,
    version: Option<&str>,
) -> Result<&'e Arc<Served>, Failure> {
    let Some(latest) = entry.versions().last() else { return Err(absent(entry)) };
    let Some(version) = version else { return Ok(latest) };
    entry.find(version).ok_or_else(|| {
        let known = entry.versions().iter().map(|served| &*served.version);
        let (name, version, known) = (&entry.name, quoted(version), listed(known));
        Failure::not_found(format!("the model `{name}` has no version {version}; it has {known}"))
    })
}

/// Why a known model does not answer.
fn absent(entry: &Entry) -> Failure {
    let name = &entry.name;
    let reason = entry.reason().unwrap_or_default();
    let (kind, message) = match entry.state() {
        State::Failed => {
            (Rejection::Failed, format!("the model `{name}` cannot be served: {reason}"))
        }
        State::Unloaded => (
            Rejection::Failed,
            format!(
                "the model `{name}` is unloaded; `POST /v2/repository/models/{name}/load` loads it"
            ),
        ),
        _ => (
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
