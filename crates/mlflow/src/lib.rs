//! The contract of MLflow that the platform follows: the `MLmodel` file, the signature, the URIs
//! that name models, and the messages of the REST API.
//!
//! Parsing, checking and printing only. The file is described in MLflow's model documentation; folders of
//! MLflow 1.x, 2.x and 3.x are read.

mod error;
pub mod json;
mod mlmodel;
pub mod rest;
mod signature;
mod text;
mod uri;

pub use error::Error;
pub use mlmodel::{Flavor, MlModel};
pub use signature::{
    ColumnSpec, ColumnType, DataType, Param, Property, Schema, Signature, TensorSpec,
};
pub use uri::{ModelUri, RunUri};

/// The release whose REST contract the platform follows.
pub const VERSION: &str = "3.17.2";
