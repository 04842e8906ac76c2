use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use longshore_serve::Catalog as _;
use longshore_storage::Fingerprint;

use super::Catalog;
use crate::storage::{
    follow::{SETTLE, Shared},
    schedule::Task,
    trouble::Trouble,
};

/// Longest time between looks that many models bring about.
const UNHURRIED: Duration = Duration::from_secs(30);

/// Looks from time to time which models of the folders are new, changed or gone.
pub(crate) struct Watch {
    catalog: Arc<Catalog>,
    shared: Shared,
    known: HashSet<String>,
    /// Models whose change may be half done, with what was seen last.
    settling: HashMap<String, Fingerprint>,
    /// Why the folders could not be read.
    trouble: Trouble,
}

impl Watch {
    pub(crate) fn new(catalog: Arc<Catalog>, shared: &Shared) -> Self {
        let known = catalog.names().unwrap_or_default().into_iter().collect();
        Self {
            catalog,
            shared: shared.clone(),
            known,
            settling: HashMap::new(),
            trouble: Trouble::default(),
        }
    }

    fn look(&mut self) -> Result<()> {
        let now: HashSet<String> = self.catalog.names()?.into_iter().collect();
        let gone: Vec<String> = self.known.difference(&now).cloned().collect();
        for name in gone {
            tracing::info!(model = name, "model `{name}` is gone from its folder");
            self.shared.models.remove(&name);
            self.known.remove(&name);
            self.settling.remove(&name);
        }
        for name in now {
            if self.is_asleep(&name) {
                self.settling.remove(&name);
                continue;
            }
            let Some(Ok(seen)) = self.catalog.fingerprint(&name) else { continue };
            if self.is_settled(&name, seen) {
                self.take(&name, seen);
            }
        }
        Ok(())
    }

    /// Whether a model is known and not loaded: it is read when somebody asks for it.
    fn is_asleep(&self, name: &str) -> bool {
        let models = &self.shared.models;
        self.known.contains(name) && !models.answers(name) && !models.has_failed(name)
    }

    /// Whether a model is to be loaded anew: it has changed since it was read, and has stayed the same
    /// since the last look.
    fn is_settled(&mut self, name: &str, seen: Fingerprint) -> bool {
        let is_known = self.known.contains(name);
        if is_known && self.catalog.last_read(name) == Some(seen) {
            self.settling.remove(name);
            return false;
        }
        if self.settling.insert(name.to_owned(), seen) == Some(seen) {
            self.settling.remove(name);
            return true;
        }
        false
    }

    fn take(&mut self, name: &str, seen: Fingerprint) {
        let models = &self.shared.models;
        if self.known.insert(name.to_owned()) {
            tracing::info!(model = name, "model `{name}` is new; the first request loads it");
        }
        if !models.answers(name) {
            return models.know(name);
        }
        tracing::info!(model = name, "model `{name}` has changed: loading {seen}");
        let loaded = match self.catalog.find(name) {
            Ok(Some(source)) => models.load(source).map_err(|error| error.to_string()),
            Ok(None) => return,
            Err(reason) => Err(reason),
        };
        if let Err(error) = loaded {
            tracing::error!(model = name, "the change is not taken, what was there stays: {error}");
        }
    }
}

impl Task for Watch {
    fn step(&mut self) -> Option<Duration> {
        if self.shared.drain.has_begun() {
            return None;
        }
        let begun = Instant::now();
        match self.look() {
            Ok(()) if self.trouble.is_over() => tracing::info!("the models are found again"),
            Ok(()) => {}
            Err(error) => {
                let reason = format!("{error:#}");
                if self.trouble.is_new(&reason) {
                    tracing::warn!("the models stay what they are: {reason}");
                }
            }
        }
        // folders of many models are looked at less often, so that looking takes a hundredth of the time at most
        let poll = self.shared.poll;
        let poll = poll.max((begun.elapsed() * 100).min(UNHURRIED));
        Some(if self.settling.is_empty() { poll } else { SETTLE.min(poll) })
    }
}
