//! Postgres: several threads, each with a connection of its own.
//!
//! A transaction sees one state of the database, and a write that meets another's is undone and done again
//! on the new state, so that operations need not know of each other.

mod session;
mod sole;
mod tls;
mod types;
mod uri;

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, SystemTime},
};

use session::{Failure, Link, Open};
pub(super) use sole::Sole;

use super::{
    Location, Prepare,
    work::{Job, Unended, guarded},
};
use crate::Error;

/// Connections that read.
const READERS: usize = 4;

/// Connections that write. Those that end at one time share the cost of the disk.
const WRITERS: usize = 8;

/// How often a write is tried that meets others'.
const TRIES: u32 = 20;

/// How many of these tries are among the other writes of this server. Then it has its turn alone, so that
/// only other servers can be in its way.
const TOGETHER: u32 = 2;

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const WRITE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";

/// A database of Postgres with its threads. They end when it is dropped.
#[derive(Debug)]
pub(super) struct Postgres {
    writes: Sender<Job>,
    reads: Sender<Job>,
}

impl Postgres {
    pub(super) fn open(location: Location, prepare: Prepare) -> Result<Self, Error> {
        let location = Arc::new(location);
        let of = location.clone();
        // a thread that is an event loop of the caller's must not wait as a connection does
        let prepared = thread::spawn(move || {
            let mut link = Link::new(of)?;
            link.prepare(prepare)?;
            Ok::<_, Error>(link)
        });
        let mut first = Some(prepared.join().map_err(|_| Error::Unavailable)??);
        let mut link = || first.take().map_or_else(|| Link::new(location.clone()), Ok);
        let (writes, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let turns = Arc::new(RwLock::new(()));
        for _ in 0..WRITERS {
            let turns = turns.clone();
            let write = move |link: &mut Link, job| write_one(link, job, &turns);
            spawn("store-write", link()?, jobs.clone(), write)?;
        }
        let (reads, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..READERS {
            spawn("store-read", link()?, jobs.clone(), read_one)?;
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

fn spawn(
    name: &str,
    mut link: Link,
    jobs: Arc<Mutex<Receiver<Job>>>,
    work: impl Fn(&mut Link, Job) + Send + 'static,
) -> Result<(), Error> {
    let run = move || {
        loop {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { return };
            work(&mut link, job);
        }
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map(drop).map_err(|_| Error::Unavailable)
}

fn read_one(link: &mut Link, mut job: Job) {
    // an idle connection that is gone is noticed by its next use only
    for is_last in [false, true] {
        let Some(session) = link.session() else { break };
        let mut open = Open::new(session, READ);
        guarded(&mut open, &mut job);
        if open.failure == Some(Failure::Lost) && !is_last {
            link.close();
            continue;
        }
        // who asked need not wait for the end of a transaction that changed nothing
        job.tell(Ok(()));
        if open.rollback().is_err() {
            link.close();
        }
        return;
    }
    job.tell(Err(Unended::Lost));
}

fn write_one(link: &mut Link, mut job: Job, turns: &RwLock<()>) {
    for attempt in 0..TRIES {
        let end = if attempt < TOGETHER {
            let _among = turns.read().unwrap_or_else(PoisonError::into_inner);
            try_write(link, &mut job)
        } else {
            let _alone = turns.write().unwrap_or_else(PoisonError::into_inner);
            try_write(link, &mut job)
        };
        match end {
            End::Over(ended) => return job.tell(ended),
            End::Void(Failure::Again | Failure::Taken, _) if attempt + 1 < TRIES => {
                thread::sleep(pause(attempt));
            }
            End::Void(Failure::Lost, _) if attempt < 2 => {}
            // work that has made an answer of the failure would tell what is not so
            End::Void(_, is_kept) => {
                return job.tell(if is_kept { Err(Unended::Lost) } else { Ok(()) });
            }
        }
    }
}

/// How a try of a write ended.
enum End {
    /// It is over, or nobody knows.
    Over(Result<(), Unended>),
    /// The transaction is void, because of this. True when the work did not take it for a failure.
    Void(Failure, bool),
}

fn try_write(link: &mut Link, job: &mut Job) -> End {
    let Some(session) = link.session() else { return End::Over(Err(Unended::Lost)) };
    let mut open = Open::new(session, WRITE);
    let is_kept = guarded(&mut open, job);
    let is_void = open.failure;
    let ended = if is_kept && is_void.is_none() { open.commit() } else { open.rollback() };
    if ended.is_err() || is_void == Some(Failure::Lost) {
        link.close();
    }
    match is_void {
        Some(failure) => End::Void(failure, is_kept),
        // a commit that failed may be on disk or not: it is not done again here
        None if is_kept => End::Over(ended.map_err(|_| Unended::Lost)),
        None => End::Over(Ok(())),
    }
}

/// Longer each time, and not the same for all.
fn pause(attempt: u32) -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let most = 1000 << attempt.min(6);
    Duration::from_micros(u64::from(since.subsec_micros() % most))
}
