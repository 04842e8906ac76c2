//! A run under way: threads that read, compute and write, and what is done.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{
    answer::{Answered, Asked, Reject},
    input::{InputFile, Packing},
    journal::{Done, Journal},
    output::{self, Output, Rejects},
    progress::Progress,
    source::{Block, Source},
};

/// Between two entries of the journal.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// Blocks that may be under way besides the one that each thread computes.
const AHEAD: usize = 3;

/// A run under way.
pub(super) struct Run<'j> {
    pub(super) output: Output,
    pub(super) rejects: Rejects,
    pub(super) journal: Option<&'j mut Journal>,
    pub(super) progress: Progress,
    pub(super) done: Done,
    pub(super) files: Arc<[InputFile]>,
    /// How many rows the journal says are done.
    pub(super) kept: u64,
    /// The rows of each file, where they are known.
    pub(super) counts: Vec<Option<u64>>,
    /// When the journal was last written.
    pub(super) written: Instant,
    /// Most rows that may have no answer.
    pub(super) most: Option<u64>,
}

/// Why a row has no answer, with its number unless the reason begins with it.
fn placed(reject: &Reject) -> String {
    let place = format!("row {}", reject.row);
    match reject.reason.strip_prefix(&place) {
        Some(rest) if rest.starts_with([' ', ':']) => reject.reason.clone(),
        _ => format!("{place}: {}", reject.reason),
    }
}

/// What comes of a block, or of reading one.
type Outcome = Result<(Block, Answered)>;

