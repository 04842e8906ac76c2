use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Settings;
use crate::cluster::Key;

/// The revisions that the autoscaler keeps, by the InferenceService that they are of. The controller
/// fills it in at each look at a service; clones are the same table.
#[derive(Clone, Debug, Default)]
pub struct Targets(Arc<Mutex<BTreeMap<Key, Arc<[Target]>>>>);

/// A revision that the autoscaler keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name, and that of its Deployment.
    pub revision: String,
    /// The UID of the InferenceService, by which its Events are found.
    pub uid: String,
    /// What the rule goes by.
    pub settings: Settings,
    /// True when it gets requests, or is to get them once it is ready. Without requests it goes to 0
    /// replicas, whatever its bounds say.
    pub is_reachable: bool,
    /// True when it has been ready. What never was is not put to sleep: its pod may wait for a node.
    pub has_been_ready: bool,
}

impl Targets {
    /// Says which revisions of a service are kept, in place of those before. Revisions that another
    /// autoscaler keeps, or nobody, are left out.
    pub fn set(&self, service: Key, targets: Vec<Target>) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if targets.is_empty() {
            table.remove(&service);
        } else {
            table.insert(service, targets.into());
        }
    }

    /// Leaves out all of them.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// All of them, as they are now.
    pub fn all(&self) -> Vec<(Key, Arc<[Target]>)> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.iter().map(|(service, targets)| (service.clone(), targets.clone())).collect()
    }
}
