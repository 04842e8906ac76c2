//! A model folder or file in, predictions out: no sockets, no async, no Python.
//!
//! [`load`] recognises what the path holds, reads it into an inert tree of values (nothing in a
//! model file is ever executed), and lowers it to native estimators behind one [`Predictor`].
//!
//! ```text
//! path ──flavors───► reader ──Document──► estimators ──► Predictor ◄── Table
//!                    (read/)              (sklearn/, xgboost, lightgbm,  └──► Output
//!                                         catboost)
//! ```

mod attributes;
pub mod catalogue;
mod catboost;
mod classes;
mod error;
mod estimator;
mod estimators;
mod flavor;
mod flavors;
mod foreign;
pub mod golden;
mod inspect;
mod lightgbm;
mod limits;
mod method;
mod model;
mod other_formats;
mod output;
mod parallel;
mod predictor;
mod processor;
pub mod read;
mod scores;
mod sklearn;
mod source;
mod table;
mod tree;
mod xgboost;

pub use error::{ColumnPlace, Error, quantity};
pub use flavors::load;
pub use inspect::{Inspection, Step, inspect};
pub use limits::Limits;
pub use method::Method;
pub use model::Model;
pub use output::{Labels, Output, OutputData};
pub use predictor::{ColumnUse, Inputs, Predictor};
pub use source::Source;
pub use table::{Cell, Column, Csr, Data, Matrix, Scalar, Table, TextColumn};
