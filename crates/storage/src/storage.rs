use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use longshore_mlflow::ModelUri;

use crate::{
    Config, Error, Location, Outcome, Usage,
    archive::{self, Form},
    cache::{Cache, Entry, Found, Lease, Manifest},
    digest::{Checks, sha256},
    registry::{Artifacts, Registry, Resolved},
    remote::{Listing, Remote},
    s3::{Prefix, S3},
    transfer::{Done, Transfer, size},
    web::{Page, Web},
};

/// Most registry entries that may point at one another.
const HOPS: usize = 5;

/// How often files that change while they are fetched are begun anew.
const CHANGES: usize = 3;

/// What a location points at: equal revisions are equal files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    digest: String,
    version: Option<String>,
}

impl Revision {
    fn new(text: &str, version: Option<String>) -> Self {
        let digest = sha256(text.as_bytes());
        Self { digest: digest.chars().take(16).collect(), version }
    }

    /// The version or logged model that a registry knows it as.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "version {version}"),
            None => write!(f, "revision {}", self.digest),
        }
    }
}

/// A model on this machine. What is in the cache stays there while this lives.
#[derive(Debug)]
pub struct Fetched {
    path: PathBuf,
    revision: Revision,
    bytes: u64,
    outcome: Outcome,
    _lease: Option<Lease>,
}

impl Fetched {
    /// The model's folder or file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the location pointed at.
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// Bytes of its files; 0 for a model that was on this machine before.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether anything was downloaded.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

/// Clients of the kinds of storage, each made when it is first needed.
#[derive(Debug, Default)]
struct Clients {
    s3: Option<Arc<S3>>,
    registry: Option<Arc<Registry>>,
    web: Option<Arc<Web>>,
}

/// Where a location's files are, registry entries followed.
struct Source {
    location: Location,
    resolved: Option<Resolved>,
}

/// Gets models from where they are. Blocking; usable from many threads.
#[derive(Debug)]
pub struct Storage {
    config: Config,
    cache: Cache,
    clients: Mutex<Clients>,
    usage: Arc<Usage>,
}

impl Storage {
    /// A storage that has done nothing yet: no folder is made, nothing is connected.
    pub fn new(config: Config) -> Self {
        let cache = Cache::new(&config.cache_dir, config.cache_bytes);
        Self { config, cache, clients: Mutex::default(), usage: Arc::default() }
    }

    /// What was fetched so far.
    pub fn usage(&self) -> Arc<Usage> {
        self.usage.clone()
    }

    /// What a location points at now, without fetching it. Cheap: one or two requests for a
    /// registry, a listing for S3, none for a local path, which is taken to stay what it is.
    ///
    /// # Errors
    /// [`Error`].
    pub fn resolve(&self, location: &Location) -> Result<Revision, Error> {
        match location {
            Location::Local(_) => Ok(local()),
            Location::Model(uri) => {
                let resolved = self.registry(location)?.resolve(uri)?;
                Ok(Revision::new(&resolved.revision, resolved.version))
            }
            _ => {
                let source = self.follow(location)?;
                self.with_remote(&source, |remote| {
                    let listing = remote.list()?;
                    Ok(Self::revision(&source, &listing, remote))
                })
            }
        }
    }

    /// Brings a location's files onto this machine.
    ///
    /// When the storage cannot be reached, what the same location pointed at last is taken from the
    /// cache, with a warning: a restart must not depend on it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn fetch(&self, location: &Location) -> Result<Fetched, Error> {
        if let Location::Local(path) = location {
            let (path, revision) = (path.clone(), local());
            return Ok(Fetched {
                path,
                revision,
                bytes: 0,
                outcome: Outcome::Cached,
                _lease: None,
            });
        }
        let fetched = (0..CHANGES)
            .find_map(|turn| match self.remote(location) {
                Err(error @ Error::Changed { .. }) if turn + 1 < CHANGES => {
                    tracing::warn!(%error, "beginning anew");
                    None
                }
                done => Some(done),
            })
            .unwrap_or_else(|| self.remote(location));
        let fetched = match fetched {
            Err(error @ Error::Unavailable { .. }) => match self.last(location) {
                Some(fetched) => {
                    tracing::warn!(
                        %error,
                        "`{location}` cannot be asked for: taking what it was last, {}",
                        fetched.revision
                    );
                    Ok(fetched)
                }
                None => Err(error),
            },
            fetched => fetched,
        };
        let outcome = fetched.as_ref().map_or(Outcome::Failed, Fetched::outcome);
        self.usage.ended(location.scheme(), outcome);
        fetched
    }

    fn remote(&self, location: &Location) -> Result<Fetched, Error> {
        let source = self.follow(location)?;
        if let Location::Local(path) = &source.location {
            let revision = Self::named(&source, "");
            let (path, outcome) = (path.clone(), Outcome::Cached);
            return Ok(Fetched { path, revision, bytes: 0, outcome, _lease: None });
        }
        self.with_remote(&source, |remote| self.download(location, &source, remote))
    }

