//! JSON without a tree: a scanner that its callers steer, and a writer.
//!
//! Strict JSON of RFC 8259, with one extension that Python's `json` writes: the numbers `NaN`,
//! `Infinity` and `-Infinity`.

mod number;
mod scan;
mod text;
pub(crate) mod write;

pub(crate) use number::Number;
pub(crate) use scan::{Scalar, Scanner, twice};
