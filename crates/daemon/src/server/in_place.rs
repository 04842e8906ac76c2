use std::{
    future::Future,
    task::{Context, Waker},
};

use hyper::rt::Executor;

/// Answers a request of HTTP/2 where its connection is read, for as long as nothing has to be waited
/// for: most requests are there whole and are answered at once, which saves them a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct InPlace;

impl<F> Executor<F> for InPlace
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let mut future = Box::pin(future);
        // a task polls it again before anything can wake it
        let mut nobody = Context::from_waker(Waker::noop());
        if future.as_mut().poll(&mut nobody).is_pending() {
            tokio::spawn(future);
        }
    }
}
