//! What is to be reconciled, and when: each service once at a time, and what fails later and later.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    time::Duration,
};

use futures_util::StreamExt;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::time::{DelayQueue, delay_queue};

use crate::cluster::Key;

/// The first wait after a failure; it doubles with each that follows.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The wait after somebody else wrote in between.
pub(super) const CONFLICT: Duration = Duration::from_millis(100);

/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// What is to be done with a service after a look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing until something changes.
    Wait,
    /// Another look after this time, when nothing changes before.
    After(Duration),
    /// Another look later and later: something failed.
    Retry,
}

/// Where services are put in.
#[derive(Clone, Debug)]
pub(crate) struct Queue(mpsc::UnboundedSender<Key>);

/// Where they come out.
#[derive(Debug)]
pub(crate) struct Waiting(mpsc::UnboundedReceiver<Key>);

/// A queue, and its other end.
pub(crate) fn queue() -> (Queue, Waiting) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Queue(sender), Waiting(receiver))
}

impl Queue {
    /// Asks for a look at this service.
    pub(crate) fn add(&self, key: Key) {
        // nobody listens once the operator ends
        let _ = self.0.send(key);
    }
}

/// The services that wait and those that are looked at.
#[derive(Default)]
struct Work {
    due: DelayQueue<Key>,
    waiting: HashMap<Key, (Instant, delay_queue::Key)>,
    running: HashSet<Key>,
    /// Asked for while it was looked at.
    again: HashSet<Key>,
    failures: HashMap<Key, u32>,
}

impl Work {
    fn add(&mut self, key: Key, delay: Duration) {
        if self.running.contains(&key) {
            self.again.insert(key);
            return;
        }
        let at = Instant::now() + delay;
        match self.waiting.get_mut(&key) {
            Some((earlier, _)) if *earlier <= at => {}
            Some((later, place)) => {
                *later = at;
                self.due.reset_at(place, at);
            }
            None => {
                let place = self.due.insert_at(key.clone(), at);
                self.waiting.insert(key, (at, place));
            }
        }
    }

    fn done(&mut self, key: Key, next: Next) {
        self.running.remove(&key);
        let asked_again = self.again.remove(&key);
        if next != Next::Retry {
            self.failures.remove(&key);
        }
        match next {
            Next::Retry => {
                let failures = self.failures.entry(key.clone()).or_default();
                let wait = FIRST_WAIT.saturating_mul(1 << (*failures).min(10)).min(LONGEST_WAIT);
                *failures += 1;
                // a change may be what mends it, yet a storm of changes must not hammer the API
                let wait = if asked_again { wait.min(Duration::from_secs(2)) } else { wait };
                self.add(key, wait);
            }
            _ if asked_again => self.add(key, Duration::ZERO),
            Next::After(delay) => self.add(key, delay),
            Next::Wait => {}
        }
    }
}

impl Waiting {
    /// Hands services to `look`, at most `parallel` at a time and each once at a time, until dropped.
    pub(crate) async fn run<F>(&mut self, parallel: usize, look: impl Fn(Key) -> F)
    where
        F: Future<Output = Next> + Send + 'static,
    {
        let mut work = Work::default();
        let mut tasks = JoinSet::new();
        let mut keys = HashMap::new();
        loop {
            tokio::select! {
                Some(key) = self.0.recv() => work.add(key, Duration::ZERO),
                Some(expired) = work.due.next(), if tasks.len() < parallel => {
                    let key = expired.into_inner();
                    work.waiting.remove(&key);
                    work.running.insert(key.clone());
                    let task = tasks.spawn(look(key.clone()));
                    keys.insert(task.id(), key);
                }
                Some(ended) = tasks.join_next_with_id() => {
                    // a look that panicked has failed
                    let (id, next) = match ended {
                        Ok((id, next)) => (id, next),
                        Err(error) => (error.id(), Next::Retry),
                    };
                    if let Some(key) = keys.remove(&id) {
                        work.done(key, next);
                    }
                }
                else => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        time::Duration,
    };

    use tokio::time::{Instant, sleep};

    use super::{Next, queue};
    use crate::cluster::Key;

    fn key(name: &str) -> Key {
        Key::new("a", name)
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_later_and_later() {
        let (queue, mut waiting) = queue();
        let times = Arc::new(Mutex::new(Vec::new()));
        queue.add(key("iris"));
        let begun = Instant::now();
        let seen = times.clone();
        let run = waiting.run(4, move |_| {
            let seen = seen.clone();
            async move {
                let mut seen = seen.lock().unwrap();
                seen.push(begun.elapsed().as_millis());
                if seen.len() < 5 { Next::Retry } else { Next::Wait }
            }
        });
        tokio::select! { () = run => {}, () = sleep(Duration::from_mins(10)) => {} }
        let times = times.lock().unwrap();
        let expected = [0, 250, 750, 1750, 3750];
        assert_eq!(times.len(), 5, "{times:?}");
        for (time, expected) in times.iter().zip(expected) {
            assert!(time.abs_diff(expected) < 10, "{times:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_service_is_looked_at_once_at_a_time_and_never_forgotten() {
        let (queue, mut waiting) = queue();
        let (now, most, looks) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let counts = Arc::new((now, most, looks));
        for _ in 0..5 {
            queue.add(key("iris"));
        }
        let (inner, again) = (counts.clone(), queue.clone());
        let run = waiting.run(4, move |key| {
            let (inner, again) = (inner.clone(), again.clone());
            async move {
                let (now, most, looks) = &*inner;
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                if looks.fetch_add(1, SeqCst) == 0 {
                    // asked for while it is looked at: one more look
                    again.add(key.clone());
                    again.add(key);
                }
                sleep(Duration::from_secs(1)).await;
                now.fetch_sub(1, SeqCst);
                Next::Wait
            }
        });
        tokio::select! { () = run => {}, () = sleep(Duration::from_mins(1)) => {} }
        assert_eq!((counts.1.load(SeqCst), counts.2.load(SeqCst)), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_panics_is_repeated() {
        let (queue, mut waiting) = queue();
        let looks = Arc::new(AtomicUsize::new(0));
        queue.add(key("iris"));
        let inner = looks.clone();
        let run = waiting.run(4, move |_| {
            let inner = inner.clone();
            async move {
                assert!(inner.fetch_add(1, SeqCst) > 0, "the first look panics");
                Next::Wait
            }
        });
        tokio::select! { () = run => {}, () = sleep(Duration::from_mins(1)) => {} }
        assert_eq!(looks.load(SeqCst), 2);
    }
}
