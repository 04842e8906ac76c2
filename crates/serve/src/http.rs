//! HTTP/1.1: connections, routes and replies.

pub(crate) mod body;
mod cold;
pub(crate) mod connection;
mod flight;
pub(crate) mod handler;
pub(crate) mod listener;
mod reply;
mod route;
mod socket;
pub(crate) mod watch;
