//! The log line of a request.

use std::{net::SocketAddr, time::Instant};

use hyper::{HeaderMap, header::HeaderValue, http::request::Parts};

use crate::Code;

/// The target of these lines in filters of the log.
pub const TARGET: &str = module_path!();

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was answered with this status.
    Answered(u16),
    /// It was not.
    Failed {
        /// Why, as its sender is told.
        code: Code,
        /// The same in words.
        message: &'a str,
        /// What only the log gets.
        detail: Option<&'a str>,
        /// Nothing is wrong with the request: the server does not take it for now.
        turned_away: bool,
    },
}

/// A request's line, besides what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its head.
    pub head: &'a Parts,
    /// Its id.
    pub id: &'a HeaderValue,
    /// When it began.
    pub begun: Instant,
    /// The name of its API key, where it needed one.
    pub api_key: Option<&'a str>,
    /// Rows that a model answered for, where one did.
    pub rows: Option<u64>,
    /// Where it was handed on to.
    pub onward: Onward<'a>,
}

/// Where a request was handed on to, by a server that does so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Onward<'a> {
    /// The service that it is for.
    pub service: Option<&'a str>,
    /// Its revision.
    pub revision: Option<&'a str>,
    /// The replica that got it.
    pub replica: Option<SocketAddr>,
}

/// Writes one line a request: a failure of the server as an error, a failure of the caller as
/// information, and everything else for debugging only. So is a request that was turned away: it is
/// counted, and there are many of them when it matters.
pub fn write(line: Line<'_>, outcome: Outcome<'_>) {
    let Line { head, id, begun, api_key, rows, onward } = line;
    let Onward { service, revision, replica } = onward;
    let replica = replica.map(tracing::field::display);
    match outcome {
        Outcome::Answered(status) => tracing::debug!(
            method = %head.method,
            path = head.uri.path(),
            status,
            rows,
            request_id = text(id),
            api_key,
            service,
            revision,
            replica,
            traceparent = trace(&head.headers),
            micros = begun.elapsed().as_micros() as u64,
            "request"
        ),
        Outcome::Failed { code, message, turned_away: true, .. } => tracing::debug!(
            method = %head.method,
            path = head.uri.path(),
            status = code.http(),
            request_id = text(id),
            api_key,
            service,
            revision,
            replica,
            error = message,
            "request turned away"
        ),
        Outcome::Failed { code, message, detail, .. } if code.is_server_fault() => tracing::error!(
            method = %head.method,
            path = head.uri.path(),
            status = code.http(),
            request_id = text(id),
            api_key,
            service,
            revision,
            replica,
            traceparent = trace(&head.headers),
            error = message,
            detail,
            micros = begun.elapsed().as_micros() as u64,
            "request failed"
        ),
        Outcome::Failed { code, message, detail, .. } => tracing::info!(
            method = %head.method,
            path = head.uri.path(),
            status = code.http(),
            request_id = text(id),
            api_key,
            service,
            revision,
            replica,
            traceparent = trace(&head.headers),
            error = message,
            detail,
            "request refused"
        ),
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn trace(headers: &HeaderMap) -> Option<String> {
    headers.get("traceparent").map(text)
}
