//! The body of a reply on its way to a client.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body, Frame, Incoming, SizeHint},
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
};
use longshore_daemon::Code;
use tokio::time::Sleep;

use crate::{
    Error,
    failure::{Failure, Form},
    grpc,
    record::Recording,
    revision::{Slot, Visit},
    upstream::{Http1, Open},
    worker::Worker,
};

/// The body of a reply.
pub(crate) enum Reply {
    /// Bytes that are there.
    Whole(Bytes),
    /// What a replica sends.
    Stream(Box<Arriving>),
}

/// A reply that arrives. The request counts until it is dropped.
pub(crate) struct Arriving {
    /// What was read of it already.
    pub(crate) first: Option<Bytes>,
    pub(crate) incoming: Incoming,
    pub(crate) link: Link,
    /// When it has to be over; never where protocols have a say of their own.
    pub(crate) deadline: Pin<Box<Sleep>>,
    pub(crate) is_grpc: bool,
    pub(crate) worker: Arc<Worker>,
    /// Given back before the request stops counting.
    pub(crate) slot: Option<Slot>,
    pub(crate) visit: Visit,
    pub(crate) recording: Option<Box<Recording>>,
    pub(crate) is_over: bool,
}

/// The connection that a reply comes by.
pub(crate) enum Link {
    Http1 { address: SocketAddr, link: Option<Box<Http1>> },
    Http2 { _open: Open },
}

impl Link {
    /// The connection itself, when nothing but this reply goes over it.
    pub(crate) fn take_http1(&mut self) -> Option<Box<Http1>> {
        match self {
            Self::Http1 { link, .. } => link.take(),
            Self::Http2 { .. } => None,
        }
    }

    /// The next part of a body.
    pub(crate) fn poll_frame(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut *incoming).poll_frame(cx);
        match self {
            Self::Http1 { link: Some(link), .. } if polled.is_pending() => {
                link.drive(cx);
                Pin::new(incoming).poll_frame(cx)
            }
            _ => polled,
        }
    }

    /// The body has been read to its end.
    pub(crate) fn ends(&mut self, worker: &Worker, cx: &mut Context<'_>) {
        if let Self::Http1 { address, link } = self
            && let Some(link) = link.take()
        {
            worker.upstream.keep(*address, link, cx);
        }
    }
}

impl Arriving {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            if let Some(recording) = &self.recording {
                recording.part(&first);
            }
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Poll::Ready(frame) = self.link.poll_frame(&mut self.incoming, cx) else {
            ready!(self.deadline.as_mut().poll(cx));
            return Poll::Ready(Some(self.breaks(Error::LateReply)));
        };
        match frame {
            Some(Err(error)) => Poll::Ready(Some(self.breaks(Error::Reply { source: error }))),
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.visit.trailed(trailers);
                    if let (true, Some(slot)) = (self.is_grpc, &self.slot) {
                        self.visit.judge(slot);
                    }
                    if let Some(recording) = &mut self.recording {
                        recording.trailers(trailers);
                    }
                } else if let (Some(recording), Some(data)) = (&self.recording, frame.data_ref()) {
                    recording.part(data);
                }
                if self.incoming.is_end_stream() {
                    self.ends(cx);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                self.ends(cx);
                Poll::Ready(None)
            }
        }
    }

    fn ends(&mut self, cx: &mut Context<'_>) {
        self.is_over = true;
        self.link.ends(&self.worker, cx);
        self.slot = None;
        if let Some(recording) = self.recording.take() {
            recording.ends();
        }
    }

    /// A reply of gRPC ends with a status also when it breaks off.
    fn breaks(&mut self, why: Error) -> Result<Frame<Bytes>, Error> {
        self.is_over = true;
        self.slot = None;
        if !self.is_grpc {
            tracing::info!(revision = self.visit.revision().name(), error = %why, "a reply was cut");
            return Err(why);
        }
        let code = match why {
            Error::LateReply => Code::DeadlineExceeded,
            _ => Code::Unavailable,
        };
        let mut trailers = HeaderMap::new();
        grpc::put(&mut trailers, code.grpc(), &why.to_string());
        self.visit.trailed(&trailers);
        Ok(Frame::trailers(trailers))
    }
}

/// The reply that tells a failure in the form that its client reads.
pub(crate) fn refusal(failure: &Failure, form: Form) -> Response<Reply> {
    let Failure { code, message, .. } = failure;
    let body = match form {
        Form::Grpc => String::new(),
        Form::Json => serde_json::json!({ "error": message }).to_string(),
        Form::Mlflow => {
            serde_json::json!({ "error_code": code.mlflow(), "message": message }).to_string()
        }
    };
    let mut response = Response::new(Reply::from(Bytes::from(body)));
    let headers = response.headers_mut();
    if form == Form::Grpc {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        grpc::put(headers, code.grpc(), message);
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    if let Some(seconds) = failure.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(challenge) = &failure.challenge {
        headers.insert(WWW_AUTHENTICATE, challenge.clone());
    }
    if form != Form::Grpc {
        let status = StatusCode::from_u16(code.http());
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }
    response
}

impl From<Bytes> for Reply {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Reply")
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(arriving) => arriving.poll_next(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(arriving) => arriving.is_over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(arriving) => {
                let first = arriving.first.as_ref().map_or(0, Bytes::len) as u64;
                let rest = arriving.incoming.size_hint().exact();
                rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(first + rest))
            }
        }
    }
}
