//! How messages are compressed: the header `grpc-encoding` names the encoding, and a flag before each message says
//! whether it is used.

use hyper::{HeaderMap, header::HeaderValue};
use longshore_daemon::Code;

use crate::{
    encoding::{self, Encoding},
    failure::Failure,
    protocol::grpc::message::PREFIX,
};

/// What is understood, as `grpc-accept-encoding` says it.
pub(super) const KNOWN: HeaderValue = HeaderValue::from_static("identity,deflate,gzip,zstd");

/// Replies up to this size are sent plain: compressed they would hardly be smaller.
pub(super) const SMALL: usize = 1 << 10;

/// The encoding of a caller's messages.
pub(super) fn sent(headers: &HeaderMap) -> Result<Encoding, Failure> {
    match headers.get("grpc-encoding").map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(Encoding::Plain),
        Some(b"gzip") => Ok(Encoding::Gzip),
        Some(b"deflate") => Ok(Encoding::Deflate),
        Some(b"zstd") => Ok(Encoding::Zstd),
        Some(_) => {
            let message = "the `grpc-encoding` is not supported; send messages plain, or as `gzip`, `deflate` or `zstd`";
            Err(Failure::new(Code::Unimplemented, message))
        }
    }
}

/// True when the caller takes messages in this encoding.
pub(super) fn is_taken(headers: &HeaderMap, encoding: Encoding) -> bool {
    let Some(name) = encoding.name() else { return false };
    let lists = headers.get_all("grpc-accept-encoding").iter();
    let mut names = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    names.any(|taken| taken.trim() == name)
}

/// Compresses the message that stands behind the room for its prefix; the result has that room too.
pub(super) fn compress(message: &[u8], encoding: Encoding) -> Result<Vec<u8>, Failure> {
    let (prefix, plain) = message.split_at_checked(PREFIX).unwrap_or((&[], message));
    encoding::compress(plain, encoding, prefix.to_vec())
        .map_err(|error| Failure::internal("the reply cannot be compressed", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn headers_say_what_is_understood() {
        for (value, expected) in [
            ("identity", Encoding::Plain),
            ("gzip", Encoding::Gzip),
            ("deflate", Encoding::Deflate),
            ("zstd", Encoding::Zstd),
        ] {
            assert_eq!(sent(&headers("grpc-encoding", value)).unwrap(), expected);
        }
        let failure = sent(&headers("grpc-encoding", "snappy")).unwrap_err();
        assert_eq!(failure.code, Code::Unimplemented);
        let accepted = headers("grpc-accept-encoding", "identity, deflate, gzip");
        assert!(is_taken(&accepted, Encoding::Gzip) && is_taken(&accepted, Encoding::Deflate));
        assert!(!is_taken(&headers("grpc-accept-encoding", "identity"), Encoding::Gzip));
        assert!(!is_taken(&HeaderMap::new(), Encoding::Gzip));
    }
}
