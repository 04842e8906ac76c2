//! Downloads files over several connections, each file in parts, and goes on with each part where
//! it left off.

use std::{
    fs, io,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Error, Retry,
    remote::{Object, Remote},
};

mod file;
mod part;

pub(crate) use file::Done;
use file::File;

/// How often the log hears of a download under way.
const REPORT: Duration = Duration::from_secs(2);

/// How often somebody who looks on hears of it.
const TICK: Duration = Duration::from_millis(200);

/// A download into a folder, which may hold the remains of an earlier one.
pub(crate) struct Transfer<'a> {
    pub(crate) remote: &'a dyn Remote,
    /// Holds `content`, the files, and `progress`, what is known of them.
    pub(crate) folder: &'a Path,
    pub(crate) concurrency: usize,
    pub(crate) part: u64,
    pub(crate) retry: Retry,
    /// Most bytes of a file whose size is not known in advance.
    pub(crate) limit: u64,
}

/// What a download came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) files: Vec<Done>,
    /// Bytes that came over the network.
    pub(crate) received: u64,
}

/// What all workers of a download share.
struct Shared<'a> {
    transfer: &'a Transfer<'a>,
    files: Vec<File<'a>>,
    /// Index of the file and of the part, in the order of work.
    parts: Vec<(usize, usize)>,
    next: AtomicUsize,
    received: AtomicU64,
    stop: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Transfer<'_> {
    /// Downloads and verifies every object.
    ///
    /// # Errors
    /// [`Error`]; what arrived stays, and the next call goes on from there.
    pub(crate) fn run(&self, objects: &[Object]) -> Result<Outcome, Error> {
        let files = objects
            .iter()
            .enumerate()
            .map(|(at, object)| File::open(self.folder, at, object, self.part))
            .collect::<Result<Vec<_>, _>>()?;
        let total: u64 = objects.iter().filter_map(|object| object.size).sum();
        let kept: u64 = files.iter().map(File::present).sum();
        if kept > 0 {
            tracing::info!(
                bytes = kept,
                total,
                "resuming: {} of {} are here",
                size(kept),
                size(total)
            );
        }
        let parts = files
            .iter()
            .enumerate()
            .flat_map(|(at, file)| (0..file.parts()).map(move |part| (at, part)))
            .collect();
        let shared = Shared {
            transfer: self,
            files,
            parts,
            next: AtomicUsize::new(0),
            received: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            failure: Mutex::default(),
        };
        shared.work(kept, total)?;
        let received = shared.received.into_inner();
        let files = shared.files.into_iter().map(File::close).collect::<Result<_, _>>()?;
        Ok(Outcome { files, received })
    }
}

impl Shared<'_> {
    fn work(&self, kept: u64, total: u64) -> Result<(), Error> {
        let workers = self.transfer.concurrency.clamp(1, self.parts.len().max(1));
        let begun = Instant::now();
        thread::scope(|scope| {
            let (done, all) = mpsc::channel::<()>();
            for at in 0..workers {
                let done = done.clone();
                let work = move || {
                    self.take();
                    drop(done);
                };
                let spawned =
                    thread::Builder::new().name(format!("fetch-{at}")).spawn_scoped(scope, work);
                if let Err(error) = spawned
                    && at == 0
                {
                    return Err(Error::io("failed to start a thread for", self.transfer.folder)(
                        error,
                    ));
                }
            }
            drop(done);
            let mut reported = begun;
            while all.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                self.tick(kept, total, begun.elapsed(), workers);
                if reported.elapsed() >= REPORT {
                    reported = Instant::now();
                    self.report(kept, total, begun.elapsed());
                }
            }
            Ok(())
        })?;
        if begun.elapsed() >= TICK {
            // takes the bar away: what went wrong may be told by who does not know of it
            tracing::debug!(target: "progress", "");
        }
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Works until nothing is left or something failed.
    fn take(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((file, part)) =
                self.parts.get(next).and_then(|&(file, part)| Some((self.files.get(file)?, part)))
            else {
                return;
            };
            if let Err(error) = self.fetch(file, part) {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(error);
                // only after the failure is kept: a worker that stops because of it may fail too,
                // and its error must not take the place of this one
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Bytes that are here, and bytes a second.
    fn state(&self, kept: u64, total: u64, elapsed: Duration) -> (u64, f64) {
        let received = self.received.load(Ordering::Relaxed);
        let rate = received as f64 / elapsed.as_secs_f64().max(0.001);
        ((kept + received).min(total.max(received)), rate)
    }

    /// Moves the bar of a terminal: the log of the daemon makes one of what has the target `progress`.
    fn tick(&self, kept: u64, total: u64, elapsed: Duration, workers: usize) {
        let (here, rate) = self.state(kept, total, elapsed);
        let taken = self.next.load(Ordering::Relaxed).saturating_sub(workers);
        tracing::debug!(
            target: "progress",
            bytes = here,
            total,
            bytes_per_second = rate as u64,
            done = taken as u64,
            parts = self.parts.len() as u64,
            "downloading {}",
            self.transfer.remote
        );
    }

    fn report(&self, kept: u64, total: u64, elapsed: Duration) {
        let (here, rate) = self.state(kept, total, elapsed);
        tracing::info!(
            bytes = here,
            total,
            bytes_per_second = rate as u64,
            "downloading {}: {} of {} ({}/s)",
            self.transfer.remote,
            size(here),
            size(total),
            size(rate as u64)
        );
    }
}

/// A count of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// Makes the folder of a file.
fn parents(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}
