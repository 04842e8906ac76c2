//! Requests over HTTP: routes, bodies and responses.

pub(crate) mod body;
pub(crate) mod handler;
pub(crate) mod metadata;
mod response;
mod route;
