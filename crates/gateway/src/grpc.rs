//! What of gRPC stands in heads and trailers ("gRPC over HTTP/2").

use hyper::{
    HeaderMap, Version,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
    http::request::Parts,
};
use longshore_daemon::percent;

/// The header or trailer with the number of the status.
pub(crate) const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The header or trailer with the message.
pub(crate) const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// True for a call.
pub(crate) fn is_call(head: &Parts) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    head.version == Version::HTTP_2 && kind.starts_with(b"application/grpc")
}

/// The status in a head or in trailers.
pub(crate) fn status(headers: &HeaderMap) -> Option<i32> {
    headers.get(&STATUS)?.to_str().ok()?.parse().ok()
}

/// True when a status says that the server is at fault: `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`,
/// `INTERNAL`, `UNAVAILABLE` or `DATA_LOSS`.
pub(crate) fn is_fault(status: i32) -> bool {
    matches!(status, 2 | 4 | 12 | 13 | 14 | 15)
}

/// Writes a status and its message.
pub(crate) fn put(headers: &mut HeaderMap, status: i32, message: &str) {
    headers.insert(STATUS, HeaderValue::from(status));
    // spaces may stay, and make it legible
    let encoded = percent::encode(message).replace("%20", " ");
    let message = HeaderValue::from_str(&encoded);
    headers.insert(MESSAGE, message.unwrap_or(HeaderValue::from_static("unreadable")));
}
