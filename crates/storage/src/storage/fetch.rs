//! From the remote that has the files to a folder of the cache.

use std::{path::Path, time::Instant};

use super::{Fetched, Revision, Storage, resolve::Source};
use crate::{
    Error, Location, Outcome,
    archive::{self, ArchiveKind},
    cache::{Entry, Found, Lease, Manifest},
    digest::Checks,
    patterns::Patterns,
    remote::{Listing, Remote},
    transfer::{Done, Transfer, size},
};

impl Storage {
    /// Fetches what the location points at now.
    pub(super) fn fetch_remote(&self, location: &Location) -> Result<Fetched, Error> {
        let source = self.follow(location)?;
        if let Location::Local(path) = &source.location {
            let revision = source.named("");
            let (path, outcome) = (path.clone(), Outcome::Cached);
            return Ok(Fetched { path, revision, bytes: 0, outcome, _lease: None });
        }
        self.with_remote(&source, |remote| self.download(location, &source, remote))
    }

    /// The files that are wanted.
    pub(super) fn list(&self, remote: &dyn Remote) -> Result<Listing, Error> {
        Patterns::of(&self.config.environment).sift(remote.list()?, &remote.to_string())
    }

    fn download(
        &self,
        asked: &Location,
        source: &Source,
        remote: &dyn Remote,
    ) -> Result<Fetched, Error> {
        let listing = self.list(remote)?;
        let bytes = listing.bytes();
        if bytes > self.config.cache_bytes {
            return Err(Error::Limit {
                what: format!("`{asked}` ({bytes} bytes)"),
                limit: format!("{} bytes of the cache", self.config.cache_bytes),
                flag: "; raise it with `--cache-bytes`",
            });
        }
        let revision = source.revision(&listing, remote);
        let key = source.key(&listing, remote);
        let writing = match self.cache.open(&key)? {
            Found::Here(lease) => {
                tracing::info!(
                    "`{asked}` is in the cache: {revision}, {}",
                    size(lease.manifest.bytes())
                );
                self.cache.note(&asked.to_string(), &key);
                self.usage.cached(self.cache.evict(0, &key));
                return Ok(Self::fetched(lease, revision, Outcome::Cached));
            }
            Found::Missing(writing) => writing,
        };
        self.cache.evict(bytes, &key);
        let begun = Instant::now();
        let files = listing.objects.len();
        tracing::info!(
            bytes,
            files,
            "fetching `{asked}`: {revision}, {files} files, {}",
            size(bytes)
        );
        let folder = writing.folder()?;
        let transfer = Transfer {
            remote,
            folder: &folder,
            concurrency: self.config.concurrency,
            part: self.config.part_bytes,
            retry: self.config.retry,
            limit: self.config.cache_bytes,
        };
        let done = match transfer.run(&listing.objects) {
            Err(error @ (Error::Changed { .. } | Error::Corrupt { .. })) => {
                writing.discard()?;
                return Err(error);
            }
            done => done?,
        };
        self.usage.received(source.location.scheme(), done.received);
        let (root, files) = self.arrange(&folder, &listing, done.files, &source.location)?;
        let manifest = Manifest {
            location: asked.to_string(),
            version: revision.version.clone(),
            revision: revision.digest.clone(),
            root,
            files,
        };
        let lease = writing.publish(manifest)?;
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(
            bytes = done.received,
            milliseconds = (seconds * 1000.0) as u64,
            "fetched `{asked}`: {} in {seconds:.2} s",
            size(done.received)
        );
        self.cache.note(&asked.to_string(), &key);
        self.usage.cached(self.cache.evict(0, &key));
        Ok(Self::fetched(lease, revision, Outcome::Fetched))
    }

    /// Unpacks an archive; returns the model's path below the content, and its files.
    fn arrange(
        &self,
        folder: &Path,
        listing: &Listing,
        done: Vec<Done>,
        location: &Location,
    ) -> Result<(String, Vec<Entry>), Error> {
        let entry = |done: Done| Entry { path: done.path, size: done.size, sha256: done.sha256 };
        let content = folder.join("content");
        let only = done.first().filter(|_| listing.is_file).map(|done| done.path.clone());
        let Some(name) = only else {
            return Ok((String::new(), done.into_iter().map(entry).collect()));
        };
        let kind = if self.config.unpack {
            ArchiveKind::of_file(&name, &content.join(&name))?
        } else {
            None
        };
        let Some(kind) = kind else {
            return Ok((name, done.into_iter().map(entry).collect()));
        };
        let unpacked = folder.join("unpacked");
        match std::fs::remove_dir_all(&unpacked) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("failed to unpack", &unpacked)(error));
            }
            _ => {}
        }
        let what = format!("`{location}`");
        archive::unpack(kind, &content.join(&name), &unpacked, self.config.limits, &what)?;
        std::fs::remove_dir_all(&content).map_err(Error::io("failed to unpack", &content))?;
        std::fs::rename(&unpacked, &content).map_err(Error::io("failed to unpack", &content))?;
        let mut files = Vec::new();
        entries(&content, "", &mut files)?;
        Ok((archive::only_folder(&content).unwrap_or_default(), files))
    }

    fn fetched(lease: Lease, revision: Revision, outcome: Outcome) -> Fetched {
        let path = if lease.manifest.root.is_empty() {
            lease.content.clone()
        } else {
            lease.content.join(&lease.manifest.root)
        };
        Fetched { path, revision, bytes: lease.manifest.bytes(), outcome, _lease: Some(lease) }
    }

    /// What the location pointed at when it was last asked for.
    pub(super) fn last(&self, location: &Location) -> Option<Fetched> {
        let lease = self.cache.last(&location.to_string())?;
        let revision = Revision {
            digest: lease.manifest.revision.clone(),
            version: lease.manifest.version.clone(),
        };
        Some(Self::fetched(lease, revision, Outcome::Cached))
    }
}

/// The files below a folder, with their digests.
fn entries(folder: &Path, prefix: &str, all: &mut Vec<Entry>) -> Result<(), Error> {
    let failed = || Error::io("failed to read", folder);
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let found = entry.metadata().map_err(failed())?;
        if found.is_dir() {
            entries(&entry.path(), &format!("{name}/"), all)?;
        } else {
            let sha256 = Checks::default().verify(&entry.path(), &name)?;
            all.push(Entry { path: name, size: found.len(), sha256 });
        }
    }
    Ok(())
}
