//! A request whose route is known.

use hyper::http::request::Parts;
use longshore_daemon::server::Body;

use crate::Caller;

/// A request on its way to its answer.
pub(crate) struct Asked {
    /// Its head.
    pub(crate) head: Parts,
    /// Its body.
    pub(crate) body: Body,
    /// The fields that its path names, decoded.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Who asks.
    pub(crate) caller: Caller,
}
