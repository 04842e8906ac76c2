//! The tracking server and model registry: MLflow's REST API on MLflow's own database schema.
//!
//! A request becomes a message of `longshore_mlflow::rest`. An [`operation`] says what permission it needs
//! and answers it inside of one transaction of the [`store`].

mod administration;
mod allow;
mod artifacts;
mod asked;
mod audit;
pub mod backup;
mod caller;
mod clock;
mod config;
mod error;
mod figures;
pub mod gc;
mod graphql;
mod guard;
mod handler;
mod kind;
mod metrics;
pub mod migrate;
mod operate;
pub mod operation;
mod operations;
mod otlp;
mod page;
mod permission;
mod probes;
mod query;
mod random;
mod reply;
pub mod rights;
mod routes;
mod search;
mod server;
mod sql;
mod state;
pub mod store;
mod ui;
mod uri;
pub mod users;
#[cfg(test)]
mod walk;
pub mod webhooks;
mod workspaces;

pub use administration::{Directory, OfUsers};
pub use caller::{Caller, Means};
pub use config::Config;
pub use error::Error;
pub use guard::Guard;
pub use server::Tracking;
pub use state::Settings;
pub use store::Store;
pub use ui::Ui;
pub use users::Users;
