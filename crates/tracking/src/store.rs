//! Where everything is kept: MLflow's own schema in a database of SQL.

mod connection;
mod kept;
mod location;
mod postgres;
pub mod revisions;
mod schema;
mod sole;
mod sqlite;
mod tables;
mod value;
mod work;

use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

pub(crate) use connection::has_table;
pub use connection::{Connection, Dialect};
pub use kept::Touched;
pub use location::Location;
pub(crate) use schema::REVISION;
pub(crate) use sole::Sole;
pub(crate) use sqlite::rows as query;
pub(crate) use tables::{Table, TableColumn, of_schema, tables};
pub use value::{Column, Row, Value};
use work::{Job, job};

use crate::{Error, clock::now};

/// What makes or recognises the schema of a database, in a transaction of its own.
type Prepare = fn(&mut dyn Connection) -> Result<(), Error>;

#[derive(Debug)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Backend {
    fn read(&self, job: Job) -> Result<(), Error> {
        match self {
            Self::Sqlite(it) => it.read(job),
            Self::Postgres(it) => it.read(job),
        }
    }

    fn write(&self, job: Job) -> Result<(), Error> {
        match self {
            Self::Sqlite(it) => it.write(job),
            Self::Postgres(it) => it.write(job),
        }
    }
}

/// The file of a URI of SQLite: one that is absolute has four slashes.
fn sqlite_path(uri: &str) -> Result<&str, Error> {
    let path = uri.split_once(":///").map(|(_, path)| path);
    // each connection would have a database in memory of its own, and all of it ends with the server
    let is_file = |it: &&str| !it.is_empty() && *it != ":memory:" && !it.contains("mode=memory");
    path.filter(is_file).ok_or_else(|| {
        Error::invalid(format!(
            "`{uri}` names no file; write `sqlite:///FILE`, or `sqlite:////FOLDER/FILE`"
        ))
    })
}

/// A database that is open. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Arc<Backend>,
}

impl Store {
    /// Opens the database at a URI as MLflow writes them. One of SQLite is made when it is not there, and an
    /// empty one gets MLflow's schema.
    ///
    /// # Errors
    /// When it cannot be opened, or its schema is not one that this server knows.
    pub fn open(location: impl Into<Location>) -> Result<Self, Error> {
        Self::open_with(location, schema::prepare)
    }

    /// Opens a database whose schema `prepare` makes or recognises.
    ///
    /// # Errors
    /// Those of `prepare`, and when it cannot be opened.
    pub fn open_with(location: impl Into<Location>, prepare: Prepare) -> Result<Self, Error> {
        let location = location.into();
        let uri = location.read()?;
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        // the driver of Python that MLflow would use
        let backend = match scheme.split_once('+').map_or(scheme, |(database, _)| database) {
            "sqlite" => Backend::Sqlite(sqlite::Sqlite::open(sqlite_path(&uri)?, prepare)?),
            "postgresql" | "postgres" => {
                Backend::Postgres(postgres::Postgres::open(location, prepare)?)
            }
            "mysql" | "mssql" | "oracle" => {
                let words =
                    format!("a database of `{scheme}` is not supported; use SQLite or Postgres");
                return Err(Error::invalid(words));
            }
            _ => {
                return Err(Error::invalid(format!(
                    "`{uri}` is no location of a database; write `sqlite:///FILE` or \
                     `postgresql://USER:PASSWORD@HOST/NAME`"
                )));
            }
        };
        Ok(Self { backend: Arc::new(backend) })
    }

    /// Makes the experiment that runs go to when they name none, if it is not there. It blocks until then.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn seed(&self, artifact_location: &str) -> Result<(), Error> {
        let location = artifact_location.to_owned();
        self.write_now(move |on| schema::seed(on, &location, now()))
    }

    /// As [`Store::read`], for callers that may block.
    ///
    /// # Errors
    /// Those of `work` and of the database.
    pub(crate) fn read_now<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (send, receive) = mpsc::channel();
        self.backend.read(job(Touched::NoRun, work, move |result| drop(send.send(result))))?;
        receive.recv().map_err(|_| Error::Unavailable)?
    }

    /// Runs `work` in a transaction of its own. It blocks until that is on disk.
    ///
    /// # Errors
    /// Those of `work` and of the database; nothing is changed then.
    pub(crate) fn write_now<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (send, receive) = mpsc::channel();
        self.backend.write(job(Touched::Any, work, move |result| drop(send.send(result))))?;
        receive.recv().map_err(|_| Error::Unavailable)?
    }

    /// Runs `work` on a state that does not change meanwhile.
    ///
    /// # Errors
    /// Those of `work` and of the database.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (send, answer) = oneshot::channel();
        // a caller that has left is told nothing
        self.backend.read(job(Touched::NoRun, work, move |result| drop(send.send(result))))?;
        answer.await.map_err(|_| Error::Unavailable)?
    }

    /// Runs `work` in a transaction of its own. It is on disk when this returns.
    ///
    /// # Errors
    /// Those of `work` and of the database; nothing is changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_what(Touched::Any, work).await
    }

    /// As [`Store::write`], of work that touches no more of runs than it says.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub(crate) async fn write_what<T: Send + 'static>(
        &self,
        touched: Touched,
        work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (send, answer) = oneshot::channel();
        // a caller that has left is told nothing
        self.backend.write(job(touched, work, move |result| drop(send.send(result))))?;
        answer.await.map_err(|_| Error::Unavailable)?
    }
}

#[cfg(test)]
pub(crate) mod tests;
