use std::{
    convert::Infallible,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::{
    HeaderMap,
    body::{Body, Frame, SizeHint},
};

/// The body of a reply.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Bytes that are there, and no more once they are sent.
    Whole(Bytes),
    /// Bytes, and headers that come after them.
    Trailed(Bytes, Box<HeaderMap>),
    /// What is made while it is sent.
    Stream(Box<dyn Frames>),
}

/// Makes the parts of a body, each when the one before is taken.
pub(crate) trait Frames: Send {
    /// The next part; `None` at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>>;
}

impl fmt::Debug for dyn Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frames")
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match &mut *self {
            Self::Stream(frames) => return frames.poll_next(cx).map(|frame| frame.map(Ok)),
            Self::Whole(bytes) | Self::Trailed(bytes, _) if !bytes.is_empty() => {
                Some(Frame::data(mem::take(bytes)))
            }
            Self::Whole(_) => None,
            Self::Trailed(_, trailers) => {
                let trailers = mem::take(&mut **trailers);
                *self = Self::Whole(Bytes::new());
                Some(Frame::trailers(trailers))
            }
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            // a length would be one more header, which no caller needs
            Self::Trailed(..) | Self::Stream(_) => SizeHint::default(),
        }
    }
}
