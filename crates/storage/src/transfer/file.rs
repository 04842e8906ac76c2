use std::{
    fs::{self, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use super::parents;
use crate::{Error, digest::Checks, remote::Object};

/// Bytes of one entry of a progress file.
const ENTRY: usize = 8;

/// A file that is complete and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// Below the model's folder.
    pub(crate) path: String,
    pub(crate) size: u64,
    /// SHA-256 in hexadecimal.
    pub(crate) sha256: String,
}

/// A file under way: its bytes, and how many of each part are there.
///
/// The counts are kept in a file beside, one little-endian `u64` a part, written after the bytes
/// they count. A process that is killed loses nothing that it counted; a machine that loses power
/// may, which the digests find. Files are open only while a part is written: there may be more of
/// them than a process may hold.
pub(super) struct File<'a> {
    pub(super) object: &'a Object,
    path: PathBuf,
    progress_path: PathBuf,
    verified_path: PathBuf,
    ranges: Vec<Range<u64>>,
    here: Vec<AtomicU64>,
    /// Parts that are not complete.
    left: AtomicUsize,
    /// Whether an earlier download had every part already.
    pub(super) was_complete: bool,
    pub(super) checks: Mutex<Option<Checks>>,
    /// The digest, once verified.
    verified: Mutex<Option<String>>,
}

/// A part being written.
pub(super) struct Writer<'f> {
    file: &'f File<'f>,
    part: usize,
    bytes: fs::File,
    progress: fs::File,
}

impl Writer<'_> {
    /// Appends to the part.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        let before = self.file.here(self.part);
        self.bytes
            .write_all_at(bytes, self.file.range(self.part).start + before)
            .map_err(Error::io("failed to write", &self.file.path))?;
        self.set(before + bytes.len() as u64)
    }

    /// Throws the bytes of the part away.
    pub(super) fn restart(&self) -> Result<(), Error> {
        self.set(0)
    }

    fn set(&self, here: u64) -> Result<(), Error> {
        self.progress
            .write_all_at(&here.to_le_bytes(), (self.part * ENTRY) as u64)
            .map_err(Error::io("failed to write", &self.file.progress_path))?;
        if let Some(slot) = self.file.here.get(self.part) {
            slot.store(here, Ordering::Release);
        }
        Ok(())
    }
}

impl<'a> File<'a> {
    pub(super) fn open(
        folder: &Path,
        at: usize,
        object: &'a Object,
        part: u64,
    ) -> Result<Self, Error> {
        let path = folder.join("content").join(&object.path);
        let progress_path = folder.join("progress").join(at.to_string());
        let verified_path = folder.join("progress").join(format!("{at}.sha256"));
        let ranges = ranges(object, part);
        let mut here = vec![0; ranges.len()];
        let file = writable(&path)?;
        let kept = file.metadata().map_err(Error::io("failed to read", &path))?.len();
        // the folder belongs to one state of the remote, so that a verified file stays right
        let verified = fs::read_to_string(&verified_path)
            .ok()
            .filter(|sum| sum.len() == 64 && object.size.is_none_or(|size| size == kept));
        match (object.size, &object.tag, &verified) {
            (Some(_), _, Some(_)) => {
                for (here, range) in here.iter_mut().zip(&ranges) {
                    *here = range.end - range.start;
                }
            }
            (None, _, Some(_)) => here.fill(kept),
            (Some(size), Some(_), None) => {
                if kept == size {
                    restore(&writable(&progress_path)?, &ranges, &mut here);
                }
                file.set_len(size).map_err(Error::io("failed to write", &path))?;
            }
            _ => {}
        }
        // an empty part says nothing about whether the file was ever asked for
        let done =
            |here: u64, range: &Range<u64>| !range.is_empty() && here == range.end - range.start;
        let left = here.iter().zip(&ranges).filter(|(here, range)| !done(**here, range)).count();
        Ok(Self {
            object,
            path,
            progress_path,
            verified_path,
            left: AtomicUsize::new(left),
            was_complete: left == 0,
            ranges,
            here: here.into_iter().map(AtomicU64::new).collect(),
            checks: Mutex::default(),
            verified: Mutex::new(verified),
        })
    }