impl Run<'_> {
    /// Reads, answers and writes until the end of the input; false when it was stopped before.
    pub(super) fn all(
        &mut self,
        mut source: Source,
        asked: &Asked,
        threads: usize,
        stop: &AtomicBool,
    ) -> Result<bool> {
        let (permits, permit) = mpsc::channel::<()>();
        let (blocks, block) = mpsc::channel::<(u64, Result<Block>)>();
        let (outcomes, outcome) = mpsc::channel::<(u64, Outcome)>();
        for _ in 0..threads + AHEAD {
            permits.send(()).context("the reader ended")?;
        }
        let block = Mutex::new(block);
        thread::scope(|scope| {
            scope.spawn(move || {
                // a reader without permits waits, and ends when there will be none
                for number in 0.. {
                    if permit.recv().is_err() {
                        return;
                    }
                    let read = match source.next() {
                        Ok(Some(block)) => Ok(block),
                        Ok(None) => return,
                        Err(error) => Err(error),
                    };
                    let failed = read.is_err();
                    if blocks.send((number, read)).is_err() || failed {
                        return;
                    }
                }
            });
            for _ in 0..threads {
                let (outcomes, block) = (outcomes.clone(), &block);
                scope.spawn(move || {
                    loop {
                        let next = block.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((number, read)) = next else { return };
                        let found = read.and_then(|block| {
                            let answered = asked.answer(&block)?;
                            Ok((block, answered))
                        });
                        if outcomes.send((number, found)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(outcomes);
            let written = self.write_all(&outcome, &permits, stop);
            // ends the threads: nobody takes what they make
            drop((outcome, permits));
            written
        })
    }

    /// Writes what was answered, in the order of the input.
    fn write_all(
        &mut self,
        outcome: &mpsc::Receiver<(u64, Outcome)>,
        permits: &mpsc::Sender<()>,
        stop: &AtomicBool,
    ) -> Result<bool> {
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        loop {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let (number, found) = match outcome.recv_timeout(Duration::from_millis(100)) {
                Ok(found) => found,
                Err(mpsc::RecvTimeoutError::Timeout) => continue,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(true),
            };
            waiting.insert(number, found);
            while let Some(found) = waiting.remove(&next) {
                next += 1;
                let (block, answered) = match found {
                    Ok(found) => found,
                    Err(error) => {
                        self.keep()?;
                        return Err(error);
                    }
                };
                self.write(&block, answered)?;
                // the reader may have ended
                let _ = permits.send(());
            }
        }
    }

    fn write(&mut self, block: &Block, answered: Answered) -> Result<()> {
        let file = self.files.get(block.file).map(|file| file.name.clone()).unwrap_or_default();
        if let Err(error) = self.check(&file, &answered) {
            self.keep()?;
            return Err(error);
        }
        self.rejects.write(&file, &answered)?;
        self.done.answered += answered.rows;
        self.done.rejected += answered.rejects.len() as u64;
        self.output.write(answered)?;
        self.done.at = block.after;
        if self.written.elapsed() >= CHECKPOINT && self.output.is_even() {
            self.checkpoint()?;
        }
        let part = self.part();
        self.progress.show(self.done.answered + self.done.rejected, self.done.rejected, part);
        Ok(())
    }

    /// Ends a run in which too many rows have no answer.
    fn check(&self, file: &str, answered: &Answered) -> Result<()> {
        let Some(first) = answered.rejects.first() else { return Ok(()) };
        let rejected = self.done.rejected + answered.rejects.len() as u64;
        let none = self.done.answered == 0 && answered.rows == 0;
        match self.most {
            Some(most) if rejected > most => bail!(
                "`{file}`, {}{}",
                placed(first),
                if most > 0 {
                    format!(" (more than {most} rows have no answer)")
                } else {
                    String::new()
                }
            ),
            // when no row is right, it is not the rows that are wrong
            None if none => {
                let told = match answered.rejects.len() {
                    1 => format!("`{file}`, {}", placed(first)),
                    rows => format!(
                        "each of the first {rows} rows of `{file}` has no answer; {}",
                        placed(first)
                    ),
                };
                bail!("{told} (`--max-rejects COUNT` sets so many rows aside and goes on)")
            }
            _ => Ok(()),
        }
    }

    /// The part of the input that is done, where its size tells.
    fn part(&self) -> Option<f64> {
        let all: u64 = self.files.iter().map(|file| file.state.bytes).sum();
        let before: u64 =
            self.files.iter().take(self.done.at.file).map(|file| file.state.bytes).sum();
        let file = self.files.get(self.done.at.file)?;
        if all == 0 {
            return None;
        }
        let done = match self.counts.get(self.done.at.file)? {
            Some(rows) => file.state.bytes as f64 * self.done.at.row as f64 / (*rows).max(1) as f64,
            None if file.path.is_some() && file.packing == Packing::Plain => {
                self.done.at.offset as f64
            }
            None => return None,
        };
        Some((before as f64 + done) / all as f64)
    }

    /// Brings what is written to the disk, and says so in the journal.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        self.written = Instant::now();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        if !self.output.is_even() {
            return Ok(());
        }
        self.output.sync(&mut self.done)?;
        self.rejects.sync(&mut self.done)?;
        journal.write(&self.done)?;
        self.kept = self.done.answered + self.done.rejected;
        Ok(())
    }

    /// Brings all that was written to the disk, so that the same task goes on after it.
    pub(super) fn keep(&mut self) -> Result<()> {
        self.output.end_group()?;
        self.checkpoint()
    }

    /// Removes what a run has begun that has not come to any row.
    pub(super) fn forget(&mut self, path: Option<&Path>) {
        let Some(path) = path else { return };
        let _ = std::fs::remove_file(output::partial(path));
        if let Some(journal) = &mut self.journal {
            journal.forget();
        }
    }

    /// Ends the files.
    pub(super) fn finish(&mut self, asked: &Asked) -> Result<()> {
        if self.output.is_unknown() {
            self.output.begin(asked.unanswered())?;
        }
        self.output.end_group()?;
        // what follows may be done again without the rows
        self.checkpoint()?;
        self.output.end()?;
        let rejects = std::mem::replace(&mut self.rejects, Rejects::none());
        rejects.publish()
    }
}
