//! Where everything is kept: MLflow's own schema in a database of SQL.

mod connection;
mod schema;
mod sqlite;
mod value;

use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

pub use connection::{Connection, Dialect};
pub use value::{Column, Row, Value};

use crate::{Error, clock::now};

/// Work on a connection, for a thread of the store.
type Job = Box<dyn FnOnce(&mut dyn Connection) -> Outcome + Send>;

/// How a job ended. Its caller is told once the transaction has ended too.
struct Outcome {
    /// Whether what it changed is kept.
    keep: bool,
    /// Tells its caller; false when the transaction could not be ended.
    tell: Box<dyn FnOnce(bool) + Send>,
}

/// A database that is open. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Arc<sqlite::Sqlite>,
}

impl Store {
    /// Opens the database at a URI as MLflow writes them, and makes it when it is not there.
    ///
    /// # Errors
    /// When it cannot be opened, or its schema is not one that this server knows.
    pub fn open(uri: &str) -> Result<Self, Error> {
        let path = uri.strip_prefix("sqlite:///").ok_or_else(|| {
            Error::invalid(format!("`{uri}` is no location of a database; write `sqlite:///FILE`"))
        })?;
        Ok(Self { backend: Arc::new(sqlite::Sqlite::open(path)?) })
    }

    /// Makes the experiment that runs go to when they name none, if it is not there. It blocks until then.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn seed(&self, artifact_location: &str) -> Result<(), Error> {
        let location = artifact_location.to_owned();
        let (send, receive) = mpsc::channel();
        self.backend.write(Box::new(move |on| {
            let result = schema::seed(on, &location, now());
            let keep = result.is_ok();
            let tell = move |is_kept: bool| {
                drop(send.send(if is_kept { result } else { Err(Error::Unavailable) }));
            };
            Outcome { keep, tell: Box::new(tell) }
        }))?;
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
        let (job, answer) = job(work);
        self.backend.read(job)?;
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
        let (job, answer) = job(work);
        self.backend.write(job)?;
        answer.await.map_err(|_| Error::Unavailable)?
    }
}

fn job<T: Send + 'static>(
    work: impl Fn(&mut dyn Connection) -> Result<T, Error> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, Error>>) {
    let (send, receive) = oneshot::channel();
    let job = move |on: &mut dyn Connection| {
        let result = work(on);
        let keep = result.is_ok();
        // a caller that has left is told nothing
        let tell = move |is_kept: bool| {
            drop(send.send(if is_kept { result } else { Err(Error::Unavailable) }));
        };
        Outcome { keep, tell: Box::new(tell) }
    };
    (Box::new(job), receive)
}

#[cfg(test)]
mod tests;
