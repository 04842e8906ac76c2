use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body as _, Frame};
use longshore_daemon::{Code, Error, server::Body};

use crate::{
    failure::Failure,
    outgoing::Frames,
    protocol::grpc::{
        message::{self, Message},
        status,
    },
};

/// Most bytes of one message, in a call that answers each message as it comes.
const MOST: usize = 64 << 10;

/// A call that answers each message as it comes, until its caller sends no more.
pub(super) struct Conversation<A> {
    body: Body,
    /// What has arrived and is not answered.
    sent: Bytes,
    answer: A,
    over: bool,
}

impl<A> Conversation<A>
where
    A: FnMut(&[u8], Vec<u8>) -> Result<Vec<u8>, Failure> + Send,
{
    /// `answer` writes the reply to a message behind what it is given.
    pub(super) fn new(body: Body, answer: A) -> Self {
        Self { body, sent: Bytes::new(), answer, over: false }
    }

    /// The next reply; `None` when the caller has sent its last message.
    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        loop {
            if let Some(Message { bytes, compressed }) = message::next(&mut self.sent, MOST)? {
                if compressed {
                    return Poll::Ready(Err(compressed_message()));
                }
                let reply = (self.answer)(&bytes, message::begin(bytes.len()))?;
                return Poll::Ready(message::seal(reply, false).map(|reply| Some(reply.into())));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None if self.sent.is_empty() => return Poll::Ready(Ok(None)),
                None => return Poll::Ready(Err(Failure::invalid("the last message is cut"))),
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    if self.sent.is_empty() {
                        self.sent = data;
                    } else {
                        let mut joined = BytesMut::from(&*self.sent);
                        joined.extend_from_slice(&data);
                        self.sent = joined.freeze();
                    }
                }
                Some(Err(Error::LateBody)) => {
                    let message = "no message came in time";
                    return Poll::Ready(Err(Failure::new(Code::RequestTimeout, message)));
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(Failure::invalid(error.to_string())));
                }
            }
        }
    }
}

fn compressed_message() -> Failure {
    let message = "compressed messages are understood by `ModelInfer` only; send them plain";
    Failure::new(Code::Unimplemented, message)
}

impl<A> Frames for Conversation<A>
where
    A: FnMut(&[u8], Vec<u8>) -> Result<Vec<u8>, Failure> + Send,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let trailers = match ready!(self.poll_reply(cx)) {
            Ok(Some(reply)) => return Poll::Ready(Some(Frame::data(reply))),
            Ok(None) => status::ok(),
            Err(failure) => status::failed(&failure),
        };
        self.over = true;
        Poll::Ready(Some(Frame::trailers(trailers)))
    }
}
