//! The threads that write: one runs jobs, the other waits for the disk meanwhile.
//!
//! Jobs that wait run in one transaction. It is ended, which hands its pages to the system, as soon as the disk has
//! the one before; who asked is told once the disk has them too. So jobs never wait for the disk of others, and
//! share their own.

use std::{
    fs::File,
    io, mem,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
};

use rusqlite::Connection as Handle;

use super::{Open, Texts, run, spawn, why};
use crate::{
    Error,
    store::work::{Job, Unended, guarded},
};

/// Most writes in one transaction.
const TOGETHER: usize = 128;

/// What the thread that runs jobs waits for.
pub(super) enum Event {
    /// A job.
    Job(Job),
    /// The disk has so many transactions.
    Synced(usize),
    /// There will be no more jobs.
    End,
}

/// Starts the threads. Nothing else may write by `handle`, whose log of changes is at `log`. What is kept of runs is
/// told of each commit.
///
/// # Errors
/// When the log cannot be opened, or a thread cannot be started.
pub(super) fn start(
    handle: Handle,
    log: &str,
    texts: Option<Arc<Texts>>,
) -> Result<Sender<Event>, Error> {
    let log = File::open(log).map_err(|error| {
        tracing::error!(%error, path = log, "the log of changes cannot be opened");
        Error::Unavailable
    })?;
    let (send, events) = mpsc::channel();
    let (groups, ended) = mpsc::channel();
    let synced = send.clone();
    spawn("store-sync", move || sync_all(&log, &ended, &synced))?;
    let version = version(&handle)?;
    let writer = Writer {
        handle,
        texts,
        version,
        groups,
        group: Vec::new(),
        under_way: 0,
        changes: 0,
        is_careful: false,
        is_full: false,
    };
    spawn("store-write", move || writer.run(&events))?;
    Ok(send)
}

/// Has the disk take what was written, and tells who asked.
fn sync_all(log: &File, groups: &Receiver<Vec<Job>>, events: &Sender<Event>) {
    while let Ok(first) = groups.recv() {
        let groups: Vec<_> = [first].into_iter().chain(groups.try_iter()).collect();
        let ended = log.sync_data().map_err(|error| {
            tracing::error!(%error, "the disk did not take what was written");
            if error.kind() == io::ErrorKind::StorageFull { Unended::Full } else { Unended::Lost }
        });
        // a writer that is gone has ended all its transactions
        let _ = events.send(Event::Synced(groups.len()));
        for job in groups.into_iter().flatten() {
            job.tell(ended);
        }
    }
}

/// The thread that runs jobs.
struct Writer {
    handle: Handle,
    texts: Option<Arc<Texts>>,
    /// The number of the database that each change by another connection changes.
    version: i64,
    /// Where transactions go that are ended.
    groups: Sender<Vec<Job>>,
    /// The jobs of the transaction that is open; none is when it is empty.
    group: Vec<Job>,
    /// How many transactions the disk does not have yet.
    under_way: usize,
    /// How many rows the handle had changed when the transaction began.
    changes: u64,
    /// Whether each job of the transaction gets a savepoint.
    is_careful: bool,
    /// Whether a job of the transaction met a disk that is full.
    is_full: bool,
}

impl Writer {
    fn run(mut self, events: &Receiver<Event>) {
        let mut is_over = false;
        while !is_over {
            let Ok(event) = events.recv() else { break };
            for event in [event].into_iter().chain(events.try_iter()) {
                match event {
                    Event::Job(job) => self.work(job),
                    Event::Synced(count) => self.under_way -= count,
                    Event::End => is_over = true,
                }
                if self.group.len() >= TOGETHER || self.handle.is_autocommit() {
                    self.end();
                }
            }
            if self.under_way == 0 || is_over {
                self.end();
            }
        }
    }

    /// Runs a job in the transaction that is open, or in a new one.
    fn work(&mut self, mut job: Job) {
        if self.group.is_empty()
            && let Err(error) = self.begin()
        {
            return job.tell(Err(why(&error)));
        }
        if self.is_careful {
            self.is_full |= in_savepoint(&mut self.handle, &mut job);
            return self.group.push(job);
        }
        let before = self.handle.total_changes();
        let mut open = Open { handle: &mut self.handle, is_full: false, kept: None };
        let is_kept = guarded(&mut open, &mut job);
        self.is_full |= open.is_full;
        self.group.push(job);
        let is_clean = is_kept || self.handle.total_changes() == before;
        if !is_clean && !self.handle.is_autocommit() {
            self.again();
        }
    }

