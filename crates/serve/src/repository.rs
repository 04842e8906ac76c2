//! Which models there are, in which versions.

use std::{collections::HashMap, sync::Arc};

mod describe;
mod sample;
mod served;

pub(crate) use served::{Served, parallel};

use crate::{
    Error,
    failure::{Failure, Rejection},
    metrics::ModelMetrics,
};

/// Versions of a model that no longer answer and whose counters are still shown.
const RETIRED: usize = 4;

/// All models at one moment. A change makes a new one; requests keep what they have begun with.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    /// The names of all models, also of those that are expected, in the order they came up.
    order: Vec<Arc<str>>,
    /// Every version of every model, models in their order, versions ascending.
    all: Vec<Arc<Served>>,
    /// Indices into `all` by name; none for a model that is expected.
    names: HashMap<Arc<str>, Vec<usize>>,
    /// The model that `/invocations` means when there is only one.
    only: Option<Arc<Served>>,
    /// What replaced versions have counted, the oldest first.
    retired: Vec<Retired>,
}

/// The counters of a version that was replaced.
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) metrics: ModelMetrics,
}

impl Repository {
    /// No model yet, those named are expected.
    pub(crate) fn expecting(names: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut order: Vec<Arc<str>> = Vec::new();
        for name in names {
            check_name(&name)?;
            if !order.iter().any(|known| **known == *name) {
                order.push(name.into());
            }
        }
        Self { order, ..Self::default() }.indexed()
    }

    /// The same with these versions of the model `name`, instead of those it has.
    pub(crate) fn with(&self, name: &str, versions: Vec<Served>) -> Result<Self, Error> {
        let mut next = self.but(name);
        if !self.names.contains_key(name) {
            next.order.push(name.into());
        }
        for mut served in versions {
            // a version that comes back goes on counting
            if let Some(metrics) = self.metrics(name, &served.version) {
                served.metrics = metrics;
            }
            next.retired.retain(|old| !(*old.name == *name && old.version == served.version));
            next.all.push(Arc::new(served));
        }
        for old in self.versions_of(name) {
            if next.all.iter().any(|new| *new.name == *name && new.version == old.version) {
                continue;
            }
            let (name, version) = (old.name.clone(), old.version.clone());
            next.retired.push(Retired { name, version, metrics: old.metrics.clone() });
        }
        let here = next.retired.iter().filter(|old| *old.name == *name).count();
        let mut surplus = here.saturating_sub(RETIRED);
        next.retired.retain(|old| {
            let drop = *old.name == *name && surplus > 0;
            surplus -= usize::from(drop);
            !drop
        });
        next.indexed()
    }

    /// The same without the model `name` and what it has counted.
    pub(crate) fn without(&self, name: &str) -> Result<Self, Error> {
        let mut next = self.but(name);
        next.order.retain(|known| **known != *name);
        next.retired.retain(|old| *old.name != *name);
        next.indexed()
    }

    /// The same with no version of the model `name`.
    fn but(&self, name: &str) -> Self {
        Self {
            order: self.order.clone(),
            all: self.all.iter().filter(|served| *served.name != *name).cloned().collect(),
            retired: self.retired.clone(),
            ..Self::default()
        }
    }

    /// Sorts the models and fills the index.
    fn indexed(mut self) -> Result<Self, Error> {
        let Self { order, all, names, .. } = &mut self;
        all.sort_by_cached_key(|served| {
            let place = order.iter().position(|name| *name == served.name);
            (place, served.version.parse::<u64>().ok(), served.version.clone())
        });
        *names = order.iter().map(|name| (name.clone(), Vec::new())).collect();
        for (at, served) in all.iter().enumerate() {
            let versions = names.entry(served.name.clone()).or_default();
            if versions
                .last()
                .and_then(|&at| all.get(at))
                .is_some_and(|m| m.version == served.version)
            {
                let (name, version) = (served.name.to_string(), served.version.to_string());
                return Err(Error::Twice { name, version });
            }
            versions.push(at);
        }
        self.only = if self.names.len() == 1 { self.all.last().cloned() } else { None };
        Ok(self)
    }

    /// The counters of a version that answers, or did.
    fn metrics(&self, name: &str, version: &str) -> Option<ModelMetrics> {
        let now = self.versions_of(name).find(|served| *served.version == *version);
        let retired =
            || self.retired.iter().find(|old| *old.name == *name && *old.version == *version);
        now.map(|served| &served.metrics).or_else(|| retired().map(|old| &old.metrics)).cloned()
    }

    /// Every version that answers.
    pub(crate) fn all(&self) -> &[Arc<Served>] {
        &self.all
    }

    /// The versions that were replaced.
    pub(crate) fn retired(&self) -> &[Retired] {
        &self.retired
    }

    /// The names of all models, also of those that are expected.
    pub(crate) fn names(&self) -> &[Arc<str>] {
        &self.order
    }

    /// The names of the models that are not there yet.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Arc<str>> {
        self.order.iter().filter(|name| self.is_missing(name))
    }

    /// True for a model that is expected and not there yet.
    pub(crate) fn is_missing(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(Vec::is_empty)
    }

    /// The versions of a model, ascending.
    pub(crate) fn versions_of(&self, name: &str) -> impl DoubleEndedIterator<Item = &Arc<Served>> {
        let at = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        at.iter().filter_map(|&at| self.all.get(at))
    }

    /// A model by name, in the version asked for or else the latest.
    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Result<&Arc<Served>, Failure> {
        let found = match version {
            None => self.versions_of(name).next_back(),
            Some(version) => self.versions_of(name).find(|served| *served.version == *version),
        };
        found.ok_or_else(|| self.not_found(name, version))
    }

    fn not_found(&self, name: &str, version: Option<&str>) -> Failure {
        if !self.names.contains_key(name) {
            return Failure::not_found(format!("there is no model `{}`", shown(name)));
        }
        if self.is_missing(name) {
            return loading(name);
        }
        let version = shown(version.unwrap_or_default());
        let known = self.versions_of(name).map(|served| &*served.version);
        Failure::not_found(format!(
            "the model `{name}` has no version `{version}`; it has {}",
            listed(known)
        ))
    }

    /// The model that a request without a name means.
    pub(crate) fn only(&self) -> Result<&Arc<Served>, Failure> {
        self.only.as_ref().ok_or_else(|| match &self.order[..] {
            [] => Failure::not_found("there is no model"),
            [name] => loading(name),
            names => Failure::invalid(format!(
                "there are several models: say which one with `?model=NAME`, of {}",
                listed(names.iter().map(|name| &**name))
            )),
        })
    }
}

/// The model is expected and not there yet.
fn loading(name: &str) -> Failure {
    let message = format!("the model `{name}` is still being loaded; try again later");
    Failure::rejected(Rejection::Loading, message)
}

/// Names in backticks, with commas between them.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A name from a request, cut short.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

fn check_name(name: &str) -> Result<(), Error> {
    let bad = |c: char| c == '/' || c.is_control() || c.is_whitespace();
    if name.is_empty() || name.contains(bad) {
        return Err(Error::Name { name: name.to_owned() });
    }
    Ok(())
}
