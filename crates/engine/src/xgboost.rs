//! XGBoost models: boosters of releases 1.3 to 3.x in UBJSON, JSON and the old binary format, and the
//! wrappers with scikit-learn's interface that pickles and skops files hold.
//!
//! The formats are those of the project's own model schema; how scores become answers follows its
//! objectives, in single precision throughout.

mod binary;
mod booster;
mod categories;
mod ensemble;
mod importance;
mod json;
mod linear;
mod objective;
mod predictor;
mod quadrature;
mod tree;
mod wrapper;

use booster::Booster;
use predictor::{Interface, XgBoost};

use crate::{
    Error, Limits, Predictor,
    flavor::{Flavor, Loaded, ModelFile},
    read::{self, tree_json::Json, ubjson},
};

pub(crate) use importance::importances;
pub(crate) use wrapper::build;

/// True when the file starts as JSON or UBJSON objects do.
fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{")
}

/// Reads a model file, in whichever of its three formats.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, Error> {
    if !is_json(bytes) {
        return binary::parse(bytes);
    }
    // after the brace, JSON has a quote, a closing brace or white space; UBJSON has a type marker
    match bytes.trim_ascii_start().get(1) {
        Some(b'"' | b'}' | b' ' | b'\t' | b'\r' | b'\n') | None => read::json::parse(bytes, limits),
        Some(_) => ubjson::parse(bytes, limits),
    }
}

/// Files that `save_model` wrote.
pub(crate) const FLAVOR: Flavor = Flavor {
    name: "xgboost",
    library: "XGBoost",
    mlmodel_key: "data",
    endings: &["ubj", "json", "bst", "xgb", "model"],
    recognises,
    load,
};

fn recognises(bytes: &[u8]) -> Option<&'static str> {
    if binary::recognises(bytes) {
        return Some("an XGBoost binary model");
    }
    match *bytes.trim_ascii_start() {
        [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#', ..] => Some("UBJSON"),
        // its two keys come in this order, or in the other one when somebody wrote it again
        [b'{', ..] if has(bytes, b"\"learner\"") => Some("JSON"),
        _ => None,
    }
}

fn has(bytes: &[u8], key: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    head.windows(key.len()).any(|window| window == key)
}

fn load(file: ModelFile<'_>, limits: &Limits) -> Result<Loaded, Error> {
    let ModelFile { content, class } = file;
    let tree = parse(&content, limits)?;
    drop(content);
    Loaded::booster(build_from(&tree, class))
}

/// The model, and the release that wrote it. Without a class it answers as a bare booster.
///
/// # Errors
/// [`Error::Malformed`], or [`Error::Unsupported`] naming what it needs: an unknown objective or
/// class.
fn build_from(tree: &Json, class: Option<&str>) -> Result<(Box<dyn Predictor>, String), Error> {
    let interface = class.map_or(Ok(Interface::Booster), Interface::of_class)?;
    let booster = Booster::read(tree, interface != Interface::Booster, None)?;
    let origin = format!("XGBoost {}", booster.version);
    Ok((Box::new(XgBoost::new(booster, interface, None, f32::NAN)?), origin))
}
