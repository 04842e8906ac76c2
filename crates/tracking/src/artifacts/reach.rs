//! From a location to what keeps its files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use longshore_mlflow::rest::ErrorCode;

use super::{ArtifactPath, Location, Repository, disk::Disk};
use crate::{
    Error,
    state::{Settings, State},
};

/// The repository and the path at a location. A file of this machine is within reach only below the
/// server's own folders, and below `chosen`, the folder that a server chose for the experiment whose files
/// are asked for: other locations are what any client says.
///
/// # Errors
/// A refusal of what the server must not or cannot read.
pub(super) fn reach(
    state: &Arc<State>,
    location: &Location,
    chosen: Option<&Path>,
) -> Result<(Repository, ArtifactPath), Error> {
    match location {
        Location::Proxied(path) => Ok((served(state)?.clone(), path.clone())),
        Location::Disk(place) => {
            let of_experiment = || Some((chosen?.to_owned(), below(chosen?, place)?));
            let found = root(&state.settings, place).or_else(of_experiment);
            let (root, path) = found.ok_or_else(beyond)?;
            Ok((Repository::Disk(Disk::new(root)), path))
        }
        Location::Bucket { place, key } => {
            let own = [&state.artifacts, &state.root].into_iter().flatten();
            let mut buckets = own.filter_map(|repository| match repository {
                Repository::Bucket(bucket) => Some((repository.clone(), bucket.below(place, key)?)),
                Repository::Disk(_) => None,
            });
            buckets.next().ok_or_else(beyond)
        }
        Location::Run(..) => Err(Error::invalid("a run cannot keep its artifacts in a run")),
        Location::Elsewhere(scheme) => Err(Error::refused(
            ErrorCode::NotImplemented,
            format!("the server cannot read `{scheme}` locations; read them with the client"),
        )),
    }
}

/// As [`reach`], of the archive of traces, which has a location of its own.
///
/// # Errors
/// As [`reach`].
pub(super) fn archived(
    state: &Arc<State>,
    location: &Location,
) -> Result<(Repository, ArtifactPath), Error> {
    let found = match (&state.archive, location) {
        (Some(Repository::Disk(disk)), Location::Disk(place)) => {
            below(disk.root(), place).map(|path| (Repository::Disk(disk.clone()), path))
        }
        (Some(Repository::Bucket(bucket)), Location::Bucket { place, key }) => {
            bucket.below(place, key).map(|path| (Repository::Bucket(bucket.clone()), path))
        }
        _ => None,
    };
    found.map_or_else(|| reach(state, location, None), Ok).map_err(|error| match error {
        Error::Refused { code: ErrorCode::PermissionDenied, .. } => {
            let words = "the archive of these spans is not one that the server knows; start it with the `--trace-archival-config` that the spans were archived by";
            Error::refused(ErrorCode::PermissionDenied, words)
        }
        error => error,
    })
}

/// The folder of the server that a place of this machine is below, and its path there.
pub(crate) fn root(settings: &Settings, place: &Path) -> Option<(PathBuf, ArtifactPath)> {
    roots(settings).find_map(|root| match root {
        Location::Disk(root) => below(&root, place).map(|path| (root, path)),
        _ => None,
    })
}

fn roots(settings: &Settings) -> impl Iterator<Item = Location> {
    let roots = [Some(settings.artifact_root.as_str()), settings.artifacts_destination.as_deref()];
    roots.into_iter().flatten().filter_map(|it| Location::parse(it).ok())
}

/// The path of a location among the artifacts of the server, when it is one of those.
pub(crate) fn own(settings: &Settings, location: &Location) -> Option<ArtifactPath> {
    match location {
        Location::Proxied(path) => Some(path.clone()),
        Location::Disk(place) => root(settings, place).map(|(_, path)| path),
        Location::Bucket { place, key } => roots(settings).find_map(|root| match root {
            Location::Bucket { place: own, key: prefix } if own == *place => key.below(&prefix),
            _ => None,
        }),
        Location::Run(..) | Location::Elsewhere(_) => None,
    }
}

/// The repository of the proxy.
///
/// # Errors
/// [`Error::NotServed`].
pub(super) fn served(state: &State) -> Result<&Repository, Error> {
    state.artifacts.as_ref().ok_or(Error::NotServed)
}

/// The path of a place below a root, when it is there.
fn below(root: &Path, place: &Path) -> Option<ArtifactPath> {
    let rest = place.strip_prefix(root).ok()?.to_str()?;
    ArtifactPath::parse(rest).ok()
}

fn beyond() -> Error {
    let words = "these artifacts are not below the artifact root or the artifacts destination of the server; read them at their location, or start the server with `--default-artifact-root` or `--artifacts-destination` above it";
    Error::refused(ErrorCode::PermissionDenied, words)
}
