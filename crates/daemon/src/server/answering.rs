use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hyper::{
    Response,
    header::{CONNECTION, HeaderValue},
};
use pin_project_lite::pin_project;

use super::{
    body::{OpenRequest, ReplyBody},
    event_loop::Shared,
};

pin_project! {
    /// The answer to a request of HTTP/1. An `async` block would hold the service's future twice,
    /// before and while it is awaited, and hyper moves all of it several times.
    pub(super) struct Answering<A, S, F> {
        #[pin]
        answer: F,
        // taken when the answer is there
        open: Option<OpenRequest>,
        shared: Arc<Shared<A, S>>,
    }
}

impl<A, S, F> Answering<A, S, F> {
    pub(super) fn new(answer: F, open: OpenRequest, shared: Arc<Shared<A, S>>) -> Self {
        Self { answer, open: Some(open), shared }
    }
}

impl<A, S, F, B> Future for Answering<A, S, F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<ReplyBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answer.poll(cx))?;
        // nobody polls it again
        let Some(open) = this.open.take() else { return Poll::Pending };
        // hyper ends the connection of a body that is not read, without a word
        if this.shared.drain.has_begun() || open.watch().is_body_left() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response.map(|body| ReplyBody::new(body, open))))
    }
}
