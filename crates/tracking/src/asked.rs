//! A request whose route is known.

use std::sync::{Arc, OnceLock};

use hyper::http::request::Parts;
use longshore_daemon::server::Body;

use crate::Caller;

/// What a request does, once it is known.
#[derive(Debug)]
pub(crate) struct Deed {
    /// Whether it changes anything.
    pub(crate) changes: bool,
    /// What it is about.
    pub(crate) object: String,
}

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
    /// What it does, for the audit log.
    pub(crate) deed: Arc<OnceLock<Deed>>,
}
