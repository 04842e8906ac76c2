//! CatBoost models: the binary files of releases from 0.2x on, files of JSON, and the wrappers that
//! pickles and skops files hold.
//!
//! Comparisons are in single precision, sums in double precision, from zero, in the order of the
//! trees: what the project's own evaluator does.

mod binary;
mod columns;
mod contributions;
mod ctr;
mod exponential;
mod flatbuffer;
mod hash;
mod info;
mod json;
mod lookup;
mod model;
mod parts;
mod predictor;
mod unsupported;
mod wrapper;

use model::Model;
use predictor::{CatBoost, Interface};

use crate::{
    Error, Limits, Predictor,
    flavor::{Flavor, Loaded, ModelFile},
};

pub(crate) use wrapper::build;

/// Files that `save_model` wrote.
pub(crate) const FLAVOR: Flavor = Flavor {
    name: "catboost",
    library: "CatBoost",
    mlmodel_key: "data",
    endings: &["cbm", "cb", "json"],
    recognises,
    load,
};

fn recognises(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(binary::MAGIC) {
        return Some("a CatBoost binary model");
    }
    json::recognises(bytes).then_some("a CatBoost model in JSON")
}

fn load(file: ModelFile<'_>, limits: &Limits) -> Result<Loaded, Error> {
    let ModelFile { content, class } = file;
    Loaded::booster(build_from(content, class, limits))
}

/// The model, and the release that wrote it. Without a class, its loss tells how it answers.
///
/// # Errors
/// [`Error::Malformed`], or [`Error::Unsupported`] naming what it needs.
fn build_from(
    content: Vec<u8>,
    class: Option<&str>,
    limits: &Limits,
) -> Result<(Box<dyn Predictor>, String), Error> {
    let interface = class.map(Interface::of_class).transpose()?;
    let parts = if content.starts_with(binary::MAGIC) {
        binary::read(&content, limits)?
    } else {
        json::read(&content, limits)?
    };
    // all that is needed was copied out of it
    drop(content);
    let origin = format!("CatBoost {}", parts.info.version).trim_end().to_owned();
    Ok((Box::new(CatBoost::new(Model::new(parts)?, interface)?), origin))
}

fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "CatBoost model", place: place.into(), reason: reason.into() }
}
