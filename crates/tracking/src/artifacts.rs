//! The files of runs and models: where they are, and the requests that read and write them.
//!
//! A path or a location that a client names is parsed once, into [`ArtifactPath`] or [`Location`]; what
//! comes after takes no text.

mod body;
mod bucket;
mod disk;
mod download;
mod location;
mod mime;
mod multipart;
mod owned;
mod owner;
mod path;
mod presigned;
mod proxy;
mod range;
pub(crate) mod reach;
pub(crate) mod repository;
mod server_info;
mod upload;

pub(crate) use disk::UNFINISHED;
pub(crate) use location::Location;
pub(crate) use owned::files_of_run;
pub(crate) use path::ArtifactPath;
pub(crate) use repository::Repository;

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Limited};
use hyper::{HeaderMap, Response};
use longshore_mlflow::rest::ErrorCode;

use crate::{
    Caller, Error,
    operation::Level,
    reply::{Broken, Reply},
    routes::Route,
    state::State,
};

/// All routes of artifacts.
pub(crate) fn routes() -> Vec<Route> {
    [
        proxy::routes(),
        multipart::routes(),
        presigned::routes(),
        owned::routes(),
        server_info::routes(),
    ]
    .concat()
}

/// Reads a file below a folder of the archive of traces, which a server named.
///
/// # Errors
/// A refusal of what is not there, not within reach or larger than `limit` bytes, and those of the storage.
pub(crate) async fn archived(
    state: &Arc<State>,
    folder: &str,
    file: &str,
    limit: usize,
) -> Result<Bytes, Error> {
    let location = Location::parse(folder)?.join(&ArtifactPath::parse(file)?);
    let (repository, at) = reach::archived(state, &location)?;
    let response = repository.open_file(at).await?.respond(&HeaderMap::new()).await?;
    let unread = |error: Broken| {
        Error::refused(ErrorCode::InternalError, format!("`{folder}/{file}`: {error}"))
    };
    Ok(whole(response.into_body(), limit).await.map_err(unread)?.to_bytes())
}

/// A body of at most `limit` bytes. It has a type of its own, since the compiler does not see that the future of
/// [`archived`] can be sent otherwise.
fn whole(body: Reply, limit: usize) -> Whole {
    Box::pin(Limited::new(body, limit).collect())
}

/// A body that is being read.
type Whole = Pin<Box<dyn Future<Output = Result<Collected<Bytes>, Broken>> + Send>>;

/// Sends a file of a trace.
///
/// # Errors
/// A refusal of what is not there or not within reach, and those of the storage.
pub(crate) async fn send_of_trace(
    state: &Arc<State>,
    caller: Caller,
    trace_id: &str,
    path: &ArtifactPath,
    headers: &HeaderMap,
) -> Result<Response<Reply>, Error> {
    let owner = owner::Owner::Trace(trace_id.to_owned());
    let found = owned::locate(state, caller, owner, Level::Read).await?;
    let (repository, at) =
        reach::reach(state, &found.location.join(path), found.chosen.as_deref())?;
    repository.open_file(at).await?.respond(headers).await
}
