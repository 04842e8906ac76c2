//! The way in: requests are routed by host and path to the replicas of InferenceServices, held while a
//! replica wakes, and counted for the autoscaler.
//!
//! A [`Table`] says what is routed where; it is filled from Kubernetes or from a [`Description`] in a
//! file. Each [`Revision`] in it has its replicas and what is counted of them, and outlives changes of
//! the routes. A request for a revision without replicas asks [`Wake`] for one.

mod announcements;
mod config;
pub mod description;
mod error;
mod exchange;
mod failure;
mod forward;
mod gateway;
mod gateways;
mod grpc;
mod handler;
mod hold;
mod kubernetes;
mod metrics;
mod names;
mod outgoing;
mod owner;
mod peers;
mod record;
mod rendezvous;
mod reply;
mod revision;
mod route;
pub mod security;
mod service;
mod shadow;
mod side_port;
mod split;
mod table;
mod trace;
mod tunnel;
mod upstream;
mod wake;
mod worker;

pub use announcements::Announcements;
pub use config::{Bounds, Config};
pub use description::Description;
pub use error::Error;
pub use gateway::Gateway;
pub use kubernetes::{Deployments, Kubernetes, Release};
pub use peers::Peers;
pub use revision::Revision;
pub use table::Table;
pub use wake::{NoWake, Wake};
