//! Fetched models on disk, shared by the processes of a machine.
//!
//! ```text
//! locks/KEY       held shared by whoever uses a model, alone by whoever writes or removes it
//! partial/KEY/    a download under way, or what is left of one
//! models/KEY/     content/… and manifest.json: complete, verified, never changed
//! refs/SHA256     the key that a location had last, by the SHA-256 of the location
//! ```

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{Error, transfer::size};

mod manifest;

pub(crate) use manifest::{Entry, Manifest};

/// An interrupted download is removed when nobody went on with it for this long.
const STALE: Duration = Duration::from_hours(7 * 24);

/// The folder of fetched models.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
    budget: u64,
}

/// A model in the cache that stays there while this lives.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) manifest: Manifest,
    /// The folder of its files.
    pub(crate) content: PathBuf,
    /// The lock of the model, held shared.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is held, not looked at"))]
    lock: File,
}

/// The right to write a model.
#[derive(Debug)]
pub(crate) struct Writing<'a> {
    cache: &'a Cache,
    key: &'a str,
    lock: File,
}

/// What [`Cache::open`] found.
pub(crate) enum Found<'a> {
    /// The model.
    Here(Lease),
    /// Nothing, and nobody else will write it.
    Missing(Writing<'a>),
}

impl Cache {
    pub(crate) fn new(root: &Path, budget: u64) -> Self {
        Self { root: root.to_owned(), budget }
    }

    fn models(&self, key: &str) -> PathBuf {
        self.root.join("models").join(key)
    }

    fn partial(&self, key: &str) -> PathBuf {
        self.root.join("partial").join(key)
    }

    fn lock_file(&self, key: &str) -> Result<File, Error> {
        let folder = self.root.join("locks");
        let path = folder.join(key);
        let open = || {
            fs::create_dir_all(&folder)?;
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)
        };
        open().map_err(Error::io("failed to write the model cache at", &path))
    }

    /// Finds a model, verified. Waits while another process writes it.
    pub(crate) fn open<'a>(&'a self, key: &'a str) -> Result<Found<'a>, Error> {
        let path = self.root.join("locks").join(key);
        let failed = |error| Error::io("failed to lock", &path)(error);
        let mut waited = false;
        loop {
            let lock = self.lock_file(key)?;
            match lock.try_lock_shared() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if !waited {
                        tracing::info!(
                            "another process is fetching the same model: waiting for it"
                        );
                    }
                    waited = true;
                    lock.lock_shared().map_err(failed)?;
                }
                Err(TryLockError::Error(error)) => supported(error).map_err(failed)?,
            }
            if let Some(lease) = self.read(key, &lock)? {
                return Ok(Found::Here(lease));
            }
            let _ = lock.unlock();
            match lock.try_lock() {
                Ok(()) => {}
                // somebody else is about to write it
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
                Err(TryLockError::Error(error)) => supported(error).map_err(failed)?,
            }
            // it may have been written while the lock changed hands
            let writing = Writing { cache: self, key, lock };
            if self.models(key).join(manifest::NAME).try_exists().unwrap_or(false) {
                if self.manifest(key).is_some() {
                    drop(writing);
                    continue;
                }
                tracing::warn!("the cached model `{key}` is damaged: fetching it again");
                writing.clear()?;
            }
            return Ok(Found::Missing(writing));
        }
    }

    /// The model under a lock, when it is complete and undamaged.
    fn read(&self, key: &str, lock: &File) -> Result<Option<Lease>, Error> {
        let Some(manifest) = self.manifest(key) else { return Ok(None) };
        let _ = lock.set_modified(SystemTime::now());
        let lock = lock.try_clone().map_err(Error::io("failed to lock", self.models(key)))?;
        Ok(Some(Lease { manifest, content: self.models(key).join("content"), lock }))
    }

    /// The manifest of a model whose files are what it says.
    fn manifest(&self, key: &str) -> Option<Manifest> {
        let folder = self.models(key);
        let manifest = Manifest::read(&folder)?;
        match manifest.verify(&folder.join("content")) {
            Ok(()) => Some(manifest),
            Err(reason) => {
                tracing::warn!("the cached model `{key}`: {reason}");
                None
            }
        }
    }

    /// What a location pointed at when it was fetched last, if that is still here.
    pub(crate) fn last(&self, location: &str) -> Option<Lease> {
        let key = fs::read_to_string(self.reference(location)).ok()?;
        let lock = self.lock_file(&key).ok()?;
        lock.try_lock_shared().ok()?;
        self.read(&key, &lock).ok().flatten()
    }

    /// Notes what a location points at.
    pub(crate) fn note(&self, location: &str, key: &str) {
        let path = self.reference(location);
        let written =
            fs::create_dir_all(self.root.join("refs")).and_then(|()| fs::write(&path, key));
        if let Err(error) = written {
            tracing::debug!(%error, "the cache cannot note `{location}`");
        }
    }

    fn reference(&self, location: &str) -> PathBuf {
        self.root.join("refs").join(crate::digest::sha256(location.as_bytes()))
    }

    /// Makes room for a model of `bytes` bytes: removes what was least recently used, but neither
    /// `keep` nor what is in use. Returns the bytes that the cache then holds.
    pub(crate) fn evict(&self, bytes: u64, keep: &str) -> u64 {
        let mut all = self.residents();
        let mut used: u64 = all.iter().map(|resident| resident.bytes).sum();
        all.sort_unstable_by_key(|resident| resident.used);
        let now = SystemTime::now();
        for resident in all {
            let stale =
                resident.partial && now.duration_since(resident.used).is_ok_and(|age| age > STALE);
            if (used.saturating_add(bytes) <= self.budget && !stale) || resident.key == keep {
                continue;
            }
            let Ok(lock) = self.lock_file(&resident.key) else { continue };
            if lock.try_lock().is_err() {
                continue;
            }
            let folder = if resident.partial {
                self.partial(&resident.key)
            } else {
                self.models(&resident.key)
            };
            if remove(&folder).is_ok() {
                used = used.saturating_sub(resident.bytes);
                tracing::info!(
                    bytes = resident.bytes,
                    "removed {} of models from the cache, which were not used for longest",
                    size(resident.bytes)
                );
            }
        }
        if used.saturating_add(bytes) > self.budget {
            tracing::warn!(
                "the cache holds {} and needs {} more, above its budget of {}: everything in it is in use",
                size(used),
                size(bytes),
                size(self.budget)
            );
        }
        used
    }

    /// Everything that takes space.
    fn residents(&self) -> Vec<Resident> {
        let mut all = Vec::new();
        for (folder, partial) in [("models", false), ("partial", true)] {
            let Ok(entries) = fs::read_dir(self.root.join(folder)) else { continue };
            for entry in entries.flatten() {
                let key = entry.file_name().to_string_lossy().into_owned();
                let bytes = match Manifest::read(&entry.path()) {
                    Some(manifest) if !partial => manifest.bytes(),
                    _ => manifest::weigh(&entry.path()),
                };
                let touched = fs::metadata(self.root.join("locks").join(&key))
                    .or_else(|_| entry.metadata())
                    .and_then(|found| found.modified());
                let used = touched.unwrap_or(SystemTime::UNIX_EPOCH);
                all.push(Resident { key, bytes, used, partial });
            }
        }
        all
    }
}

