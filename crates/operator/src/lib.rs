//! Keeps InferenceServices: the controllers of the platform on Kubernetes.

pub mod build;
pub mod crd;
