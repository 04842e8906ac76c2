//! Work that a thread of the store does for somebody who waits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Connection, Touched};
use crate::Error;

/// A piece of work of any kind.
pub(super) type Job = Box<dyn Work>;

/// A piece of work, and how to tell how it ended.
pub(super) trait Work: Send {
    /// Does it: true when what it changed is to be kept. It can be done again once that is undone.
    fn run(&mut self, on: &mut dyn Connection) -> bool;

    /// What it touches of what is kept.
    fn touched(&self) -> &Touched;

    /// Tells who waits: the result, or why the transaction could not be ended.
    fn tell(self: Box<Self>, ended: Result<(), Unended>);
}

/// Why a transaction could not be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unended {
    /// The disk is full.
    Full,
    /// Anything else, as the log says.
    Lost,
}

impl From<Unended> for Error {
    fn from(why: Unended) -> Self {
        match why {
            Unended::Full => Self::Full,
            Unended::Lost => Self::Unavailable,
        }
    }
}

/// Work with its result and the way to tell it.
struct Task<T, F, S> {
    work: F,
    touched: Touched,
    result: Option<Result<T, Error>>,
    send: S,
}

impl<T, F, S> Work for Task<T, F, S>
where
    T: Send,
    F: Fn(&mut dyn Connection) -> Result<T, Error> + Send,
    S: FnOnce(Result<T, Error>) + Send,
{
    fn run(&mut self, on: &mut dyn Connection) -> bool {
        self.result = None;
        let result = (self.work)(on);
        let is_kept = result.is_ok();
        self.result = Some(result);
        is_kept
    }

    fn touched(&self) -> &Touched {
        &self.touched
    }

    fn tell(self: Box<Self>, ended: Result<(), Unended>) {
        let result = self.result.unwrap_or(Err(Error::Unavailable));
        (self.send)(ended.map_err(Error::from).and(result));
    }
}

/// Work whose result is given to `send`.
pub(super) fn job<T: Send + 'static>(
    touched: Touched,
    work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
    send: impl FnOnce(Result<T, Error>) + Send + 'static,
) -> Job {
    Box::new(Task { work, touched, result: None, send })
}

/// Does it, and keeps nothing of work that panics: its caller learns that it has no answer.
pub(super) fn guarded(on: &mut dyn Connection, job: &mut Job) -> bool {
    catch_unwind(AssertUnwindSafe(|| job.run(on))).unwrap_or_else(|_| {
        tracing::error!("a piece of work for the store panicked");
        false
    })
}
