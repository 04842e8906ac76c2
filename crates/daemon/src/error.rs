use std::{io, net::SocketAddr, path::PathBuf};

/// Why a part that every role shares does not start, or a request cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The filter of the log cannot be read.
    #[error(
        "`{filter}` is not a log filter: {source}; use a level such as `info`, or `crate=level`"
    )]
    LogFilter {
        /// What was given.
        filter: String,
        /// Why it cannot be read.
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
    /// A file that the server is set up by cannot be read.
    #[error("failed to read `{path}`: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that the server is set up by does not hold what it should.
    #[error("`{path}` {fault}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and how to mend it, as the rest of the sentence.
        fault: String,
    },
    /// What was given cannot be the name of an API key.
    #[error(
        "`{name}` is no name of a key: 1 to 64 letters, digits, `-`, `_`, `.` and `@` make one"
    )]
    KeyName {
        /// What was given.
        name: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes, so no key can be made")]
    Random,
    /// The keys of an issuer of tokens cannot be had.
    #[error("`{source_name}` gives no keys for JSON Web Tokens: {fault}")]
    Jwks {
        /// The file or URL.
        source_name: String,
        /// Why not.
        fault: String,
    },
    /// A thread cannot run.
    #[error("a thread cannot start: {source}")]
    Thread {
        /// Why.
        source: io::Error,
    },
    /// A setting of the traces is wrong.
    #[error("{0}")]
    Trace(String),
}

impl Error {
    /// `path` is wrong in the way that `fault` says.
    pub(crate) fn file(path: impl Into<PathBuf>, fault: impl Into<String>) -> Self {
        Self::File { path: path.into(), fault: fault.into() }
    }
}
