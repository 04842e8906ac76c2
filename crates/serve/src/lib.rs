//! The inference server: models in, V1, V2 and MLflow's scoring protocol out.
//!
//! ```text
//! connection (daemon) ──► http/: route, body ──► inference: decode ──► run ──► encode ──► response
//!  one event loop a core                            │ protocol/      │ engine   │ protocol/
//!                                                   json/, frame/,   │ in place when cheap,
//!                                                   schema ─► Table  │ else on the pool
//! ```
//!
//! [`Server::bind`] opens the socket and loads the models; [`Server::run`] serves until it is told
//! to stop and then finishes what it has begun. [`Models`] changes what is served meanwhile.

mod announce;
#[cfg(feature = "arrow")]
mod budget;
pub mod bulk;
mod catalog;
mod config;
mod contract;
mod encoding;
mod error;
mod exchange;
mod failure;
mod float;
mod frame;
mod grpc;
mod http;
mod inference;
mod json;
mod lines;
mod memory;
mod metrics;
mod models;
mod names;
mod outgoing;
mod protobuf;
mod protocol;
mod recorder;
mod reply;
mod repository;
mod resident;
mod schema;
mod server;
mod shared;
mod ui;
mod unsupported;
mod warm_pool;

pub use announce::Announcer;
pub use catalog::Catalog;
pub use config::{Batching, Config, Lease, Limits, ModelSource, Origin};
pub use error::Error;
pub use models::{Loaded, Models, Summary};
pub use recorder::{RecordSettings, Recorder};
pub use server::Server;
pub use warm_pool::Locations;
