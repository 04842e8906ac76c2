//! The server over real sockets, with a service of a few lines.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests fail loudly")]

mod certificates;
mod drain;
mod http1;
mod http2;
mod probe;
mod running;
mod tls;