    /// Registry entries lead to files, or to other entries.
    fn follow(&self, location: &Location) -> Result<Source, Error> {
        let mut source = Source { location: location.clone(), resolved: None };
        for _ in 0..HOPS {
            let (next, resolved) = match &source.location {
                Location::Model(uri) => self.model(uri, location)?,
                Location::Run(uri) => {
                    let registry = self.registry(location)?;
                    let (place, experiment) = registry.run(uri)?;
                    let place = registry.locate(&place)?;
                    // a model that MLflow 3 logged is beside the run's artifacts
                    let own = self.has_files(&place, location)?;
                    let model = if own { None } else { registry.model_of_run(uri, &experiment)? };
                    match model {
                        Some(model) => (registry.locate(&model)?, None),
                        None => (place, None),
                    }
                }
                _ => return Ok(source),
            };
            source.location = next;
            // the first answer says which version it is, later ones only where it is
            source.resolved = source.resolved.or(resolved);
        }
        Err(Error::Registry {
            server: "behind it".into(),
            reason: format!("answers `{location}` with entries that point at one another"),
        })
    }

    fn model(
        &self,
        uri: &ModelUri,
        asked: &Location,
    ) -> Result<(Location, Option<Resolved>), Error> {
        let registry = self.registry(asked)?;
        let resolved = registry.resolve(uri)?;
        let place = registry.download(uri, &resolved)?;
        Ok((registry.locate(&place)?, Some(resolved)))
    }

    fn has_files(&self, place: &Location, asked: &Location) -> Result<bool, Error> {
        if let Location::Local(path) = place {
            return Ok(path.try_exists().unwrap_or(false));
        }
        let source = Source { location: place.clone(), resolved: None };
        match self.with_remote(&source, |remote| remote.list()) {
            Ok(_) => Ok(true),
            Err(Error::Missing { .. } | Error::Registry { .. }) => Ok(false),
            Err(error) => {
                tracing::debug!(%error, "`{asked}` may be a logged model");
                Err(error)
            }
        }
    }

    fn with_remote<T>(
        &self,
        source: &Source,
        use_it: impl FnOnce(&dyn Remote) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &source.location {
            Location::S3 { bucket, key } => use_it(&Prefix { s3: &*self.s3()?, bucket, key }),
            Location::Web(url) => use_it(&Page::new(&self.web(), &source.location, url)?),
            Location::Artifacts { path } => {
                let registry = self.registry(&source.location)?;
                let fixed = source.resolved.is_some();
                use_it(&Artifacts { registry: &registry, path, fixed })
            }
            Location::Local(_) | Location::Model(_) | Location::Run(_) => Err(Error::Location {
                uri: source.location.to_string(),
                reason: "it is not a place that files are fetched from".into(),
            }),
        }
    }

    fn download(
        &self,
        asked: &Location,
        source: &Source,
        remote: &dyn Remote,
    ) -> Result<Fetched, Error> {
        let listing = remote.list()?;
        let bytes = listing.bytes();
        if bytes > self.config.cache_bytes {
            return Err(Error::Limit {
                what: format!("`{asked}` ({bytes} bytes)"),
                limit: format!("{} bytes of the cache", self.config.cache_bytes),
                flag: "; raise it with `--cache-bytes`",
            });
        }
        let revision = Self::revision(source, &listing, remote);
        let key = Self::key(source, &listing, remote);
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

    /// Unpacks an archive; gives the model's place below the content, and its files.
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
        let Some(form) = Form::of(&name) else {
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
        archive::unpack(form, &content.join(&name), &unpacked, self.config.limits, &what)?;
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

    fn last(&self, location: &Location) -> Option<Fetched> {
        let lease = self.cache.last(&location.to_string())?;
        let revision = Revision {
            digest: lease.manifest.revision.clone(),
            version: lease.manifest.version.clone(),
        };
        Some(Self::fetched(lease, revision, Outcome::Cached))
    }

    /// The name that a fetched model has in the cache.
    fn key(source: &Source, listing: &Listing, remote: &dyn Remote) -> String {
        let state = listing.state(remote.is_fixed()).unwrap_or_else(|| {
            // nothing would tell another state from this one: what is cached is never right
            format!("{:?}", SystemTime::now())
        });
        let key = sha256(format!("{remote}\n{}\n{state}", source.location).as_bytes());
        key.chars().take(32).collect()
    }

    fn revision(source: &Source, listing: &Listing, remote: &dyn Remote) -> Revision {
        let state = listing.state(true).unwrap_or_default();
        Self::named(source, &format!("{remote}\n{state}"))
    }

    /// A registry's own words where there are some, else the state of the files.
    fn named(source: &Source, state: &str) -> Revision {
        match &source.resolved {
            Some(resolved) => Revision::new(&resolved.revision, resolved.version.clone()),
            None => Revision::new(&format!("{}\n{state}", source.location), None),
        }
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn s3(&self) -> Result<Arc<S3>, Error> {
        let mut clients = self.clients();
        if let Some(client) = &clients.s3 {
            return Ok(client.clone());
        }
        let client = Arc::new(S3::new(&self.config)?);
        clients.s3 = Some(client.clone());
        Ok(client)
    }

    fn registry(&self, asked: &Location) -> Result<Arc<Registry>, Error> {
        let mut clients = self.clients();
        if let Some(client) = &clients.registry {
            return Ok(client.clone());
        }
        let client = Arc::new(Registry::new(&self.config, asked)?);
        clients.registry = Some(client.clone());
        Ok(client)
    }

    fn web(&self) -> Arc<Web> {
        let mut clients = self.clients();
        clients.web.get_or_insert_with(|| Arc::new(Web::new(&self.config))).clone()
    }
}

fn local() -> Revision {
    Revision { digest: "local".into(), version: None }
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
