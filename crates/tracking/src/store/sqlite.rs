//! SQLite: one thread that writes, several that read.
//!
//! The writer runs all writes that wait in one transaction, each in a savepoint of its own, and tells
//! their callers once it is on disk: they share the cost of the disk, and none sees another's failure.

mod functions;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection as Handle, ErrorCode, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    Connection, Dialect, Prepare, Row, Value,
    work::{Job, Unended, guarded},
};
use crate::Error;

/// Most writes in one transaction.
const TOGETHER: usize = 128;

/// Threads that read.
const READERS: usize = 4;

/// How long another process may hold the database.
const BUSY: Duration = Duration::from_secs(20);

/// After how long a database that was busy is asked again.
const AGAIN: Duration = Duration::from_millis(10);

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// A database of SQLite with its threads. They end when it is dropped.
#[derive(Debug)]
pub(super) struct Sqlite {
    writes: Sender<Job>,
    reads: Sender<Job>,
}

impl Sqlite {
    pub(super) fn open(path: impl AsRef<Path>, schema: Prepare) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut writer = connect(path)?;
        prepare(&mut writer, schema)?;
        let (writes, jobs) = mpsc::channel();
        spawn("store-write", move || write_all(&mut writer, &jobs))?;
        let (reads, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..READERS {
            let mut reader = connect(path)?;
            let jobs = jobs.clone();
            spawn("store-read", move || {
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    read_one(&mut reader, job);
                }
            })?;
        }
        Ok(Self { writes, reads })
    }

    pub(super) fn read(&self, job: Job) -> Result<(), Error> {
        self.reads.send(job).map_err(|_| Error::Unavailable)
    }

    pub(super) fn write(&self, job: Job) -> Result<(), Error> {
        self.writes.send(job).map_err(|_| Error::Unavailable)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|_| Error::Unavailable)
}

fn connect(path: &Path) -> Result<Handle, Error> {
    let handle = Handle::open(path)?;
    handle.busy_timeout(BUSY)?;
    handle.set_prepared_statement_cache_capacity(STATEMENTS);
    keep_log(&handle)?;
    // `synchronous` is FULL: an acknowledged write is on disk
    handle.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA case_sensitive_like = ON; PRAGMA cache_size = -4096;",
    )?;
    functions::add(&handle)?;
    Ok(handle)
}

/// Has changes go to a log first, so that who reads does not wait for who writes. While a database is changed to
/// that, SQLite refuses others at once, whatever the timeout.
fn keep_log(handle: &Handle) -> Result<(), Error> {
    let begun = Instant::now();
    loop {
        match handle.execute_batch("PRAGMA journal_mode = WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < BUSY =>
            {
                thread::sleep(AGAIN);
            }
            done => return Ok(done?),
        }
    }
}

/// Makes or recognises the schema, whole or not at all.
fn prepare(handle: &mut Handle, schema: Prepare) -> Result<(), Error> {
    handle.execute_batch("BEGIN IMMEDIATE")?;
    let done = schema(&mut Open { handle, is_full: false });
    handle.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

fn read_one(handle: &mut Handle, mut job: Job) {
    let begun = handle.execute_batch("BEGIN");
    guarded(&mut Open { handle, is_full: false }, &mut job);
    // a snapshot that is not given up keeps the log of changes from being emptied
    let ended = begun.and_then(|()| handle.execute_batch("ROLLBACK"));
    job.tell(ended.map_err(|error| why(&error)));
}

fn write_all(handle: &mut Handle, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        if let Err(error) = handle.execute_batch("BEGIN IMMEDIATE") {
            tracing::error!(%error, "no transaction can be begun");
            first.tell(Err(why(&error)));
            continue;
        }
        let mut done = Vec::new();
        let mut next = Some(first);
        let mut is_full = false;
        while let Some(mut job) = next {
            is_full |= in_savepoint(handle, &mut job);
            done.push(job);
            let more = done.len() < TOGETHER && !handle.is_autocommit();
            next = more.then(|| jobs.try_recv().ok()).flatten();
        }
        let ended = commit(handle, is_full);
        for job in done {
            job.tell(ended);
        }
    }
}

/// Runs a job whose changes can be undone without those of others: true when the disk was full.
fn in_savepoint(handle: &mut Handle, job: &mut Job) -> bool {
    if let Err(error) = run(handle, "SAVEPOINT job") {
        tracing::error!(%error, "no savepoint can be set");
        return why(&error) == Unended::Full;
    }
    let mut open = Open { handle, is_full: false };
    let is_kept = guarded(&mut open, job);
    let is_full = open.is_full;
    let ended = if is_kept { Ok(0) } else { run(handle, "ROLLBACK TO job") };
    if let Err(error) = ended.and_then(|_| run(handle, "RELEASE job")) {
        // SQLite has undone the whole transaction, as `commit` finds out
        tracing::error!(%error, "a savepoint is gone");
    }
    is_full
}

fn run(handle: &Handle, sql: &str) -> rusqlite::Result<usize> {
    handle.prepare_cached(sql)?.execute([])
}

/// Ends a transaction: when it could, everything is on disk.
fn commit(handle: &mut Handle, is_full: bool) -> Result<(), Unended> {
    if handle.is_autocommit() {
        tracing::error!(is_full, "SQLite has undone a transaction by itself");
        return Err(if is_full { Unended::Full } else { Unended::Lost });
    }
    let Err(error) = handle.execute_batch("COMMIT") else { return Ok(()) };
    tracing::error!(%error, "a transaction could not be ended");
    if !handle.is_autocommit()
        && let Err(error) = handle.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction that failed could not be undone");
    }
    Err(why(&error))
}

fn why(error: &rusqlite::Error) -> Unended {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Unended::Full,
        _ => Unended::Lost,
    }
}

/// A connection in use.
struct Open<'h> {
    handle: &'h mut Handle,
    /// Whether a statement met a disk that is full.
    is_full: bool,
}

impl Open<'_> {
    fn noticed<T>(&mut self, done: rusqlite::Result<T>) -> Result<T, Error> {
        done.map_err(|error| {
            self.is_full |= why(&error) == Unended::Full;
            error.into()
        })
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bool(flag) => ValueRef::Integer((*flag).into()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Connection for Open<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let done = self
            .handle
            .prepare_cached(sql)
            .and_then(|mut it| it.execute(rusqlite::params_from_iter(values)));
        Ok(self.noticed(done)? as u64)
    }

    fn script(&mut self, sql: &str) -> Result<(), Error> {
        let done = self.handle.execute_batch(sql);
        self.noticed(done)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let found = rows(self.handle, sql, values);
        self.noticed(found)
    }
}

fn rows(handle: &Handle, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = handle.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Real(number) => Value::Real(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            });
        }
        found.push(Row::new(values));
    }
    Ok(found)
}
