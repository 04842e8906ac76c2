//! HTTP/1.1: connections, routes and replies.

pub(crate) mod body;
mod cold;
pub(crate) mod connection;
pub(crate) mod handler;
mod reply;
mod route;
pub(crate) mod watch;
