//! Bodies in both directions: a request's, which has a deadline, and a reply's, whose request
//! counts as open until it is written.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use super::{accept::Connection, deadline::Watch};
use crate::{Error, gate::Permit};

/// The body of a request. It fails with [`Error::LateBody`] when it does not arrive in time, so that
/// no service has to watch its peers.
#[derive(Debug)]
pub struct Body {
    source: Source,
    connection: Option<Connection>,
}

#[derive(Debug)]
enum Source {
    /// Bytes that are there.
    Whole(Full<Bytes>),
    /// Bytes from a socket.
    Socket { incoming: Incoming, deadline: Deadline },
}

#[derive(Debug)]
enum Deadline {
    /// HTTP/1: the connection has one request at a time, and the sweep watches it.
    Swept { watch: Arc<Watch>, begun: bool },
    /// HTTP/2: each request has a timer, made once its body has to be waited for.
    Timed { limit: Duration, timer: Option<Pin<Box<Sleep>>> },
}

impl Body {
    pub(super) fn swept(incoming: Incoming, watch: &Arc<Watch>) -> Self {
        let is_whole = HttpBody::is_end_stream(&incoming);
        watch.body_is_unread(!is_whole);
        let source = if is_whole {
            Source::Whole(Full::default())
        } else {
            let deadline = Deadline::Swept { watch: watch.clone(), begun: false };
            Source::Socket { incoming, deadline }
        };
        Self { source, connection: Some(watch.connection()) }
    }

    /// The connection that the request came over; `None` for a body that did not come over a socket.
    pub fn connection(&self) -> Option<Connection> {
        self.connection
    }

    /// Nobody waits for the body for now. Its time begins anew when it is waited for again, so that
    /// a service may read a body of any length in parts.
    pub fn rest(&mut self) {
        if let Source::Socket { deadline, .. } = &mut self.source {
            deadline.rests();
        }
    }

    pub(super) fn timed(incoming: Incoming, limit: Duration, connection: Connection) -> Self {
        let deadline = Deadline::Timed { limit, timer: None };
        Self { source: Source::Socket { incoming, deadline }, connection: Some(connection) }
    }
}

impl Default for Body {
    /// No bytes.
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { source: Source::Whole(Full::new(bytes)), connection: None }
    }
}

impl Deadline {
    /// True once the body is late; else the task is woken when it is.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Swept { watch, begun: true } => watch.is_late(),
            Self::Swept { watch, begun } => {
                *begun = true;
                watch.body_begins();
                false
            }
            Self::Timed { timer, .. } => {
                timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
            }
        }
    }

    /// Nothing has arrived: true when it is late already.
    fn waits(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Timed { limit, timer: timer @ None } => {
                let timer = timer.insert(Box::pin(sleep(*limit)));
                timer.as_mut().poll(cx).is_ready()
            }
            _ => false,
        }
    }

    /// The wakes that the connection holds back, for [`Deadline::forget_wake`].
    fn held_wakes(&self, cx: &Context<'_>) -> Option<u32> {
        match self {
            Self::Swept { watch, .. } => watch.wakes().held(cx),
            Self::Timed { .. } => None,
        }
    }

    /// The body has been read to its end.
    fn is_read(&self) {
        if let Self::Swept { watch, .. } = self {
            watch.body_is_unread(false);
        }
    }

    /// Takes back the one wake since `held`.
    fn forget_wake(&self, held: Option<u32>) {
        if let (Self::Swept { watch, .. }, Some(held)) = (self, held) {
            watch.wakes().forget(held);
        }
    }

    fn rests(&mut self) {
        self.ends();
        if let Self::Swept { begun, .. } = self {
            *begun = false;
        }
    }

    fn ends(&mut self) {
        match self {
            Self::Swept { watch, begun: true } => watch.body_ends(),
            Self::Swept { .. } => {}
            Self::Timed { timer, .. } => *timer = None,
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let (incoming, deadline) = match &mut self.source {
            Source::Whole(bytes) => {
                let frame = ready!(Pin::new(bytes).poll_frame(cx));
                return Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})));
            }
            Source::Socket { incoming, deadline } => (incoming, deadline),
        };
        if deadline.is_over(cx) {
            return Poll::Ready(Some(Err(Error::LateBody)));
        }
        let held = deadline.held_wakes(cx);
        let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(cx) else {
            if deadline.waits(cx) {
                return Poll::Ready(Some(Err(Error::LateBody)));
            }
            return Poll::Pending;
        };
        let is_last = matches!(frame, Some(Ok(_))) && HttpBody::is_end_stream(incoming);
        if is_last {
            // hyper wakes the connection to read on, but nothing more comes
            deadline.forget_wake(held);
        }
        if is_last || frame.is_none() {
            deadline.is_read();
        }
        if is_last || !matches!(frame, Some(Ok(_))) {
            deadline.ends();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|source| Error::Body { source })))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_end_stream(),
            Source::Socket { incoming, .. } => HttpBody::is_end_stream(incoming),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => bytes.size_hint(),
            Source::Socket { incoming, .. } => HttpBody::size_hint(incoming),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Source::Socket { incoming, deadline } = &mut self.source {
            deadline.ends();
            if let Deadline::Swept { watch, .. } = deadline
                && !HttpBody::is_end_stream(incoming)
            {
                watch.body_is_left();
            }
        }
    }
}

/// A request from its head to the last byte of its reply.
#[derive(Debug)]
pub(super) struct OpenRequest {
    watch: Arc<Watch>,
    /// Its own permit, when its connection's permit stands for another request.
    _permit: Option<Permit>,
}

impl OpenRequest {
    /// A request that `watch` counts already.
    pub(super) fn new(watch: Arc<Watch>, permit: Option<Permit>) -> Self {
        Self { watch, _permit: permit }
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.watch.request_ends();
    }
}

/// The body of a reply, whose request is open until it is written.
#[derive(Debug)]
pub(super) struct ReplyBody<B> {
    body: B,
    _open: OpenRequest,
}

impl<B> ReplyBody<B> {
    pub(super) fn new(body: B, open: OpenRequest) -> Self {
        Self { body, _open: open }
    }
}

impl<B: HttpBody + Unpin> HttpBody for ReplyBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
