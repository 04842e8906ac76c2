use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

mod clients;
mod fetch;
mod marks;
mod place;
mod resolve;

use clients::Clients;
pub use place::Placing;

use crate::{
    Config, Error, Location, Outcome, Usage,
    cache::{Cache, Lease},
    digest::sha256,
    s3::upload,
};

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

    /// The version, or the id of the logged model, that the MLflow server told.
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

/// Gets models from where they are. Blocking; usable from many threads.
#[derive(Debug)]
pub struct Storage {
    config: Arc<Config>,
    cache: Cache,
    clients: Clients,
    usage: Arc<Usage>,
}

impl Storage {
    /// A storage that has done nothing yet: no folder is made, nothing is connected.
    pub fn new(config: Config) -> Self {
        let cache = Cache::new(&config.cache_dir, config.cache_bytes);
        let config = Arc::new(config);
        let clients = Clients::new(config.clone());
        Self { config, cache, clients, usage: Arc::default() }
    }

    /// What was fetched so far.
    pub fn usage(&self) -> Arc<Usage> {
        self.usage.clone()
    }

    /// What a location points at now, without fetching it. Cheap: one or two requests for a
    /// model of an MLflow server, a listing for S3, none for a local path, which is taken to stay what it is.
    ///
    /// # Errors
    /// [`Error`].
    pub fn resolve(&self, location: &Location) -> Result<Revision, Error> {
        match location {
            Location::Local(_) => Ok(local()),
            Location::Model(uri) => {
                let resolved = self.clients.mlflow_server(location)?.resolve(uri)?;
                Ok(Revision::new(&resolved.revision, resolved.version))
            }
            _ => {
                let source = self.follow(location)?;
                self.with_remote(&source, |remote| {
                    let listing = self.list(remote)?;
                    Ok(source.revision(&listing, remote))
                })
            }
        }
    }

    /// Brings a location's files onto this machine.
    ///
    /// When the storage cannot be reached, what the same location pointed at last is taken from the
    /// cache, with a warning: a restart must not depend on the storage.
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
        let mut begun = 1;
        let fetched = loop {
            match self.fetch_remote(location) {
                Err(error @ Error::Changed { .. }) if begun < CHANGES => {
                    tracing::warn!(%error, "beginning anew");
                    begun += 1;
                }
                done => break done,
            }
        };
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
}

impl Storage {
    /// Puts a file of this machine at a location of `s3://`, where nobody sees it before it is whole.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Location`] for a kind of storage that is only read.
    pub fn put(&self, location: &Location, file: &Path) -> Result<(), Error> {
        match location {
            Location::S3 { bucket, key } if !key.is_empty() && !key.ends_with('/') => {
                upload::put(&*self.clients.s3()?, bucket, key, file)
            }
            Location::S3 { .. } => Err(Error::Location {
                uri: location.to_string(),
                reason: "it names no object: write `s3://BUCKET/KEY`".into(),
            }),
            _ => Err(Error::Location {
                uri: location.to_string(),
                reason: "files are put into `s3://` only".into(),
            }),
        }
    }
}

fn local() -> Revision {
    Revision { digest: "local".into(), version: None }
}
