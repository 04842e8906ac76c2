//! Bodies: received within their limits, and decompressed.

use std::{io::Read, time::Duration};

use bytes::{Bytes, BytesMut};
use flate2::read::{GzDecoder, ZlibDecoder};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::Body as _,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderValue},
};
use longshore_daemon::{Code, Error, gate::Gate, server::Body};
use tokio::time::timeout;

use crate::{
    config::Limits,
    failure::Failure,
    memory::{self, Share, too_large},
    protocol::Protocol,
};

/// How long a peer whose body is refused may pause while it sends the rest.
const PAUSE: Duration = Duration::from_millis(200);

/// Most bytes of a refused body that are received nevertheless.
const DISCARDED_BYTES: usize = 64 << 20;

/// How a body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) csv: bool,
    pub(crate) encoding: Encoding,
}

impl Form {
    /// As it is, and not CSV.
    pub(crate) const PLAIN: Self = Self { csv: false, encoding: Encoding::Plain };
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
    /// zlib's format, which HTTP calls deflate.
    Deflate,
}

/// Reads the headers that say how a body is written.
pub(crate) fn form(headers: &HeaderMap, protocol: Protocol) -> Result<Form, Failure> {
    if headers.contains_key("inference-header-content-length") {
        let message = "binary tensors are not supported; send the tensors' data as JSON";
        return Err(Failure::new(Code::UnsupportedMediaType, message));
    }
    let encoding = match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => Encoding::Plain,
        Some(value) if value.eq_ignore_ascii_case(b"identity") => Encoding::Plain,
        Some(value) if value.eq_ignore_ascii_case(b"gzip") => Encoding::Gzip,
        Some(value) if value.eq_ignore_ascii_case(b"deflate") => Encoding::Deflate,
        Some(_) => {
            let message = "the content-encoding is not supported; send the body plain, as `gzip` or as `deflate`";
            return Err(Failure::new(Code::UnsupportedMediaType, message));
        }
    };
    let csv = match headers.get(CONTENT_TYPE) {
        None => false,
        Some(value) if value.as_bytes() == b"application/json" => false,
        Some(value) => content_type(value.to_str().unwrap_or_default(), protocol)?,
    };
    Ok(Form { csv, encoding })
}

/// True for CSV, false for JSON.
fn content_type(value: &str, protocol: Protocol) -> Result<bool, Failure> {
    let mut parts = value.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let charset = name.trim().eq_ignore_ascii_case("charset");
        let value = value.trim().trim_matches('"');
        if charset && !value.eq_ignore_ascii_case("utf-8") && !value.eq_ignore_ascii_case("utf8") {
            let message = "the charset is not supported; send UTF-8";
            return Err(Failure::new(Code::UnsupportedMediaType, message));
        }
    }
    let mlflow = protocol == Protocol::Mlflow;
    match &*kind {
        "application/json" => Ok(false),
        "text/csv" if mlflow => Ok(true),
        // what `curl -d` says of JSON; KServe does not look at the type at all
        "application/x-www-form-urlencoded" if !mlflow => Ok(false),
        _ if kind.starts_with("application/") && kind.ends_with("+json") => Ok(false),
        _ => {
            let known =
                if mlflow { "`application/json` or `text/csv`" } else { "`application/json`" };
            let message = format!("the content-type is not supported; send {known}");
            Err(Failure::new(Code::UnsupportedMediaType, message))
        }
    }
}

/// A body, and the memory it was granted when it is not small.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) share: Option<Share>,
}

