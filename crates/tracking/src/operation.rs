//! The trait that makes a request of the API an operation on the store.

use longshore_mlflow::rest::Call;

pub use crate::permission::{Level, Need, Object};
use crate::{Caller, Error, state::Settings, store::Connection};

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only looks.
    Read,
    /// It changes something.
    Write,
}

/// What an operation knows beside its request.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The settings of the server.
    pub settings: &'a Settings,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// A request that can be answered. Its permission is checked in the transaction that answers it.
pub trait Operation: Call + Send + Sync + 'static {
    /// Whether it changes anything.
    const ACCESS: Access;

    /// What the caller must be allowed to.
    fn needs(&self) -> Need<'_>;

    /// Answers inside of one transaction, which is undone when this fails. It may be called again when
    /// the database asks for that, so it has no effect but on `on`.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words, and those of the store.
    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error>;
}