    pub(super) fn writer(&self, part: usize) -> Result<Writer<'_>, Error> {
        let (bytes, progress) = (writable(&self.path)?, writable(&self.progress_path)?);
        Ok(Writer { file: self, part, bytes, progress })
    }

    pub(super) fn parts(&self) -> usize {
        self.ranges.len()
    }

    pub(super) fn range(&self, part: usize) -> Range<u64> {
        self.ranges.get(part).cloned().unwrap_or_default()
    }

    /// Bytes of a part that are on disk.
    pub(super) fn here(&self, part: usize) -> u64 {
        self.here.get(part).map_or(0, |here| here.load(Ordering::Acquire))
    }

    /// Bytes that are on disk.
    pub(super) fn present(&self) -> u64 {
        self.here.iter().map(|here| here.load(Ordering::Acquire)).sum()
    }

    /// Throws everything away.
    pub(super) fn reset(&self) -> Result<(), Error> {
        (0..self.parts()).try_for_each(|part| self.writer(part)?.restart())?;
        self.left.store(self.parts(), Ordering::Release);
        Ok(())
    }

    /// Counts a part as complete. True when it was the last one.
    pub(super) fn complete(&self) -> bool {
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub(super) fn is_verified(&self) -> bool {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Compares the file with what its storage promised.
    pub(super) fn verify(&self, what: &str) -> Result<(), Error> {
        let present = self.present();
        if self.object.size.is_none() {
            // an earlier, longer attempt must not show through
            let file = writable(&self.path)?;
            file.set_len(present).map_err(Error::io("failed to write", &self.path))?;
        }
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sum = checks.unwrap_or_default().verify(&self.path, what)?;
        fs::write(&self.verified_path, &sum)
            .map_err(Error::io("failed to write", &self.verified_path))?;
        *self.verified.lock().unwrap_or_else(PoisonError::into_inner) = Some(sum);
        Ok(())
    }

    pub(super) fn close(self) -> Result<Done, Error> {
        let size = self.present();
        let sha256 = self.verified.into_inner().unwrap_or_else(PoisonError::into_inner);
        let path = self.object.path.clone();
        let unverified =
            || Error::Corrupt { what: path.clone(), reason: "it was not verified".into() };
        Ok(Done { sha256: sha256.ok_or_else(unverified)?, path: path.clone(), size })
    }
}

fn writable(path: &Path) -> Result<fs::File, Error> {
    let open = || -> io::Result<fs::File> {
        parents(path)?;
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
    };
    open().map_err(Error::io("failed to write", path))
}

/// The parts of an object. An object of unknown size has one part, and so has one without a tag,
/// which would hold parts together.
fn ranges(object: &Object, part: u64) -> Vec<Range<u64>> {
    let part = part.max(1);
    match (object.size, &object.tag) {
        (None, _) => std::iter::once(0..u64::MAX).collect(),
        (Some(size), Some(_)) if size > part => {
            (0..size.div_ceil(part)).map(|at| at * part..size.min((at + 1) * part)).collect()
        }
        (Some(size), _) => std::iter::once(0..size).collect(),
    }
}

fn restore(progress: &fs::File, ranges: &[Range<u64>], here: &mut [u64]) {
    let expected = (ranges.len() * ENTRY) as u64;
    if progress.metadata().map_or(0, |found| found.len()) > expected {
        return;
    }
    for (at, (here, range)) in here.iter_mut().zip(ranges).enumerate() {
        let mut entry = [0; ENTRY];
        if progress.read_exact_at(&mut entry, (at * ENTRY) as u64).is_ok() {
            let counted = u64::from_le_bytes(entry);
            if counted <= range.end - range.start {
                *here = counted;
            }
        }
    }
}
