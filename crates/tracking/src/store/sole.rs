//! A database for one who changes its schema, and for nobody else meanwhile.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Connection, Location, postgres, sqlite, sqlite_path};
use crate::Error;

/// Most copies of one file that lie beside it.
const MOST_COPIES: u32 = 10_000;

/// A database that is open for one.
pub(crate) struct Sole(Kind);

enum Kind {
    Sqlite(sqlite::Sole),
    Postgres(postgres::Sole),
}

impl Sole {
    /// Opens a database that is there.
    ///
    /// # Errors
    /// When it is not, or cannot be opened.
    pub(crate) fn open(location: &Location) -> Result<Self, Error> {
        let uri = location.read()?;
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme.split_once('+').map_or(scheme, |(database, _)| database) {
            "sqlite" => Ok(Self(Kind::Sqlite(sqlite::Sole::open(Path::new(sqlite_path(&uri)?))?))),
            "postgresql" | "postgres" => {
                Ok(Self(Kind::Postgres(postgres::Sole::open(Arc::new(location.clone()))?)))
            }
            _ => Err(Error::invalid(
                "only databases of SQLite and PostgreSQL can be brought forward: write `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`",
            )),
        }
    }

    /// The file that it is, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Sqlite(it) => Some(it.file()),
            Kind::Postgres(_) => None,
        }
    }

    /// Who else has it open, in words, as far as that can be known.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn others(&mut self) -> Result<Vec<String>, Error> {
        match &mut self.0 {
            Kind::Sqlite(it) => Ok(it.others()),
            Kind::Postgres(it) => it.others(),
        }
    }

    /// Has nobody else read or write it until it is closed, where the database can do that.
    ///
    /// # Errors
    /// When somebody has it in use.
    pub(crate) fn lock(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Kind::Sqlite(it) => it.lock(),
            Kind::Postgres(_) => Ok(()),
        }
    }

    /// Does something in a transaction of its own, which is on disk when this returns.
    ///
    /// # Errors
    /// Those of `work` and of the database; nothing is changed then.
    pub(crate) fn change<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.transact(true, work)
    }

    /// As [`Sole::change`], but nothing is kept.
    ///
    /// # Errors
    /// Those of `work` and of the database.
    pub(crate) fn look<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.transact(false, work)
    }

    fn transact<T>(
        &mut self,
        is_kept: bool,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &mut self.0 {
            Kind::Sqlite(it) => it.transact(is_kept, work),
            Kind::Postgres(it) => it.transact(is_kept, work),
        }
    }

    /// Writes a copy of a file of SQLite beside it, under a name that is free: where it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn copy(&mut self, suffix: &str) -> Result<Option<PathBuf>, Error> {
        let Kind::Sqlite(it) = &mut self.0 else { return Ok(None) };
        let file = it.file().to_owned();
        let name = |number: u32| {
            let number = if number == 1 { String::new() } else { format!(".{number}") };
            let mut name = file.clone().into_os_string();
            name.push(format!(".{suffix}{number}"));
            PathBuf::from(name)
        };
        let is_free = |it: &PathBuf| matches!(it.try_exists(), Ok(false));
        let to = (1..=MOST_COPIES).map(name).find(is_free).ok_or(Error::Unavailable)?;
        let mut part = to.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let failed =
            |error: std::io::Error| Error::Backup { place: to.clone(), reason: error.to_string() };
        match fs::remove_file(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        it.copy(&part)?;
        fs::File::open(&part).and_then(|it| it.sync_all()).map_err(failed)?;
        fs::rename(&part, &to).map_err(failed)?;
        Ok(Some(to))
    }
}
