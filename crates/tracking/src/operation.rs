//! The trait that makes a request of the API an operation on the store.

use longshore_mlflow::rest::Call;

pub use crate::permission::{Level, Need, Object, Queue, Share};
pub use crate::store::Touched;
use crate::{
    Caller, Error,
    state::Settings,
    store::Connection,
    users::Change,
    webhooks::{Delivery, Outcome},
};

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
    /// The user of the server who has the name that the operation [claims](Operation::claims).
    pub namesake: Option<&'a str>,
}

/// A request that can be answered. It says what permission it needs: without that it is not answered.
pub trait Operation: Call<Reply: Send> + Send + Sync + 'static {
    /// Whether it changes anything.
    const ACCESS: Access;

    /// Whether only administrators may ask: others are refused before anything of the request is looked at.
    const ADMINISTRATORS: bool = false;

    /// What the caller must be allowed to.
    fn needs(&self) -> Need<'_>;

    /// What the caller must be allowed to beside [`Operation::needs`], at other levels.
    fn also_needs(&self) -> Vec<Need<'_>> {
        Vec::new()
    }

    /// What it changes of grants, once the transaction is on disk.
    fn changes(&self, _answer: &Self::Reply) -> Vec<Change> {
        Vec::new()
    }

    /// A name that it gives, and that no user of the server should have.
    fn claims(&self) -> Option<&str> {
        None
    }

    /// What it touches of what is kept of runs. One that changes less than anything may say so.
    fn touches(&self) -> Touched {
        Touched::Any
    }

    /// The status of HTTP that it is answered with. An answer with 204 has no body.
    const STATUS: u16 = 200;

    /// Whether the answer waits for what comes of [`Operation::tells`].
    const WAITS: bool = false;

    /// Finds out what no transaction should wait for, before there is one.
    ///
    /// # Errors
    /// When it should not be answered.
    fn prepare(&self, _settings: &Settings) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// The webhooks that are told, once the transaction is on disk.
    ///
    /// # Errors
    /// Those of the store.
    fn tells(
        &self,
        _answer: &Self::Reply,
        _on: &mut dyn Connection,
        _context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        Ok(Vec::new())
    }

    /// Completes the answer, where it [waits](Operation::WAITS).
    fn told(answer: Self::Reply, _outcome: Outcome) -> Self::Reply {
        answer
    }

    /// Answers inside of one transaction, which is undone when this fails. It may be called again when
    /// the database asks for that, so it has no effect but on `on`.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words, and those of the store.
    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error>;

    /// As [`Operation::answer`], for operations whose answer need not be made: the body of its reply, which
    /// nothing else follows from.
    ///
    /// # Errors
    /// As [`Operation::answer`].
    fn body(
        &self,
        _on: &mut dyn Connection,
        _context: &Context<'_>,
    ) -> Result<Option<String>, Error> {
        Ok(None)
    }
}
