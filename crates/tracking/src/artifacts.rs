//! The files of runs and models: where they are, and the requests that read and write them.
//!
//! A path or a location that a client names is parsed once, into [`ArtifactPath`] or [`Location`]; what
//! comes after takes no text.

mod body;
mod disk;
mod download;
mod mime;
mod path;
mod proxy;
mod range;
pub(crate) mod repository;
mod server_info;
mod upload;

pub(crate) use path::ArtifactPath;
pub(crate) use repository::Repository;

use crate::routes::Route;

/// All routes of artifacts.
pub(crate) fn routes() -> Vec<Route> {
    [proxy::routes(), server_info::routes()].concat()
}
