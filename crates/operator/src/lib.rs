//! Keeps InferenceServices: the controllers of the platform on Kubernetes.
//!
//! [`build`] says what an InferenceService becomes, without looking at a cluster; [`cluster`] is what is
//! seen of one; [`run`] makes the one what the other says, on the operator that leads.

pub mod autoscaler;
pub mod build;
pub mod cluster;
mod controller;
mod crd;
mod error;
pub mod gateways;
mod leader;
mod metrics;
mod operator;
pub mod rollout;

pub use controller::CLASS;
pub use error::Error;
pub use metrics::Metrics;
pub use operator::{Config, Ready, connect, run};