/// Receives a body.
pub(crate) async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limits: &Limits,
    buffered: &Gate,
) -> Result<Received, Failure> {
    let length =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limits.body_bytes as u64) {
        if !headers.contains_key(EXPECT) {
            discard(&mut body).await;
        }
        return Err(too_large(limits));
    }
    let mut share: Option<Share> = None;
    let mut whole: Option<BytesMut> = None;
    let mut first = Bytes::new();
    loop {
        let data = match body.frame().await {
            None => break,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                // trailers
                Err(_) => continue,
            },
            Some(Err(error)) => return Err(interrupted(&error)),
        };
        let size = whole.as_ref().map_or(first.len(), BytesMut::len) + data.len();
        if size > limits.body_bytes {
            drop((first, whole));
            discard(&mut body).await;
            return Err(too_large(limits));
        }
        if size > memory::small(limits) {
            let more = if share.is_some() { data.len() } else { size };
            let granted = share.get_or_insert_with(|| Share::none(buffered)).grow(more, "the body");
            if let Err(failure) = granted {
                drop((first, whole, share));
                discard(&mut body).await;
                return Err(failure);
            }
        }
        match &mut whole {
            Some(whole) => whole.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut joined = BytesMut::with_capacity(size.max(length.unwrap_or(0) as usize));
                joined.extend_from_slice(&first);
                joined.extend_from_slice(&data);
                whole = Some(joined);
            }
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(Received { bytes: whole.map_or(first, BytesMut::freeze), share })
}

/// The body did not arrive.
fn interrupted(error: &Error) -> Failure {
    if matches!(error, Error::LateBody) {
        return Failure::new(Code::RequestTimeout, "the body did not arrive in time");
    }
    let detail = Some(error.to_string());
    Failure { detail, ..Failure::invalid("the body is not what its headers announce") }
}

/// Throws away what follows, up to a limit: a peer that is cut off while it sends would not read
/// why.
async fn discard(body: &mut Body) {
    let mut left = DISCARDED_BYTES;
    while !body.is_end_stream() {
        // a peer that pauses waits for the reply
        let Ok(Some(Ok(frame))) = timeout(PAUSE, body.frame()).await else { return };
        let bytes = frame.into_data().map_or(0, |data| data.len());
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Decompresses a body, never beyond the limit.
pub(crate) fn decompress(
    body: &[u8],
    encoding: Encoding,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    let mut plain = Vec::with_capacity(body.len().saturating_mul(2).min(limits.body_bytes));
    let limit = limits.body_bytes as u64 + 1;
    let result = match encoding {
        Encoding::Plain => body.take(limit).read_to_end(&mut plain),
        Encoding::Gzip => GzDecoder::new(body).take(limit).read_to_end(&mut plain),
        Encoding::Deflate => ZlibDecoder::new(body).take(limit).read_to_end(&mut plain),
    };
    result.map_err(|_| {
        Failure::invalid("the body does not decompress as its content-encoding says")
    })?;
    if plain.len() > limits.body_bytes {
        return Err(too_large(limits));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &'static str, protocol: Protocol) -> Result<bool, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        form(&headers, protocol).map(|form| form.csv).map_err(|failure| failure.code)
    }

    #[test]
    fn content_types_are_those_the_protocols_know() {
        let refused = Err(Code::UnsupportedMediaType);
        for kind in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=\"UTF-8\"",
            "application/vnd.x+json",
        ] {
            assert_eq!(read(kind, Protocol::V1), Ok(false), "{kind}");
        }
        assert_eq!(read("text/csv; charset=utf-8", Protocol::Mlflow), Ok(true));
        assert_eq!(read("text/csv", Protocol::V2), refused);
        assert_eq!(read("text/plain", Protocol::V1), refused);
        assert_eq!(read("application/json; charset=latin-1", Protocol::V1), refused);
        assert_eq!(read("application/x-www-form-urlencoded", Protocol::V1), Ok(false));
        assert_eq!(read("application/x-www-form-urlencoded", Protocol::Mlflow), refused);
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        use std::io::Write;
        let limits = Limits { body_bytes: 1000, ..Limits::default() };
        let packed = |size: usize| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(&vec![b' '; size]).unwrap();
            packer.finish().unwrap()
        };
        assert_eq!(decompress(&packed(1000), Encoding::Gzip, &limits).unwrap().len(), 1000);
        let failure = decompress(&packed(50_000_000), Encoding::Gzip, &limits).unwrap_err();
        assert_eq!(failure.code, Code::TooLarge);
        assert!(decompress(b"no gzip", Encoding::Gzip, &limits).is_err());
    }
}
