//! How a call ends: a number and words, in headers that come after the reply or, without a reply, instead of it.

use std::fmt::Write;

use hyper::{HeaderMap, header::HeaderValue};

use crate::failure::Failure;

/// The headers of a call that was answered.
pub(crate) fn ok() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert("grpc-status", HeaderValue::from_static("0"));
    headers
}

/// The headers of a call that failed.
pub(crate) fn failed(failure: &Failure) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert("grpc-status", HeaderValue::from(failure.code.grpc()));
    if let Ok(message) = HeaderValue::from_str(&escape(&failure.message)) {
        headers.insert("grpc-message", message);
    }
    headers
}

/// Percent-encodes what is not printable ASCII, and `%` itself (gRPC over HTTP/2, "Status-Message").
fn escape(message: &str) -> String {
    let mut escaped = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => escaped.push(char::from(byte)),
            // writing to a text does not fail
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use longshore_daemon::Code;

    use super::*;

    #[test]
    fn messages_survive_as_headers() {
        let headers = failed(&Failure::invalid("100% of `grün`\nis ~wrong"));
        assert_eq!(headers["grpc-status"], "3");
        assert_eq!(headers["grpc-message"], "100%25 of `gr%C3%BCn`%0Ais ~wrong");
        let headers = failed(&Failure::new(Code::Unavailable, ""));
        assert_eq!(
            (&headers["grpc-status"], &headers["grpc-message"]),
            (&HeaderValue::from(14), &HeaderValue::from_static(""))
        );
        assert_eq!(ok()["grpc-status"], "0");
    }
}
