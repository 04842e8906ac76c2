//! Keeps InferenceServices: the controllers of the platform on Kubernetes.

pub mod autoscaler;
pub mod build;
pub mod crd;
mod error;

pub use error::Error;
