//! The way in: requests are routed by host and path to the replicas of InferenceServices, held while a
//! replica wakes, and counted for the autoscaler.
//!
//! A [`Table`] says what is routed where; it is filled from Kubernetes or from a [`Description`] in a
//! file. Each [`Revision`] in it has its replicas and what is counted of them, and outlives changes of
//! the routes. A request for a revision without replicas asks [`Wake`] for one.

#![expect(dead_code, unused_imports, reason = "what reads the table for requests follows")]

pub mod description;
mod error;
mod kubernetes;
mod peers;
mod revision;
mod service;
mod table;
mod wake;

pub use description::Description;
pub use error::Error;
pub use kubernetes::{Deployments, Kubernetes};
pub use peers::Peers;
pub use revision::Revision;
pub use table::Table;
pub use wake::{NoWake, Wake};
