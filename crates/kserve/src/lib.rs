//! The contract of KServe that the platform follows: the manifests and what they mean, and the V1
//! and V2 wire types.
//!
//! Types, names and pure functions only, for servers and for clients alike. Requests for predictions
//! and their replies have none: the server reads and writes them without steps between. Fields of
//! Kubernetes itself (a pod's, a container's) are kept as they are written, so that none is lost.

pub mod address;
pub mod annotations;
mod container;
pub mod defaults;
mod inference_service;
pub mod merge;
mod quantity;
#[cfg(feature = "schema")]
mod schema;
pub mod select;
mod serving_runtime;
mod shipped;
pub mod status;
mod storage_container;
pub mod template;
pub mod unknown;
pub mod v1;
pub mod v2;
pub mod validate;

pub use container::{Container, Fields, Pod};
pub use inference_service::{
    Art, AutoScaling, Batcher, Canary, Component, ComponentSpec, ConfidentialModel, Explainer,
    Extension, External, ExternalMetric, Framework, Frameworks, InferenceServiceSpec, Logger,
    LoggerMode, LoggerStorage, MetricSource, MetricTarget, MetricTargetType, Model, ModelFormat,
    ModelStorage, PodMetric, PodSource, Predictor, Protocol, Resource, ScaleMetric, StorageUri,
    Tracing, Transformer, WorkerSpec,
};
pub use quantity::Quantity;
pub use serving_runtime::{ServingRuntimeSpec, SupportedModelFormat};
pub use storage_container::{StorageContainerSpec, UriFormat, WorkloadType};

/// The group of KServe's kinds.
pub const GROUP: &str = "serving.kserve.io";
