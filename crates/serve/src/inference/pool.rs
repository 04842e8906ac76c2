//! Threads for work that would hold up an event loop.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use longshore_daemon::Code;
use tokio::sync::oneshot;

use crate::failure::{Failure, Rejection};

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// A bounded queue with a few threads behind it. The threads end when the last handle is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    queue: SyncSender<Job>,
}

impl Pool {
    /// Starts `threads` threads behind a queue of `waiting` places.
    pub(crate) fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for at in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new().name(format!("compute-{at}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// Runs `work` on one of the threads. When the caller stops waiting before it begins, it is
    /// not begun.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            if !reply.is_closed() {
                // nobody waits any more when this fails
                drop(reply.send(guarded(work)));
            }
        });
        self.submit(job)?;
        answer.await.unwrap_or_else(|_| Err(panicked()))
    }

    /// Has one of the threads do a job, which never panics.
    pub(super) fn submit(&self, job: Job) -> Result<(), Failure> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => {
                Failure::rejected(Rejection::Overload, "too many requests wait for an answer")
            }
            TrySendError::Disconnected(_) => {
                Failure::new(Code::Unavailable, "the server is going down")
            }
        })
    }
}

/// Does work whose panic is a failure of its own request, and of no other.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> Failure {
    Failure::internal("the request was not answered", "the work panicked")
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // a panic is caught inside the job, so the lock is never poisoned by one
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn work_is_done_elsewhere_and_a_panic_stays_there() {
        let pool = Pool::start(1, 4).unwrap();
        assert_eq!(
            pool.run(|| Ok(thread::current().name().map(str::to_owned))).await,
            Ok(Some("compute-0".into()))
        );
        assert!(pool.run::<()>(|| panic!("on purpose")).await.is_err());
        assert_eq!(pool.run(|| Ok(1)).await, Ok(1));
    }

    #[tokio::test]
    async fn work_nobody_waits_for_is_not_begun() {
        let pool = Arc::new(Pool::start(1, 4).unwrap());
        let spawn = |work: Job| {
            let pool = pool.clone();
            tokio::spawn(async move {
                pool.run(move || {
                    work();
                    Ok(())
                })
                .await
            })
        };
        let (begun, wait) = std::sync::mpsc::channel();
        let gate = Arc::new(Barrier::new(2));
        let held = gate.clone();
        let first = spawn(Box::new(move || {
            begun.send(()).unwrap();
            held.wait();
        }));
        let done = Arc::new(AtomicUsize::new(0));
        let counter = done.clone();
        let second = spawn(Box::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        // both are queued once they have been polled
        tokio::task::yield_now().await;
        wait.recv().unwrap();
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        gate.wait();
        assert_eq!(first.await.unwrap(), Ok(()));
        pool.run(|| Ok(())).await.unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 0);
    }
}
