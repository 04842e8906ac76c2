//! The contract of MLflow that the platform follows: the `MLmodel` file and the signature.
//!
//! Parsing and checking only. The file is described in MLflow's model documentation; folders of
//! MLflow 1.x, 2.x and 3.x are read.

mod error;
mod mlmodel;
mod signature;

pub use error::Error;
pub use mlmodel::{Flavor, MlModel};
pub use signature::{ColumnSpec, ColumnType, Param, Schema, Signature, TensorSpec};

/// The release whose REST contract the platform follows.
pub const VERSION: &str = "3.17.2";
