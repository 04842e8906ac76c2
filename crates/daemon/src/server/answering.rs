use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::{
    Response,
    header::{CONNECTION, HeaderValue},
};
use pin_project_lite::pin_project;

use super::{
    body::{OpenRequest, ReplyBody},
    upgrade::Upgrade,
};

pin_project! {
    /// The answer to a request of HTTP/1. An `async` block would hold the service's future twice,
    /// before and while it is awaited, and hyper moves all of it several times.
    pub(super) struct Answering<F> {
        #[pin]
        answer: F,
        // taken when the answer is there
        open: Option<OpenRequest>,
    }
}

impl<F> Answering<F> {
    pub(super) fn new(answer: F, open: OpenRequest) -> Self {
        Self { answer, open: Some(open) }
    }
}

impl<F, B> Future for Answering<F>
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
        if open.watch().is_draining() || open.watch().is_body_left() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(upgrade) = response.extensions_mut().remove::<Upgrade>() {
            open.watch().upgrades(upgrade);
        }
        Poll::Ready(Ok(response.map(|body| ReplyBody::new(body, open))))
    }
}
