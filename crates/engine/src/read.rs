//! Safe readers: every format becomes one inert tree of values, a [`Document`].
//!
//! Nothing in a file is executed, imported or resolved. Classes and functions are names.

mod archive;
mod array;
pub(crate) mod budget;
mod builder;
mod code;
mod container;
mod cursor;
mod file;
mod hostile;
mod joblib;
pub mod json;
mod npy;
mod numpy;
pub(crate) mod pandas;
mod pickle;
mod skops;
mod sniff;
mod stored;
pub mod tree_json;
pub mod ubjson;
mod value;
mod zip_names;

pub use array::{Array, Dtype, DtypeKind, Field};
pub use code::CodeRef;
pub use cursor::{Cursor, Kind};
pub use file::file;
pub use sniff::{Format, sniff};
pub use value::{Document, Id, Node, Object};
pub(crate) use zip_names::zip_names;
#[cfg(test)]
pub(crate) use {array::ArrayData, value::Meaning};

use crate::{Error, Limits};

/// Reads a pickle, a joblib file or a skops file, compressed or not.
///
/// Takes at most twice the memory of the decompressed file, plus 64 MB.
///
/// # Errors
/// [`Error::Malformed`] with the place of the fault; [`Error::Limit`] when decompressing goes
/// beyond `limits`; [`Error::Hostile`] when the file refers to what only an attack needs;
/// [`Error::Unsupported`] for formats that hold something else.
pub fn document(bytes: Vec<u8>, limits: &Limits) -> Result<Document, Error> {
    let (bytes, _) = decompressed(bytes, limits)?;
    let format = sniff(&bytes);
    match format {
        Format::Pickle => pickle::read(bytes, limits),
        Format::Zip => skops::read(bytes, limits),
        Format::Npy => npy::read(bytes, limits),
        _ => Err(Error::Malformed {
            format: "model file",
            place: "byte 0".into(),
            reason: format!("a pickle, joblib or skops file is expected, but this is {format}"),
        }),
    }
}

/// The file itself, and the stream it was in when it was compressed.
///
/// # Errors
/// [`Error::Limit`] and [`Error::Malformed`] of the stream.
pub(crate) fn decompressed(
    bytes: Vec<u8>,
    limits: &Limits,
) -> Result<(Vec<u8>, Option<Format>), Error> {
    let format = sniff(&bytes);
    if format.is_compressed() {
        Ok((container::inflate(bytes, format, limits)?, Some(format)))
    } else {
        Ok((bytes, None))
    }
}
