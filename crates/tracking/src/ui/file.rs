use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// Files that are smaller are sent as they are.
const SMALL: u64 = 1 << 10;

/// Most bytes of a file; MLflow's largest has 4.4 MB.
const MOST: u64 = 64 << 20;

/// Most bytes of compressed files that are kept; all of MLflow's together are 7 MB.
const KEPT: usize = 32 << 20;

/// A file as it was when it was compressed.
#[derive(Debug)]
pub(super) struct Compressed {
    tag: String,
    bytes: Bytes,
}

/// A file that is open.
pub(super) struct Found {
    path: PathBuf,
    file: File,
    size: u64,
    modified: Option<SystemTime>,
}

impl Found {
    /// Opens a file; `None` when it cannot be read or is something else.
    pub(super) fn open(path: PathBuf) -> Option<Self> {
        let file = File::open(&path).ok()?;
        let about = file.metadata().ok()?;
        let is_fit = about.is_file() && about.len() <= MOST;
        is_fit.then(|| Self { path, file, size: about.len(), modified: about.modified().ok() })
    }

    /// A tag that changes when the file does.
    pub(super) fn tag(&self) -> String {
        let since = self.modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
        let nanos = since.as_ref().map(Duration::as_nanos).unwrap_or_default();
        format!("W/\"{nanos:x}-{:x}\"", self.size)
    }

    /// Its bytes.
    pub(super) fn read(self) -> io::Result<Bytes> {
        Ok(self.bytes()?.into())
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or_default());
        File::take(self.file.try_clone()?, MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Its bytes by gzip, made once and kept; `None` where that gains nothing.
    pub(super) fn compressed(&self, kept: &Mutex<HashMap<PathBuf, Compressed>>) -> Option<Bytes> {
        if self.size < SMALL {
            return None;
        }
        let tag = self.tag();
        let all = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = all.get(&self.path).filter(|one| one.tag == tag) {
            return Some(one.bytes.clone());
        }
        drop(all);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.bytes().ok()?).ok()?;
        let bytes: Bytes = encoder.finish().ok()?.into();
        let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let held: usize = all.values().map(|one| one.bytes.len()).sum();
        if held + bytes.len() > KEPT {
            all.clear();
        }
        all.insert(self.path.clone(), Compressed { tag, bytes: bytes.clone() });
        Some(bytes)
    }
}
