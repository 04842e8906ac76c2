//! SQLite: one thread that writes, several that read.
//!
//! The writer runs all writes that wait in one transaction, and tells their callers once it is on disk: they share
//! the cost of the disk, and none sees another's failure.

mod commits;
mod functions;
mod sole;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection as Handle, ErrorCode, ToSql,
    config::DbConfig,
    types::{ToSqlOutput, ValueRef},
};

use commits::Commits;
pub(super) use sole::Sole;
use writer::Event;

use super::{
    Connection, Dialect, Prepare, Row, Value,
    kept::{Kept, View},
    work::{Job, Unended, guarded},
};
use crate::{Error, sql::marks};

/// Threads that read.
const READERS: usize = 4;

/// How long another process may hold the database.
const BUSY: Duration = Duration::from_secs(20);

/// After how long a database that was busy is asked again.
const AGAIN: Duration = Duration::from_millis(10);

/// Memory for pages, in KiB, of the connection that writes: the pages that a transaction changes should have room.
const PAGES: i64 = 8 << 10;

/// The same of each that reads.
const PAGES_READ: i64 = 1 << 10;

/// The log of changes is emptied when it has so many pages.
const LOG: i64 = 4000;

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// A database of SQLite with its threads. They end when it is dropped.
#[derive(Debug)]
pub(super) struct Sqlite {
    writes: Sender<Event>,
    reads: Sender<Job>,
}

impl Sqlite {
    pub(super) fn open(path: impl AsRef<Path>, schema: Prepare) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut writer = connect(path, PAGES)?;
        prepare(&mut writer, schema)?;
        let texts = Texts::open(writer.path().unwrap_or_default()).map(Arc::new);
        let log = format!("{}-wal", writer.path().unwrap_or_default());
        let writes = writer::start(writer, &log, texts.clone())?;
        let (reads, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..READERS {
            let mut reader = connect(path, PAGES_READ)?;
            let (jobs, texts) = (jobs.clone(), texts.clone());
            spawn("store-read", move || {
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    read_one(&mut reader, texts.as_deref(), job);
                }
            })?;
        }
        Ok(Self { writes, reads })
    }

    pub(super) fn read(&self, job: Job) -> Result<(), Error> {
        self.reads.send(job).map_err(|_| Error::Unavailable)
    }

    pub(super) fn write(&self, job: Job) -> Result<(), Error> {
        self.writes.send(Event::Job(job)).map_err(|_| Error::Unavailable)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // a writer that is gone needs not be told
        let _ = self.writes.send(Event::End);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|_| Error::Unavailable)
}

fn connect(path: &Path, pages: i64) -> Result<Handle, Error> {
    let handle = Handle::open(path)?;
    handle.busy_timeout(BUSY)?;
    handle.set_prepared_statement_cache_capacity(STATEMENTS);
    // else most statements would be planned anew for each value that is bound
    handle.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    keep_log(&handle)?;
    // the writer has the disk take every transaction by itself; SQLite need only do so before it empties the log
    handle.execute_batch(&format!(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{pages}; PRAGMA wal_autocheckpoint = {LOG};"
    ))?;
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
    let done = schema(&mut Open { handle, is_full: false, kept: None });
    handle.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

fn read_one(handle: &mut Handle, texts: Option<&Texts>, mut job: Job) {
    let before = texts.map(|it| (it.kept.known(), it.commits.last()));
    let begun = run(handle, "BEGIN");
    let kept = texts.zip(before).and_then(|(texts, (known, last))| {
        // the state is taken by the first statement; it is known which one that is when nobody commits meanwhile
        handle.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1").ok()?.exists([]).ok()?;
        let commit = last.filter(|_| texts.commits.last() == last)?;
        Some((&texts.kept, texts.kept.view(known, commit)?))
    });
    guarded(&mut Open { handle, is_full: false, kept }, &mut job);
    // a snapshot that is not given up keeps the log of changes from being emptied
    let ended = begun.and_then(|_| run(handle, "ROLLBACK"));
    job.tell(ended.map(drop).map_err(|error| why(&error)));
}

/// Runs a statement without values, which stays prepared.
fn run(handle: &Handle, sql: &str) -> rusqlite::Result<usize> {
    handle.prepare_cached(sql)?.execute([])
}

fn why(error: &rusqlite::Error) -> Unended {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Unended::Full,
        _ => Unended::Lost,
    }
}

/// The texts that are kept, and the number of commits that tells whether they still hold.
#[derive(Debug)]
struct Texts {
    kept: Kept,
    commits: Commits,
}

impl Texts {
    /// None, of a database that is in use; `None` where commits cannot be counted.
    fn open(database: &str) -> Option<Self> {
        let commits = Commits::open(database).inspect_err(|error| {
            tracing::warn!(%error, "what is read is not kept: the index of the log of changes cannot be read");
        });
        let commits = commits.ok()?;
        Some(Self { kept: Kept::new(commits.last()?), commits })
    }
}

/// A connection in use.
struct Open<'h> {
    handle: &'h mut Handle,
    /// The texts that are kept, and the state that is read of them.
    kept: Option<(&'h Kept, View)>,
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

    fn insert(
        &mut self,
        begin: &str,
        width: usize,
        values: &[Value],
        end: &str,
    ) -> Result<u64, Error> {
        let done = insert(self.handle, begin, width, values, end);
        self.noticed(done)
    }

    fn script(&mut self, sql: &str) -> Result<(), Error> {
        let done = self.handle.execute_batch(sql);
        self.noticed(done)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let found = rows(self.handle, sql, values);
        self.noticed(found)
    }

    fn kept(&mut self, run: &str) -> Option<Arc<str>> {
        let (kept, view) = self.kept?;
        kept.get(view, run)
    }

    fn keep(&mut self, run: &str, text: &Arc<str>) {
        if let Some((kept, view)) = self.kept {
            kept.put(view, run, text);
        }
    }
}

/// Adds rows one by one: a statement of many copies the pages that it changes, to be able to undo itself. What a row has
/// in common with the one before stays bound.
fn insert(
    handle: &Handle,
    begin: &str,
    width: usize,
    values: &[Value],
    end: &str,
) -> rusqlite::Result<u64> {
    if values.is_empty() {
        return Ok(0);
    }
    let sql = format!("{begin} VALUES ({}) {end}", marks(width));
    let mut statement = handle.prepare_cached(&sql)?;
    let (mut count, mut before): (u64, &[Value]) = (0, &[]);
    for row in values.chunks(width) {
        for (column, value) in row.iter().enumerate() {
            // numbers are told apart by their bits, and cost nothing to bind
            if !matches!(value, Value::Text(_)) || before.get(column) != Some(value) {
                statement.raw_bind_parameter(column + 1, value)?;
            }
        }
        count += statement.raw_execute()? as u64;
        before = row;
    }
    Ok(count)
}

/// All rows of a query.
///
/// # Errors
/// Those of the database.
pub(crate) fn rows(handle: &Handle, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
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
