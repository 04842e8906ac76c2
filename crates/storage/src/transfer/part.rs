use std::{
    io::Read,
    sync::{PoisonError, atomic::Ordering},
};

use super::{File, Shared, file::Writer};
use crate::{
    Error,
    retry::{Attempt, Backoff},
};

/// Bytes written at once.
const CHUNK: usize = 128 << 10;

/// How often a file that arrived damaged is fetched again.
const DAMAGED: u32 = 2;

impl Shared<'_> {
    /// Completes a part; whoever completes a file's last part verifies the file.
    pub(super) fn fetch(&self, file: &File<'_>, part: usize) -> Result<(), Error> {
        if file.is_verified() {
            return Ok(());
        }
        let range = file.range(part);
        if !range.is_empty() && range.end - range.start == file.here(part) {
            // no part completes a file that was complete before: its first part verifies it instead
            return if file.was_complete && part == 0 { self.verify(file) } else { Ok(()) };
        }
        if part == 0 && file.parts() > 1 {
            let checks = self.transfer.remote.checks(file.object);
            *file.checks.lock().unwrap_or_else(PoisonError::into_inner) = Some(checks);
        }
        self.complete(file, part)?;
        if file.complete() { self.verify(file) } else { Ok(()) }
    }

    fn complete(&self, file: &File<'_>, part: usize) -> Result<(), Error> {
        let mut backoff = Backoff::new(self.transfer.retry);
        loop {
            let before = file.here(part);
            match self.piece(file, part) {
                Ok(()) => return Ok(()),
                Err(attempt) if self.stop.load(Ordering::Relaxed) => return Err(attempt.give_up(1)),
                Err(attempt) => {
                    if file.here(part) > before {
                        backoff.progress();
                    }
                    backoff.wait(attempt)?;
                }
            }
        }
    }

    /// One request for what a part still lacks.
    fn piece(&self, file: &File<'_>, part: usize) -> Result<(), Attempt> {
        let (object, range) = (file.object, file.range(part));
        let what = || format!("`{}` of {}", object.key, self.transfer.remote);
        let writer = file.writer(part)?;
        if object.tag.is_none() || object.size.is_none() {
            writer.restart()?;
        }
        let from = range.start + file.here(part);
        let whole = from == 0 && file.parts() == 1;
        let wanted = (!whole).then_some(from..range.end);
        let mut stream = self.transfer.remote.open(object, wanted)?;
        let changed = || Attempt::Fatal(Error::Changed { what: what() });
        if let (Some(before), Some(now)) = (&object.tag, &stream.tag)
            && before != now
        {
            return Err(changed());
        }
        if let (Some(before), Some(now)) = (object.size, stream.total)
            && before != now
        {
            return Err(changed());
        }
        if stream.first != from {
            let reason = format!("it sent bytes from {} where {from} was asked for", stream.first);
            if stream.first != 0 || file.parts() > 1 {
                return Err(Attempt::Fatal(Error::Refused { what: what(), reason }));
            }
            writer.restart()?;
        }
        if file.parts() == 1 && stream.first == 0 {
            let mut checks = file.checks.lock().unwrap_or_else(PoisonError::into_inner);
            *checks = Some(stream.checks.clone());
        }
        let left = range.end - range.start - file.here(part);
        // without a size the answer's own length says when it is complete
        let left = if object.size.is_none() { stream.length.unwrap_or(left) } else { left };
        if object.size.is_none() && stream.length.is_some_and(|length| length > self.transfer.limit)
        {
            return Err(self.too_large(&what()).into());
        }
        let open_ended = object.size.is_none() && stream.length.is_none();
        self.copy(file, &writer, &mut stream.reader, left, open_ended, &what)
    }

    fn copy(
        &self,
        file: &File<'_>,
        writer: &Writer<'_>,
        reader: &mut dyn Read,
        mut left: u64,
        open_ended: bool,
        what: &dyn Fn() -> String,
    ) -> Result<(), Attempt> {
        let again = |reason: String| Attempt::Again { what: what(), reason, after: None };
        let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK)).max(1)];
        let (mut filled, mut written) = (0, 0);
        loop {
            let room = chunk.get_mut(filled..).unwrap_or_default();
            let room_len = (room.len() as u64).min(left) as usize;
            let read = reader.read(room.get_mut(..room_len).unwrap_or_default());
            let ended = matches!(read, Ok(0));
            if let Ok(read) = read {
                filled += read;
                left -= read as u64;
                self.received.fetch_add(read as u64, Ordering::Relaxed);
            }
            if filled == chunk.len() || ended || read.is_err() {
                writer.append(chunk.get(..filled).unwrap_or_default())?;
                written += filled as u64;
                filled = 0;
                if file.object.size.is_none() && written > self.transfer.limit {
                    return Err(self.too_large(&what()).into());
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(again("another part failed".into()));
            }
            match read {
                Ok(0) if left == 0 || open_ended => return Ok(()),
                Ok(0) => return Err(again(format!("the connection ended {left} bytes early"))),
                Ok(_) => {}
                Err(error) => return Err(again(format!("the connection broke: {error}"))),
            }
        }
    }

    fn verify(&self, file: &File<'_>) -> Result<(), Error> {
        let what = format!("`{}` of {}", file.object.key, self.transfer.remote);
        let mut damaged = 0;
        loop {
            let missing = file.checks.lock().unwrap_or_else(PoisonError::into_inner).is_none();
            if missing {
                // everything was here already, so that no answer told its digests
                let checks = self.transfer.remote.checks(file.object);
                *file.checks.lock().unwrap_or_else(PoisonError::into_inner) = Some(checks);
            }
            match file.verify(&what) {
                Err(error @ Error::Corrupt { .. }) if damaged < DAMAGED => {
                    damaged += 1;
                    tracing::warn!(%error, "fetching it again");
                    file.reset()?;
                    (0..file.parts()).try_for_each(|part| self.complete(file, part))?;
                }
                verified => return verified,
            }
        }
    }

    fn too_large(&self, what: &str) -> Error {
        Error::Limit {
            what: what.to_owned(),
            limit: format!("{} bytes", self.transfer.limit),
            flag: "; raise it with `--cache-bytes`",
        }
    }
}
