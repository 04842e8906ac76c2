use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
};

use tokio_util::sync::CancellationToken;

/// The way down, shared by everything that has to end: readiness turns off, listeners close,
/// what runs is finished.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The same as the token says. To ask the token takes a lock, and every request asks.
    begun: AtomicBool,
    token: CancellationToken,
}

impl Drain {
    /// A drain that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins it. Doing so twice is harmless.
    pub fn begin(&self) {
        self.0.begun.store(true, Release);
        self.0.token.cancel();
    }

    /// True once it has begun.
    pub fn has_begun(&self) -> bool {
        self.0.begun.load(Acquire)
    }

    /// Waits until it begins.
    pub fn begun(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.token.clone().cancelled_owned()
    }

    /// Waits for `TERM` or `INT`. The handlers are in place when this returns, before the future
    /// is first polled: a signal in between is not lost.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn signal() -> io::Result<impl Future<Output = &'static str> + Send + 'static> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = term.recv() => "TERM",
                _ = interrupt.recv() => "INT",
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Drain;

    #[tokio::test]
    async fn every_clone_learns_of_it() {
        let drain = Drain::new();
        let other = drain.clone();
        assert!(!other.has_begun());
        drain.begin();
        other.begun().await;
        assert!(other.has_begun());
    }
}
