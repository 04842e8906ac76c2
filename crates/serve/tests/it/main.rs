//! The server over real sockets and in place.

mod client;
mod http;
mod inputs;
mod lifecycle;
mod metrics;
mod model;
mod protocols;
