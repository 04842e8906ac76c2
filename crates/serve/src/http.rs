//! Requests over HTTP: routes, bodies and replies.

pub(crate) mod body;
mod cold;
mod flight;
pub(crate) mod handler;
mod reply;
mod route;
