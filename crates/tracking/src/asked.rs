//! A request whose route is known.

use std::sync::{Arc, OnceLock};

use hyper::http::request::Parts;
use longshore_daemon::server::Body;

use crate::{Caller, operation::Access};

/// What a request does, once it is known.
#[derive(Debug)]
pub(crate) struct Deed {
    /// Whether it changes anything.
    pub(crate) changes: bool,
    /// What it is about.
    pub(crate) object: String,
}

/// Where a request notes what it does, for the audit log; nowhere when nobody reads it.
#[derive(Clone, Debug)]
pub(crate) struct Note(Option<Arc<OnceLock<Deed>>>);

impl Note {
    pub(crate) fn new(is_read: bool) -> Self {
        Self(is_read.then(Arc::default))
    }

    /// Notes whether the request changes anything, and what it is about.
    pub(crate) fn write(&self, access: Access, object: impl FnOnce() -> String) {
        if let Some(deed) = &self.0 {
            deed.get_or_init(|| Deed { changes: access == Access::Write, object: object() });
        }
    }

    /// What was noted.
    pub(crate) fn deed(&self) -> Option<&Deed> {
        self.0.as_ref()?.get()
    }
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
    /// What it does.
    pub(crate) note: Note,
}
