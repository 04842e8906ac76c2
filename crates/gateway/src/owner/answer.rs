use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::HeaderValue,
};
use tokio::time::{Sleep, sleep};

use super::{AT_ONCE, GIVER, LOST};
use crate::{
    Revision,
    revision::{Giver, Slot, Waiting},
};

/// How often it is looked whether a replica that could not be reached may be tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// The body of a reply of the port for peers.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Bytes that are there.
    Whole(Full<Bytes>),
    /// A slot, or the wait for one.
    Lent(Lent),
}

/// A slot for another gateway, which has it until this is dropped.
#[derive(Debug)]
pub(crate) struct Lent {
    revision: Arc<Revision>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Waiting(Waiting, Pin<Box<Sleep>>),
    /// A slot, of which the other gateway is not told yet.
    Found(Slot),
    Given(#[expect(dead_code, reason = "it is given back when it is dropped")] Slot),
    /// Another gateway gives the slots.
    Elsewhere,
}

/// Gives another gateway a slot of `revision`, or lets it wait for one; `giver` is this gateway.
pub(crate) fn answer(
    revision: &Arc<Revision>,
    headers: &HeaderMap,
    giver: Giver,
    most: usize,
) -> Response<Reply> {
    let refused = |status| {
        let mut response = Response::new(Reply::Whole(Full::default()));
        *response.status_mut() = status;
        response
    };
    if revision.owner().is_some() {
        return refused(StatusCode::MISDIRECTED_REQUEST);
    }
    let lost = headers.get(LOST).and_then(|it| it.to_str().ok()?.parse().ok());
    if let Some(lost) = lost {
        revision.is_lost(lost);
    }
    let place = if let Some(slot) = revision.slot_for_other() {
        Place::Found(slot)
    } else if headers.contains_key(AT_ONCE) {
        return refused(StatusCode::SERVICE_UNAVAILABLE);
    } else if let Ok(waiting) = revision.wait_for_other(most) {
        Place::Waiting(waiting, Box::pin(sleep(AGAIN)))
    } else {
        return refused(StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut response = Response::new(Reply::Lent(Lent { revision: revision.clone(), place }));
    response.headers_mut().insert(GIVER, HeaderValue::from(giver));
    response
}

impl Lent {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match &mut self.place {
                Place::Waiting(waiting, look) => match Pin::new(waiting).poll(cx) {
                    Poll::Ready(Some(slot)) => self.place = Place::Found(slot),
                    Poll::Ready(None) => self.place = Place::Elsewhere,
                    Poll::Pending if look.as_mut().poll(cx).is_pending() => return Poll::Pending,
                    Poll::Pending => {
                        self.revision.look_again();
                        look.set(sleep(AGAIN));
                    }
                },
                Place::Found(slot) => {
                    let line = serde_json::to_string(&slot.replica().endpoint());
                    let Ok(line) = line.map(|line| Bytes::from(line + "\n")) else {
                        return Poll::Ready(None);
                    };
                    if let Place::Found(slot) = std::mem::replace(&mut self.place, Place::Elsewhere)
                    {
                        self.place = Place::Given(slot);
                    }
                    return Poll::Ready(Some(line));
                }
                Place::Given(_) => return Poll::Pending,
                Place::Elsewhere => return Poll::Ready(None),
            }
        }
    }
}

impl From<Full<Bytes>> for Reply {
    fn from(whole: Full<Bytes>) -> Self {
        Self::Whole(whole)
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole).poll_frame(cx),
            Self::Lent(lent) => lent.poll(cx).map(|line| line.map(|line| Ok(Frame::data(line)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Lent(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Lent(_) => SizeHint::default(),
        }
    }
}
