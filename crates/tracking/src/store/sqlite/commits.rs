//! How many commits a database has had, those of other processes too.

use std::{fs::File, hint::spin_loop, io, mem::ManuallyDrop, os::unix::fs::FileExt};

/// The bytes of a header of the index of the log of changes: there are two, one behind the other, equal but while they
/// are written (<https://sqlite.org/walformat.html>, section 2.1).
const HEADER: usize = 48;

/// Where in it the counter is that each transaction raises.
const COUNTER: usize = 8;

/// How often a header is looked at that is being written.
const LOOKS: usize = 100;

/// The index of the log of changes of a database.
#[derive(Debug)]
pub(super) struct Commits {
    /// It stays open: a process that closes a file gives up all its locks on it, and SQLite's are on this one.
    index: ManuallyDrop<File>,
}

impl Commits {
    /// Opens the index of a database that is in use, whose file is `database`.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn open(database: &str) -> io::Result<Self> {
        Ok(Self { index: ManuallyDrop::new(File::open(format!("{database}-shm"))?) })
    }

    /// The number of the last commit, which begins anew when the index is lost; `None` when it cannot be read.
    pub(super) fn last(&self) -> Option<u32> {
        for _ in 0..LOOKS {
            let mut bytes = [0; 2 * HEADER];
            self.index.read_exact_at(&mut bytes, 0).ok()?;
            let (first, second) = bytes.split_at(HEADER);
            if first == second {
                let counter = first.get(COUNTER..)?.first_chunk()?;
                return Some(u32::from_ne_bytes(*counter));
            }
            spin_loop();
        }
        None
    }
}
