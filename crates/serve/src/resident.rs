//! What was loaded on demand and takes memory, in the order in which it was last used.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// What is resident, and how much may be.
#[derive(Debug)]
pub(crate) struct Resident {
    /// Most bytes; one model alone may take more.
    budget: u64,
    bytes: u64,
    /// By name: the bytes of a model, and the time of its last known use.
    models: HashMap<Arc<str>, (u64, u64)>,
    /// The same by time. A use is noticed only when the model is about to go: the model then gets a
    /// later time.
    order: BTreeSet<(u64, Arc<str>)>,
}

impl Resident {
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, bytes: 0, models: HashMap::new(), order: BTreeSet::new() }
    }

    /// A model was loaded, or replaced by another one of its name.
    pub(crate) fn put(&mut self, name: &Arc<str>, bytes: u64, used: u64) {
        self.remove(name);
        self.bytes += bytes;
        self.models.insert(name.clone(), (bytes, used));
        self.order.insert((used, name.clone()));
    }

    /// A model is gone.
    pub(crate) fn remove(&mut self, name: &str) {
        let Some((name, (bytes, used))) = self.models.remove_entry(name) else { return };
        self.bytes -= bytes;
        self.order.remove(&(used, name));
    }

    /// The model that has to go next, never `keep`; `None` when the budget is kept. `used` tells when a
    /// model was last used.
    pub(crate) fn surplus(
        &mut self,
        used: impl Fn(&str) -> Option<u64>,
        keep: &str,
    ) -> Option<Arc<str>> {
        while self.bytes > self.budget {
            let (seen, name) = self.order.iter().find(|(_, name)| **name != *keep)?.clone();
            let used = used(&name).unwrap_or(seen);
            if used <= seen {
                return Some(name);
            }
            let bytes = self.models.get(&name).map_or(0, |(bytes, _)| *bytes);
            self.put(&name, bytes, used);
        }
        None
    }

    /// Bytes of what is there.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Repository;

    fn used_in(models: &Repository) -> impl Fn(&str) -> Option<u64> {
        |name| models.entry(name).map(|entry| entry.used())
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let names: Vec<Arc<str>> = ["a", "b", "c", "d"].map(Arc::from).to_vec();
        let mut models = Repository::default();
        for name in &names {
            models.know(name, true);
        }
        let mut resident = Resident::new(30);
        for (at, name) in names.iter().take(3).enumerate() {
            resident.put(name, 10, at as u64);
        }
        assert_eq!(resident.surplus(used_in(&models), "c"), None);
        // a request for the oldest, seen only now
        assert!(models.find("a", None).is_err());
        resident.put(&names[3], 10, 9);
        assert_eq!(resident.surplus(used_in(&models), "d").as_deref(), Some("b"));
        resident.remove("b");
        assert_eq!((resident.bytes(), resident.surplus(used_in(&models), "d")), (30, None));
        resident.put(&names[3], 100, 10);
        assert_eq!(resident.surplus(used_in(&models), "d").as_deref(), Some("c"));
        resident.remove("c");
        assert_eq!(resident.surplus(used_in(&models), "d").as_deref(), Some("a"));
        resident.remove("a");
        // a model alone may be larger than the budget
        assert_eq!((resident.bytes(), resident.surplus(used_in(&models), "d")), (100, None));
    }
}
