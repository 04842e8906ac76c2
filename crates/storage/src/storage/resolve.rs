//! From a location as it was asked for to the location that has the files.

use std::time::SystemTime;

use longshore_mlflow::ModelUri;

use super::{Revision, Storage};
use crate::{
    Error, Location, azure,
    digest::sha256,
    gs,
    hf::Repository,
    mlflow_server::{Artifacts, Resolved},
    remote::{Listing, Remote},
    s3::Prefix,
    web::Page,
};

/// Most entries of an MLflow server that are followed, each pointing at the next.
const HOPS: usize = 5;

/// Where a location's files are, once the entries of an MLflow server were followed.
pub(super) struct Source {
    pub(super) location: Location,
    resolved: Option<Resolved>,
}

impl Source {
    /// The name that a fetched model has in the cache.
    pub(super) fn key(&self, listing: &Listing, remote: &dyn Remote) -> String {
        let state = listing.state(remote.is_fixed()).unwrap_or_else(|| {
            // nothing tells this state from another, so that what is cached must never match
            format!("{:?}", SystemTime::now())
        });
        let key = sha256(format!("{remote}\n{}\n{state}", self.location).as_bytes());
        key.chars().take(32).collect()
    }

    pub(super) fn revision(&self, listing: &Listing, remote: &dyn Remote) -> Revision {
        let state = listing.state(true).unwrap_or_default();
        self.named(&format!("{remote}\n{state}"))
    }

    /// The revision as the MLflow server tells it where it does, else the state of the files.
    pub(super) fn named(&self, state: &str) -> Revision {
        match &self.resolved {
            Some(resolved) => Revision::new(&resolved.revision, resolved.version.clone()),
            None => Revision::new(&format!("{}\n{state}", self.location), None),
        }
    }
}

impl Storage {
    /// Follows entries of an MLflow server, which lead to files or to other entries.
    pub(super) fn follow(&self, location: &Location) -> Result<Source, Error> {
        let mut source = Source { location: location.clone(), resolved: None };
        for _ in 0..HOPS {
            let (next, resolved) = match &source.location {
                Location::Model(uri) => self.model(uri, location)?,
                Location::Run(uri) => {
                    let server = self.clients.mlflow_server(location)?;
                    let (place, experiment) = server.run(uri)?;
                    let place = server.locate(&place)?;
                    // a model that MLflow 3 logged is beside the run's artifacts
                    let own = self.has_files(&place, location)?;
                    let model = if own { None } else { server.model_of_run(uri, &experiment)? };
                    match model {
                        Some(model) => (server.locate(&model)?, None),
                        None => (place, None),
                    }
                }
                _ => return Ok(source),
            };
            source.location = next;
            // the first answer says which version it is, later ones only where it is
            source.resolved = source.resolved.or(resolved);
        }
        Err(Error::MlflowServer {
            server: "behind it".into(),
            reason: format!("answers `{location}` with entries that point at one another"),
        })
    }

    fn model(
        &self,
        uri: &ModelUri,
        asked: &Location,
    ) -> Result<(Location, Option<Resolved>), Error> {
        let server = self.clients.mlflow_server(asked)?;
        let resolved = server.resolve(uri)?;
        let place = server.download(uri, &resolved)?;
        Ok((server.locate(&place)?, Some(resolved)))
    }

    fn has_files(&self, place: &Location, asked: &Location) -> Result<bool, Error> {
        if let Location::Local(path) = place {
            return Ok(path.try_exists().unwrap_or(false));
        }
        let source = Source { location: place.clone(), resolved: None };
        match self.with_remote(&source, |remote| remote.list()) {
            Ok(_) => Ok(true),
            Err(Error::Missing { .. } | Error::MlflowServer { .. } | Error::Unknown { .. }) => {
                Ok(false)
            }
            Err(error) => {
                tracing::debug!(%error, "`{asked}` may be a logged model");
                Err(error)
            }
        }
    }

    pub(super) fn with_remote<T>(
        &self,
        source: &Source,
        use_it: impl FnOnce(&dyn Remote) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &source.location {
            Location::S3 { bucket, key } => {
                use_it(&Prefix { s3: &*self.clients.s3()?, bucket, key })
            }
            Location::Gs { bucket, name } => {
                use_it(&gs::Prefix { gs: &*self.clients.gs()?, bucket, name })
            }
            Location::Azure(place) => use_it(&azure::Prefix::new(&*self.clients.azure()?, place)?),
            Location::Hf { id, revision } => {
                use_it(&Repository { hf: &*self.clients.hf()?, id, revision })
            }
            Location::Web(url) => use_it(&Page::new(&self.clients.web(), &source.location, url)?),
            Location::Artifacts { path } => {
                let server = self.clients.mlflow_server(&source.location)?;
                let fixed = source.resolved.is_some();
                use_it(&Artifacts { server: &server, path, fixed })
            }
            Location::Local(_) | Location::Model(_) | Location::Run(_) => Err(Error::Location {
                uri: source.location.to_string(),
                reason: "it is not a place that files are fetched from".into(),
            }),
        }
    }
}
