//! The objects that an InferenceService becomes: a pure function of its manifest and of what stands
//! around it.
//!
//! [`plan`] gives a [`Workload`] for each component and each canary. A workload knows the template of
//! its pods, and its hash; the controller numbers revisions by it, and asks the workload for the
//! objects of one revision.

mod art;
mod canary;
mod component;
mod container;
mod context;
mod credentials;
mod custom;
mod draft;
mod fetcher;
mod foreign;
mod given;
mod hash;
mod keda;
mod names;
mod notes;
mod own;
mod planned;
mod planning;
mod pod;
mod pool;
mod predictor;
mod restricted;
mod scaling;
mod services;
mod storage;
mod tracing;
mod unread;
mod workload;

pub use given::{Account, Secret, Service, Settings, StorageContainer, Surroundings};
pub use keda::Trigger;
pub use planned::{ComponentAddress, Plan, Refusal, RuntimeName};
pub use planning::plan;
pub use pool::{POOL, POOL_INGRESS, PoolObjects, PoolResources, PoolSettings, pool};
pub use workload::{Owner, Scaler, Workload};

/// The ServiceAccount of pods that name none.
pub const DEFAULT_ACCOUNT: &str = "default";
