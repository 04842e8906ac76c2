//! Safe readers: every format becomes one inert tree of values, a [`Document`].
//!
//! Nothing in a file is executed, imported or resolved. Classes and functions are names.

mod array;
mod budget;
mod cursor;
pub mod json;
pub mod tree_json;
pub mod ubjson;
mod value;

pub use array::{Array, Dtype, DtypeKind, Field};
pub use cursor::{Cursor, Kind};
pub use value::{Document, Id, Node, Object};
