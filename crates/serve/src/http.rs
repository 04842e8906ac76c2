//! Requests over HTTP: routes, bodies and replies.

pub(crate) mod body;
pub(crate) mod flight;
pub(crate) mod handler;
pub(crate) mod metadata;
mod reply;
mod route;
