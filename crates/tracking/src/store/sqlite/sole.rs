use std::{
    fs,
    path::{Path, PathBuf},
    process,
};

use rusqlite::{Connection as Handle, ErrorCode, OpenFlags};

use super::{BUSY, Open};
use crate::{Error, store::Connection};

/// A file of SQLite that is open for one who changes its schema. Foreign keys do nothing here: a table that is made
/// anew must not take with it what refers to it.
pub(in crate::store) struct Sole {
    handle: Handle,
    file: PathBuf,
}

impl Sole {
    pub(in crate::store) fn open(path: &Path) -> Result<Self, Error> {
        let file = path.canonicalize().ok().filter(|it| it.is_file()).ok_or_else(|| {
            Error::invalid(format!("there is no database at `{}`", path.display()))
        })?;
        let handle = Handle::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        handle.busy_timeout(BUSY)?;
        // temporary data goes to disk, so that the memory does not grow with the database
        handle.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; \
             PRAGMA cache_size = -16384; PRAGMA temp_store = FILE;",
        )?;
        Ok(Self { handle, file })
    }

    pub(in crate::store) fn file(&self) -> &Path {
        &self.file
    }

    /// Processes of this machine that have the file open, as far as this one may see them.
    pub(in crate::store) fn others(&self) -> Vec<String> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        let mut found = Vec::new();
        for entry in processes.flatten() {
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|it| it.parse::<u32>().ok()) else { continue };
            if id == process::id() {
                continue;
            }
            let Ok(open) = fs::read_dir(entry.path().join("fd")) else { continue };
            if open.flatten().any(|it| fs::read_link(it.path()).is_ok_and(|to| to == self.file)) {
                let command = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                found.push(format!("process {id} (`{}`)", command.trim()));
            }
        }
        found
    }

    pub(in crate::store) fn lock(&self) -> Result<(), Error> {
        // where changes go to a log first, only this notices who is idle
        let locked = self.handle.busy_timeout(std::time::Duration::from_secs(2)).and_then(|()| {
            self.handle.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
        });
        locked.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::invalid(format!(
                "`{}` is in use by another process; stop the server, then try again",
                self.file.display()
            )),
            _ => error.into(),
        })
    }

    pub(in crate::store) fn transact<T>(
        &mut self,
        is_kept: bool,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.handle.execute_batch(if is_kept { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        let done = work(&mut Open { handle: &mut self.handle, is_full: false, kept: None });
        let ended =
            if is_kept && done.is_ok() { self.handle.execute_batch("COMMIT") } else { Ok(()) };
        if !self.handle.is_autocommit() {
            self.handle.execute_batch("ROLLBACK")?;
        }
        ended?;
        done
    }

    pub(in crate::store) fn copy(&self, to: &Path) -> Result<(), Error> {
        let to =
            to.to_str().ok_or_else(|| Error::invalid("the path of the database is no text"))?;
        self.handle.execute("VACUUM INTO ?", [to])?;
        Ok(())
    }
}
