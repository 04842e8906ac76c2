use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncWrite};

/// The stream of a connection whose reply has switched protocols.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Start = Box<dyn FnOnce(Box<dyn Duplex>) -> Work + Send>;

/// What goes on on a connection of HTTP/1 after a reply with status 101 (RFC 9110 §15.2.2). A service
/// puts it into the extensions of that reply; the connection counts as busy until it ends.
#[derive(Clone)]
pub struct Upgrade(Arc<Mutex<Option<Start>>>);

impl Upgrade {
    /// `start` gets the stream once the reply is written.
    pub fn new<F, W>(start: F) -> Self
    where
        F: FnOnce(Box<dyn Duplex>) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let start: Start = Box::new(move |stream| Box::pin(start(stream)));
        Self(Arc::new(Mutex::new(Some(start))))
    }

    /// Runs it; a second time it does nothing.
    pub(super) async fn run(self, stream: impl Duplex + 'static) {
        let start = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(start) = start {
            start(Box::new(stream)).await;
        }
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Upgrade")
    }
}
