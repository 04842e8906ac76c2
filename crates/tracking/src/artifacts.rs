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

use std::sync::Arc;

use hyper::{HeaderMap, Response};

use crate::{Caller, Error, operation::Level, reply::Reply, routes::Route, state::State};

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
