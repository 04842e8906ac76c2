//! How an exchange failed.

use std::{error::Error, fmt, io};

use hyper::StatusCode;

/// What went wrong, and in whose words.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The kind, by which failures are counted.
    pub(crate) kind: Kind,
    /// The details.
    pub(crate) message: String,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The name has no address.
    Resolve,
    /// Nothing listens there.
    Refused,
    /// There is no connection for another reason, such as a missing route.
    Unreachable,
    /// The TLS handshake failed, such as for a certificate that is not trusted.
    Tls,
    /// The connection was reset while in use.
    Reset,
    /// The server closed the connection instead of answering.
    Closed,
    /// The reply ended before its length.
    ShortBody,
    /// The whole reply did not arrive in time.
    Timeout,
    /// A status of the 300s.
    Redirect,
    /// A status of the 400s.
    ClientError,
    /// A status of the 500s.
    ServerError,
    /// The reply is not HTTP.
    Protocol,
}

impl Kind {
    /// The name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Refused => "connect_refused",
            Self::Unreachable => "connect_failed",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::ShortBody => "short_body",
            Self::Timeout => "timeout",
            Self::Redirect => "status_3xx",
            Self::ClientError => "status_4xx",
            Self::ServerError => "status_5xx",
            Self::Protocol => "protocol",
        }
    }

    /// Whether no connection came about, so that nothing was asked.
    pub(crate) fn is_connect(self) -> bool {
        matches!(self, Self::Resolve | Self::Refused | Self::Unreachable)
    }
}

impl Failure {
    /// The failure that a status means; `None` for success.
    pub(crate) fn status(status: StatusCode) -> Option<Self> {
        let kind = match status.as_u16() {
            200..300 => return None,
            300..400 => Kind::Redirect,
            400..500 => Kind::ClientError,
            500..600 => Kind::ServerError,
            _ => Kind::Protocol,
        };
        Some(Self { kind, message: format!("answered {status}") })
    }

    /// The failure of a reply that took too long.
    pub(crate) fn timeout(seconds: f64) -> Self {
        Self { kind: Kind::Timeout, message: format!("no whole answer within {seconds} s") }
    }

    /// The failure of a connection that the server closed.
    pub(crate) fn closed() -> Self {
        Self { kind: Kind::Closed, message: "the server closed the connection".into() }
    }

    /// The failure of a request that cannot be written.
    pub(crate) fn request(error: &hyper::http::Error) -> Self {
        Self { kind: Kind::Protocol, message: chain(error) }
    }

    pub(super) fn connect(error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionRefused => Kind::Refused,
            io::ErrorKind::ConnectionReset => Kind::Reset,
            // an error of the resolver has no error number of the operating system
            _ if error.raw_os_error().is_none() => Kind::Resolve,
            _ => Kind::Unreachable,
        };
        Self { kind, message: format!("failed to connect: {error}") }
    }

    pub(super) fn tls(error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionReset => Kind::Reset,
            io::ErrorKind::UnexpectedEof => Kind::Closed,
            _ => Kind::Tls,
        };
        Self { kind, message: format!("no TLS: {error}") }
    }

    pub(super) fn exchange(error: &hyper::Error) -> Self {
        let kind = match reset(error) {
            true => Kind::Reset,
            false if error.is_parse() => Kind::Protocol,
            false => Kind::Closed,
        };
        Self { kind, message: chain(error) }
    }

    pub(super) fn body(error: &hyper::Error) -> Self {
        let kind = if reset(error) { Kind::Reset } else { Kind::ShortBody };
        Self { kind, message: chain(error) }
    }

    pub(super) fn limited(error: &(dyn Error + 'static)) -> Self {
        match error.downcast_ref::<hyper::Error>() {
            Some(error) => Self::body(error),
            None => Self { kind: Kind::Protocol, message: chain(error) },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl Error for Failure {}

fn reset(error: &hyper::Error) -> bool {
    let broken = |kind| {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset)
    };
    causes(error)
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| broken(error.kind())))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An error with its causes on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
