//! The inference server: models in, V1, V2 and MLflow's scoring protocol out.
//!
//! ```text
//! connection ──► route ──► read body ──► decode (protocol/, json/, frame/, schema) ──► Table
//!  one event loop a core                                                             │ engine
//! reply ◄── encode (protocol/) ◄── Output ◄── run: in place when cheap, else on the pool ◄┘
//! ```
//!
//! [`Server::bind`] opens the socket and loads the models; [`Server::run`] serves until it is told
//! to stop and then finishes what it has begun. [`Models`] changes what is served meanwhile.

mod catalog;
mod config;
mod cost;
mod error;
mod failure;
mod frame;
mod grpc;
mod http;
mod json;
mod memory;
mod metrics;
mod models;
mod names;
mod outgoing;
mod pool;
mod protobuf;
mod protocol;
mod repository;
mod schema;
mod server;

pub use catalog::Catalog;
pub use config::{Config, Lease, Limits, ModelSource, Origin};
pub use error::Error;
pub use models::Models;
pub use server::Server;
