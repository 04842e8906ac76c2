//! Tree ensembles in one node form, with kernels chosen at load.
//!
//! Every library's rule becomes "go right if x > t" over *virtual columns*: a feature seen through a
//! [`View`] that has already decided what NaN, zero or a category means for that split. So the
//! loops that walk trees know nothing of missing values or categories.
//!
//! ```text
//! library's tree ──Builder──► Form (trees, breadth-first, children adjacent, leaves loop)
//!                                ├─► direct: floats compared as they are
//!                                └─► ranked: one byte a value, four bytes a node
//! ```
//!
//! One row walks several trees side by side. Of many rows, `blend` decides small trees as a whole for
//! all rows at once, and `tops` the first splits of larger ones, from which each row walks on.

mod blend;
mod build;
mod columns;
mod decisions;
mod direct;
mod facts;
mod forest;
mod kernel;
mod lanes;
mod listed;
mod ranked;
mod sets;
mod shap;
mod sum;
mod symmetric;
#[cfg(test)]
mod tests;
mod tops;
mod typical;
#[cfg(test)]
mod variants;

pub(crate) use build::{Builder, Split, Test};
pub(crate) use columns::{Categories, View, ZERO};
pub(crate) use decisions::Decisions;
pub(crate) use forest::Forest;
pub(crate) use lanes::LANES;
pub(crate) use listed::{Listed, Side};
pub(crate) use shap::{DEEPEST, SHAP, Shap};
pub(crate) use symmetric::{Column, FEWEST, ROWS, Room, Symmetric};
