//! What the operator remembers of services between two looks. Nothing of it is needed: another
//! operator goes on without.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{revisions::Made, rolling::Progress};
use crate::{build::Secret, cluster::Key};

/// How long what was made is taken to be there although no watch shows it.
const MADE: Duration = Duration::from_secs(20);

/// How long the keys of a Secret are taken to be what they were.
const SECRET: Duration = Duration::from_secs(30);

/// How often everything is applied again, against changes by others.
const AGAIN: Duration = Duration::from_mins(30);

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    services: Mutex<HashMap<Key, Service>>,
    secrets: Mutex<HashMap<Key, (Instant, SecretRead)>>,
    /// Whether namespaces let their models use a warm pool.
    namespaces: Mutex<HashMap<String, (Instant, bool)>>,
}

/// A Secret that was asked for.
#[derive(Clone, Debug)]
pub(crate) enum SecretRead {
    /// It is there.
    Found(Secret),
    /// There is none of that name.
    Missing,
}

/// What is remembered of one service.
#[derive(Debug, Default)]
struct Service {
    made: HashMap<String, (Instant, Made)>,
    applied: Option<Instant>,
    asked: Option<Instant>,
    /// By revision.
    rollouts: HashMap<String, (Instant, Progress)>,
}

impl Memory {
    fn with<T>(&self, key: &Key, act: impl FnOnce(&mut Service) -> T) -> T {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        act(services.entry(key.clone()).or_default())
    }

    /// Forgets a service that is gone.
    pub(crate) fn forget(&self, key: &Key) {
        self.services.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// The revision that was made for an object a moment ago and that watches do not show yet.
    pub(crate) fn made(
        &self,
        key: &Key,
        object: &str,
        is_seen: impl FnOnce(&str) -> bool,
    ) -> Option<Made> {
        self.with(key, |service| {
            let (at, made) = service.made.get(object)?;
            if at.elapsed() < MADE && !is_seen(&made.name) {
                return Some(made.clone());
            }
            // what was seen and is gone later is gone
            service.made.remove(object);
            None
        })
    }

    /// A revision was made.
    pub(crate) fn make(&self, key: &Key, object: &str, made: Made) {
        self.with(key, |service| service.made.insert(object.to_owned(), (Instant::now(), made)));
    }

    /// True when everything of a service is to be applied, whatever it is.
    pub(crate) fn applies_all(&self, key: &Key) -> bool {
        self.with(key, |service| service.applied.is_none_or(|at| at.elapsed() > AGAIN))
    }

    /// Everything of a service was applied.
    pub(crate) fn applied_all(&self, key: &Key) {
        self.with(key, |service| service.applied = Some(Instant::now()));
    }

    /// Since when the gateways are asked for the present traffic of a service.
    pub(crate) fn asked(&self, key: &Key) -> Instant {
        self.with(key, |service| *service.asked.get_or_insert_with(Instant::now))
    }

    /// The gateways need not be asked any more, or for something else.
    pub(crate) fn answered(&self, key: &Key) {
        self.with(key, |service| service.asked = None);
    }

    /// How far the rollout of a revision was a moment ago. What is older, another operator may know
    /// better, and it stands with the revision.
    pub(crate) fn rollout(&self, key: &Key, revision: &str) -> Option<Progress> {
        self.with(key, |service| {
            let (at, progress) = service.rollouts.get(revision)?;
            (at.elapsed() < MADE).then(|| progress.clone())
        })
    }

    /// How far a rollout is.
    pub(crate) fn keep_rollout(&self, key: &Key, progress: Progress) {
        self.with(key, |service| {
            service.rollouts.retain(|_, (at, _)| at.elapsed() < MADE);
            service.rollouts.insert(progress.revision.clone(), (Instant::now(), progress));
        });
    }

    /// What was read a moment ago when a Secret was asked for.
    pub(crate) fn secret(&self, key: &Key) -> Option<SecretRead> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, read) = secrets.get(key)?;
        (at.elapsed() < SECRET).then(|| read.clone())
    }

    /// A Secret was read.
    pub(crate) fn keep_secret(&self, key: Key, read: SecretRead) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.retain(|_, (at, _)| at.elapsed() < SECRET);
        secrets.insert(key, (Instant::now(), read));
    }

    /// Whether a namespace was found a moment ago to let its models use a warm pool.
    pub(crate) fn lets_pool(&self, namespace: &str) -> Option<bool> {
        let namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, lets) = namespaces.get(namespace)?;
        (at.elapsed() < SECRET).then_some(*lets)
    }

    /// A namespace was read.
    pub(crate) fn keep_lets_pool(&self, namespace: &str, lets: bool) {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        namespaces.retain(|_, (at, _)| at.elapsed() < SECRET);
        namespaces.insert(namespace.to_owned(), (Instant::now(), lets));
    }
}
