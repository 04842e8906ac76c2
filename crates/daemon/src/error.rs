use std::{io, net::SocketAddr};

/// Why a part that every role shares does not start, or a request cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The filter of the log is not one.
    #[error(
        "`{filter}` is not a log filter: {source}; use a level such as `info`, or `crate=level`"
    )]
    LogFilter {
        /// What was given.
        filter: String,
        /// Why it is none.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something else logs already.
    #[error("logging was started twice")]
    LogTwice,
    /// The socket cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// An event loop cannot run.
    #[error("an event loop cannot start: {source}")]
    Runtime {
        /// Why.
        source: io::Error,
    },
    /// A request's body did not arrive within its deadline.
    #[error("the body did not arrive in time")]
    LateBody,
    /// A request's body ended early, or is not framed as its headers say.
    #[error("the body is not what its headers announce: {source}")]
    Body {
        /// Why.
        source: hyper::Error,
    },
}