#[derive(Debug)]
struct Resident {
    key: String,
    bytes: u64,
    used: SystemTime,
    partial: bool,
}

impl Writing<'_> {
    /// The folder to write into. It holds what an interrupted download left.
    pub(crate) fn folder(&self) -> Result<PathBuf, Error> {
        let folder = self.cache.partial(self.key);
        fs::create_dir_all(&folder).map_err(Error::io("failed to make", &folder))?;
        let _ = self.lock.set_modified(SystemTime::now());
        Ok(folder)
    }

    /// Throws away what was written.
    pub(crate) fn discard(&self) -> Result<(), Error> {
        let folder = self.cache.partial(self.key);
        remove(&folder).map_err(Error::io("failed to remove", folder))
    }

    fn clear(&self) -> Result<(), Error> {
        let folder = self.cache.models(self.key);
        remove(&folder).map_err(Error::io("failed to remove", folder))
    }

    /// Turns what was written into the cached model, in one step.
    pub(crate) fn publish(self, manifest: Manifest) -> Result<Lease, Error> {
        let from = self.cache.partial(self.key);
        let to = self.cache.models(self.key);
        let path = from.join(manifest::NAME);
        let publish = || {
            remove(&from.join("progress"))?;
            fs::write(&path, manifest.text())?;
            fs::create_dir_all(self.cache.root.join("models"))?;
            remove(&to)?;
            fs::rename(&from, &to)
        };
        publish().map_err(Error::io("failed to publish", &to))?;
        let lock = self.lock;
        // while this lock changes from exclusive to shared, another process may take it and remove
        // the model: then the model is fetched again
        supported_lock(&lock).map_err(Error::io("failed to lock", &to))?;
        if !to.join(manifest::NAME).try_exists().unwrap_or(false) {
            return Err(Error::Changed { what: format!("the cached model `{}`", self.key) });
        }
        Ok(Lease { manifest, content: to.join("content"), lock })
    }
}

fn supported_lock(lock: &File) -> io::Result<()> {
    lock.lock_shared().or_else(supported)
}

/// Some file systems have no locks; there a cache belongs to one process.
fn supported(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::Unsupported { Ok(()) } else { Err(error) }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests;
