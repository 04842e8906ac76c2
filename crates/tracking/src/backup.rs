//! Backups: everything that a server keeps, in a folder of plain files that belongs to no database.
//!
//! `backup.json` says what is there; it is written last, so that a folder without it is no backup.
//! `database/TABLE.jsonl` has a row a line, `users/TABLE.jsonl` the same of users, and `artifacts/` the files as they are, which `artifacts.jsonl`
//! lists. Everything is named with its size and its SHA-256, so that a restore knows that it has all of it.

mod digest;
mod dump;
mod files;
mod load;
mod manifest;
mod rounds;
mod row;

use std::{
    fmt,
    path::{Path, PathBuf},
};

pub use dump::backup;
pub use load::{check, restore};
pub use rounds::{newest, round};

use crate::{
    Error,
    store::{Connection, Location, Store, Table, tables},
    users::schema,
};

/// The folder of tables.
const DATABASE: &str = "database";

/// The folder of tables of users.
const USERS: &str = "users";

/// The folder of artifacts.
const ARTIFACTS: &str = "artifacts";

/// The list of artifacts.
const LIST: &str = "artifacts.jsonl";

/// What says what is there.
const MANIFEST: &str = "backup.json";

/// What a backup or a restore goes by.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where the location of the database is written.
    pub store: Location,
    /// Where the location of the users' database is written, which may be the same; `None` leaves users out.
    pub users: Option<Location>,
    /// The folder of artifacts on this machine; `None` leaves them out.
    pub artifacts: Option<PathBuf>,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of all tables.
    pub rows: u64,
    /// Users.
    pub users: u64,
    /// Files of artifacts.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, users, files, bytes } = self;
        write!(out, "{rows} rows, {users} users, {files} files of artifacts with {bytes} bytes")
    }
}

/// One of the databases of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Experiments,
    Users,
}

impl Database {
    /// The folder of its tables.
    fn folder(self) -> &'static str {
        match self {
            Self::Experiments => DATABASE,
            Self::Users => USERS,
        }
    }

    fn open(self, at: &Location) -> Result<Store, Error> {
        match self {
            Self::Experiments => Store::open(at.clone()),
            Self::Users => Store::open_with(at.clone(), schema::prepare),
        }
    }

    fn tables(self, on: &mut dyn Connection) -> Result<Vec<Table>, Error> {
        match self {
            Self::Experiments => tables(on),
            Self::Users => schema::tables(on),
        }
    }
}

/// Why a place cannot be used, as the system says it.
fn failed(place: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let place = place.to_owned();
    move |error| Error::Backup { place, reason: error.to_string() }
}

/// Why a place cannot be used.
fn unusable(place: &Path, reason: impl Into<String>) -> Error {
    Error::Backup { place: place.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests;
