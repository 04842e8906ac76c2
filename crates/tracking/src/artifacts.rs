//! The files of runs and models: where they are, and the requests that read and write them.
//!
//! A path or a location that a client names is parsed once, into [`ArtifactPath`] or [`Location`]; what
//! comes after takes no text.

mod body;
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
mod s3;
mod server_info;
mod upload;

pub(crate) use location::Location;
pub(crate) use owned::files_of_run;
pub(crate) use path::ArtifactPath;
pub(crate) use repository::Repository;

use crate::routes::Route;

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
