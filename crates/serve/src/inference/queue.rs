//! Requests that wait for the pool and may be computed together.
//!
//! A request puts itself into the line of its model and sees to it that the pool is called. A thread of the pool takes
//! from the line what fits together, at most a batch, so a line grows only while every thread is busy or while a batch
//! is held back to fill up. No lock is held while a model runs.

use std::{
    collections::{HashMap, VecDeque},
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, time::timeout};

use super::{Answer, Decoded, Pool};
use crate::{config::Batching, failure::Failure};

mod batch;

/// Most bytes of the values of a batch of several requests.
const BATCH_BYTES: usize = 16 << 20;

/// The lines of all models that have one now.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: Batching,
    pool: Pool,
    lines: Mutex<HashMap<usize, Line>>,
}

/// The requests to one version of a model that wait.
#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Entry>,
    rows: usize,
    /// The pool was called for this line, and none of its threads has come yet.
    called: bool,
}

/// A request that waits.
struct Entry {
    decoded: Decoded,
    reply: oneshot::Sender<Result<Answer, Failure>>,
}

impl Entry {
    fn rows(&self) -> usize {
        self.decoded.query.table.rows
    }

    /// The caller waits no longer.
    fn is_left(&self) -> bool {
        self.reply.is_closed()
    }

    /// True when one run answers both.
    fn matches(&self, other: &Self) -> bool {
        let (a, b) = (&self.decoded, &other.decoded);
        a.methods() == b.methods() && a.query.table.matches(&b.query.table)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("since", &self.decoded.since).finish_non_exhaustive()
    }
}

/// A request in its line, which it leaves when its caller does.
struct Waiting {
    queue: Arc<Queue>,
    key: usize,
    answer: oneshot::Receiver<Result<Answer, Failure>>,
    is_answered: bool,
}

impl Waiting {
    async fn answer(&mut self) -> Result<Answer, Failure> {
        let answer = (&mut self.answer).await;
        self.is_answered = true;
        answer.unwrap_or_else(|_| {
            let detail = "the batch it was in ended without it";
            Err(Failure::internal("the request was not answered", detail))
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_answered {
            self.answer.close();
            self.queue.clear(self.key);
        }
    }
}

impl Queue {
    /// Nobody waits yet.
    pub(crate) fn new(limits: Batching, pool: Pool) -> Arc<Self> {
        Arc::new(Self { limits, pool, lines: Mutex::default() })
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lines().values().map(|line| line.waiting.len()).sum()
    }

    /// True for a request that may be one of several in a batch.
    pub(super) fn takes(&self, decoded: &Decoded) -> bool {
        let rows = decoded.query.table.rows;
        rows > 0 && rows < self.limits.rows && decoded.is_row_by_row() && !decoded.is_known()
    }

    /// Answers a request together with those that wait.
    pub(super) async fn answer(self: &Arc<Self>, decoded: Decoded) -> Result<Answer, Failure> {
        // the request's own handle keeps the address from becoming that of another model
        let key = Arc::as_ptr(&decoded.task.served).addr();
        let (reply, answer) = oneshot::channel();
        let mut waiting = Waiting { queue: self.clone(), key, answer, is_answered: false };
        self.join(key, Entry { decoded, reply });
        if !self.call(key)?
            && let Ok(answer) = timeout(self.limits.delay, waiting.answer()).await
        {
            return answer;
        }
        self.call(key)?;
        waiting.answer().await
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<usize, Line>> {
        // nothing under the lock panics
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, key: usize, entry: Entry) {
        let mut lines = self.lines();
        let line = lines.entry(key).or_default();
        line.rows += entry.rows();
        line.waiting.push_back(entry);
    }

    /// Calls the pool for a line that is due; false when the line may still fill up.
    fn call(self: &Arc<Self>, key: usize) -> Result<bool, Failure> {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(&key).filter(|line| !line.called) else {
            return Ok(true);
        };
        if !self.is_due(line) {
            return Ok(false);
        }
        let queue = self.clone();
        self.pool.submit(Box::new(move || queue.work(key)))?;
        line.called = true;
        Ok(true)
    }

    fn is_due(&self, line: &Line) -> bool {
        let first = line.waiting.front();
        line.rows >= self.limits.rows
            || first.is_none_or(|first| first.decoded.since.elapsed() >= self.limits.delay)
    }

    /// Computes a batch of a line, on a thread of the pool.
    fn work(self: Arc<Self>, key: usize) {
        loop {
            let batch = self.take(key);
            // what is left over is for the next thread that is free
            let called = self.call(key);
            // each request is told of its own panic; this catches one in between
            drop(catch_unwind(AssertUnwindSafe(|| batch::run(batch))));
            if called.is_ok() {
                return;
            }
        }
    }

    /// Takes the first that waits, and what can be computed with it. Whoever has left is dropped.
    fn take(&self, key: usize) -> Vec<Entry> {
        let mut batch: Vec<Entry> = Vec::new();
        let mut left = Vec::new();
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(&key) else { return batch };
        line.called = false;
        let (mut rows, mut bytes) = (0, 0);
        let mut at = 0;
        while at < line.waiting.len() && rows < self.limits.rows {
            let Some(entry) = line.waiting.get(at) else { break };
            let is_left = entry.is_left();
            let room = rows + entry.rows() <= self.limits.rows;
            let size = entry.decoded.query.table.bytes();
            let fits = batch
                .first()
                .is_none_or(|first| room && bytes + size <= BATCH_BYTES && first.matches(entry));
            if !is_left && !fits {
                at += 1;
                continue;
            }
            let Some(entry) = line.waiting.remove(at) else { break };
            line.rows -= entry.rows();
            if is_left {
                left.push(entry);
            } else {
                rows += entry.rows();
                bytes += size;
                batch.push(entry);
            }
        }
        if line.waiting.is_empty() {
            lines.remove(&key);
        }
        drop(lines);
        drop(left);
        batch
    }

    /// Drops the requests of a line whose callers have left.
    fn clear(&self, key: usize) {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(&key) else { return };
        let waiting = mem::take(&mut line.waiting);
        let left: VecDeque<Entry>;
        (left, line.waiting) = waiting.into_iter().partition(Entry::is_left);
        line.rows -= left.iter().map(Entry::rows).sum::<usize>();
        if line.waiting.is_empty() && !line.called {
            lines.remove(&key);
        }
        drop(lines);
        drop(left);
    }
}
