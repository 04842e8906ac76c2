//! Requests about users, answered at their database: whoever can open it may do everything.

use std::sync::Arc;

use longshore_mlflow::rest::Call;
use tokio::runtime::{Builder, Runtime};

use super::{Administration, Context};
use crate::{
    Caller, Error, Users,
    operation::Access,
    store::Connection,
    users::{Config, password},
};

/// The users of a server by their database, while the server runs or not.
#[derive(Debug)]
pub struct Directory {
    users: Users,
    caller: Arc<Caller>,
    runtime: Runtime,
}

/// A request about users, which a server answers, and [`Directory`] too.
pub trait OfUsers: Call {
    /// Answers it.
    ///
    /// # Errors
    /// Refusals in MLflow's words, and those of the store.
    fn answer_at(self, directory: &Directory) -> Result<Self::Reply, Error>;
}

impl Directory {
    /// Opens the database of users. Grants are those of a workspace.
    ///
    /// # Errors
    /// When the database cannot be opened, or has another schema.
    pub fn open(config: &Config, workspace: &str) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().build().map_err(|_| Error::Unavailable)?;
        let caller = Arc::new(Caller::anyone(workspace));
        Ok(Self { users: Users::kept(&config.without_tokens())?, caller, runtime })
    }

    /// A password that nobody guesses.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new_password() -> Result<String, Error> {
        password::random()
    }
}

impl<A: Administration> OfUsers for A {
    fn answer_at(self, directory: &Directory) -> Result<A::Reply, Error> {
        let Directory { users, caller, runtime } = directory;
        let prepared = runtime.block_on(self.prepare(None, users, caller))?;
        let (default, caller) = (users.default_permission(), caller.clone());
        let work = move |on: &mut dyn Connection| {
            let context = Context { caller: &caller, default, prepared: prepared.clone() };
            self.answer(on, &context)
        };
        match A::ACCESS {
            Access::Read => users.store().read_now(work),
            Access::Write => users.store().write_now(work),
        }
    }
}
