//! Bodies, received within their limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::Body as _,
    header::{CONTENT_LENGTH, EXPECT},
};
use longshore_daemon::{Code, Error, gate::Gate, server::Body};
use tokio::time::timeout;

use crate::{
    config::Limits,
    failure::Failure,
    memory::{self, Received, Share, too_large},
};

/// How long a peer whose body is refused may pause while it sends the rest.
const PAUSE: Duration = Duration::from_millis(200);

/// Most bytes of a refused body that are received nevertheless.
const DISCARDED_BYTES: usize = 64 << 20;

/// Receives a body. What is left of one that is refused is for [`discard`].
pub(crate) async fn receive(
    headers: &HeaderMap,
    body: &mut Body,
    limits: &Limits,
    buffered: &Gate,
) -> Result<Received, Failure> {
    let length =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limits.body_bytes as u64) {
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
            return Err(too_large(limits));
        }
        if size > memory::small(limits) {
            let more = if share.is_some() { data.len() } else { size };
            share.get_or_insert_with(|| Share::none(buffered)).grow(more, "the body")?;
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
/// why it is refused, and the next request on its connection would be lost. A peer that asked
/// whether to send has nothing on its way.
pub(crate) async fn discard(headers: &HeaderMap, body: &mut Body) {
    if headers.contains_key(EXPECT) {
        return;
    }
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