    fn begin(&mut self) -> rusqlite::Result<()> {
        self.is_careful = false;
        self.is_full = false;
        self.changes = self.handle.total_changes();
        run(&self.handle, "BEGIN IMMEDIATE").inspect_err(|error| {
            tracing::error!(%error, "no transaction can be begun");
        })?;
        if let Some(Texts { kept, commits }) = self.texts.as_deref()
            // what cannot be counted is nothing that was told of
            && kept.begin(commits.last().unwrap_or_default())
        {
            self.version = version(&self.handle)?;
        }
        Ok(())
    }

    /// Ends the transaction in the database, and tells what is kept of runs.
    fn commit(&mut self, group: &[Job]) -> Result<(), Unended> {
        let Some(Texts { kept, commits }) = self.texts.as_deref() else {
            return commit(&self.handle, self.is_full);
        };
        kept.touch(group.iter().map(|job| job.touched()));
        let ended = commit(&self.handle, self.is_full);
        // in this order: a commit of another connection that is counted has changed the number too
        let last = commits.last();
        let version = version(&self.handle).unwrap_or_default();
        kept.end(last.filter(|_| version == self.version));
        self.version = version;
        ended
    }

    /// Undoes the transaction, of which one job is not to be kept, and does all again so that this one can be undone
    /// by itself. A savepoint costs a copy of all pages that are changed after it, and jobs that fail after they
    /// changed something are rare.
    fn again(&mut self) {
        let mut jobs = mem::take(&mut self.group);
        if let Err(error) = run(&self.handle, "ROLLBACK").and_then(|_| self.begin()) {
            let ended = Err(why(&error));
            return jobs.into_iter().for_each(|job| job.tell(ended));
        }
        self.is_careful = true;
        for job in &mut jobs {
            self.is_full |= in_savepoint(&mut self.handle, job);
        }
        self.group = jobs;
    }

    /// Ends the transaction, if one is open.
    fn end(&mut self) {
        if self.group.is_empty() {
            return;
        }
        let group = mem::take(&mut self.group);
        let ended = self.commit(&group);
        let is_unchanged = self.handle.total_changes() == self.changes && self.under_way == 0;
        if ended.is_err() || is_unchanged {
            return group.into_iter().for_each(|job| job.tell(ended));
        }
        self.under_way += 1;
        // the thread that syncs ends after this one
        let _ = self.groups.send(group);
    }
}

/// Runs a job whose changes can be undone without those of others: true when the disk was full.
fn in_savepoint(handle: &mut Handle, job: &mut Job) -> bool {
    if let Err(error) = run(handle, "SAVEPOINT job") {
        tracing::error!(%error, "no savepoint can be set");
        return why(&error) == Unended::Full;
    }
    let mut open = Open { handle, is_full: false, kept: None };
    let is_kept = guarded(&mut open, job);
    let is_full = open.is_full;
    let ended = if is_kept { Ok(0) } else { run(handle, "ROLLBACK TO job") };
    if let Err(error) = ended.and_then(|_| run(handle, "RELEASE job")) {
        // SQLite has undone the whole transaction, as `commit` finds out
        tracing::error!(%error, "a savepoint is gone");
    }
    is_full
}

/// A number that is another one once a connection that is not `handle` has changed the database.
fn version(handle: &Handle) -> rusqlite::Result<i64> {
    handle.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// Ends a transaction: when it could, the system has all pages.
fn commit(handle: &Handle, is_full: bool) -> Result<(), Unended> {
    if handle.is_autocommit() {
        tracing::error!(is_full, "SQLite has undone a transaction by itself");
        return Err(if is_full { Unended::Full } else { Unended::Lost });
    }
    let Err(error) = run(handle, "COMMIT") else { return Ok(()) };
    tracing::error!(%error, "a transaction could not be ended");
    if !handle.is_autocommit()
        && let Err(error) = run(handle, "ROLLBACK")
    {
        tracing::error!(%error, "a transaction that failed could not be undone");
    }
    Err(why(&error))
}
