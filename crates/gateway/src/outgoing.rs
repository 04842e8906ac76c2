//! The body of a request on its way to a replica.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::{Body as HttpBody, Frame, SizeHint},
    header::EXPECT,
};
use longshore_daemon::{Code, Error, server::Body};

use crate::{failure::Failure, record::Tape};

/// Most bytes of a body that is read before it is handed on: most requests for predictions are
/// shorter. A replica is not kept busy while such a body arrives, and it can be sent a second time.
const WHOLE: u64 = 64 << 10;

/// A body as it goes to a replica.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Bytes that are there.
    Whole(Bytes),
    /// What still arrives.
    Stream(Box<Arriving>),
}

/// A body, and the part of it that was read already.
#[derive(Debug)]
pub(crate) struct Arriving {
    first: Option<Frame<Bytes>>,
    rest: Body,
    tape: Option<Tape>,
}

impl Outgoing {
    /// Reads a short body whole, within `time`; of any other takes what is there.
    pub(crate) async fn read(
        headers: &HeaderMap,
        mut body: Body,
        time: Duration,
    ) -> Result<Self, Failure> {
        if body.is_end_stream() {
            return Ok(Self::Whole(Bytes::new()));
        }
        // who waits for leave to send is told by the replica, when it reads
        let waits = headers.contains_key(EXPECT);
        if !waits && body.size_hint().exact().is_some_and(|length| length <= WHOLE) {
            let read = tokio::time::timeout(time, collect(body)).await;
            return read
                .unwrap_or(Err(Error::LateBody))
                .map(Self::Whole)
                .map_err(|error| failure(&error));
        }
        let mut first = None;
        if !waits {
            let peeked = poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx))).await;
            if let Poll::Ready(Some(frame)) = peeked {
                let frame = frame.map_err(|error| failure(&error))?;
                match frame.data_ref() {
                    Some(data) if body.is_end_stream() => return Ok(Self::Whole(data.clone())),
                    _ => first = Some(frame),
                }
            }
            body.rest();
        }
        Ok(Self::Stream(Box::new(Arriving { first, rest: body, tape: None })))
    }

    /// Puts its bytes on a tape as they pass.
    pub(crate) fn record(&mut self, tape: &Tape) {
        match self {
            Self::Whole(bytes) => tape.put(bytes),
            Self::Stream(arriving) => arriving.tape = Some(tape.clone()),
        }
    }

    /// The same once more, when it is there whole.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            Self::Whole(bytes) => Some(Self::Whole(bytes.clone())),
            Self::Stream(_) => None,
        }
    }

    /// Bytes that it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Stream(arriving) => {
                let data = arriving.first.as_ref().and_then(Frame::data_ref);
                data.map_or(0, Bytes::len)
            }
        }
    }
}

async fn collect(mut body: Body) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            before => {
                whole.extend_from_slice(before.as_deref().unwrap_or_default());
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// Why a body cannot be read.
pub(crate) fn failure(error: &Error) -> Failure {
    let code = match error {
        Error::LateBody => Code::RequestTimeout,
        _ => Code::InvalidArgument,
    };
    Failure::new(code, error.to_string())
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(arriving) => {
                let polled = if let Some(frame) = arriving.first.take() {
                    Poll::Ready(Some(Ok(frame)))
                } else {
                    let polled = Pin::new(&mut arriving.rest).poll_frame(cx);
                    if let Poll::Ready(Some(Ok(_))) = polled {
                        // each part has its own time
                        arriving.rest.rest();
                    }
                    polled
                };
                if let (Some(tape), Poll::Ready(Some(Ok(frame)))) = (&arriving.tape, &polled)
                    && let Some(data) = frame.data_ref()
                {
                    tape.put(data);
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(arriving) => arriving.first.is_none() && arriving.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(arriving) => {
                let rest = arriving.rest.size_hint();
                let first = arriving.first.as_ref().and_then(Frame::data_ref).map_or(0, Bytes::len);
                match rest.exact() {
                    Some(length) => SizeHint::with_exact(length.saturating_add(first as u64)),
                    None => SizeHint::default(),
                }
            }
        }
    }
}
