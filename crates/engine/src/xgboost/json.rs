//! Values of a model file, with errors that name their place.

use crate::{
    Error,
    read::tree_json::{Json, Numbers},
};

pub(super) fn get<'a>(json: &'a Json, path: &[&str]) -> Result<&'a Json, Error> {
    json.at(path).ok_or_else(|| malformed(format!("`{}`", path.join(".")), "is missing"))
}

/// Whole numbers; none when the key is missing.
pub(super) fn ints(json: &Json, key: &str, tree: usize) -> Result<Vec<i64>, Error> {
    let Some(value) = json.get(key) else { return Ok(Vec::new()) };
    value.numbers().and_then(Numbers::i64s).ok_or_else(|| {
        malformed(format!("`{key}` of tree `{tree}`"), "is not a list of whole numbers")
    })
}

pub(super) fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "XGBoost model", place: place.into(), reason: reason.into() }
}
