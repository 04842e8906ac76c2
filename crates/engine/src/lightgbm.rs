//! LightGBM models: the text files of releases 3.x and 4.x, and the wrappers with scikit-learn's
//! interface that pickles and skops files hold.
//!
//! Comparisons and sums are in double precision, from zero, in the order of the trees: what the
//! project's own predictor does.

mod categories;
mod importance;
mod leaves;
mod model;
mod objective;
mod predictor;
mod text;
mod wrapper;

use model::Model;
use predictor::{Interface, LightGbm};

use crate::{
    Error, Limits, Predictor,
    flavor::{Flavor, Loaded, ModelFile},
};

pub(crate) use importance::importances;
pub(crate) use wrapper::build;

/// Files that `save_model` wrote.
pub(crate) const FLAVOR: Flavor = Flavor {
    name: "lightgbm",
    library: "LightGBM",
    mlmodel_key: "data",
    endings: &["txt", "lgb"],
    recognises,
    load,
};

fn recognises(bytes: &[u8]) -> Option<&'static str> {
    matches!(*bytes, [b't', b'r', b'e', b'e', b'\r' | b'\n', ..]).then_some("a LightGBM text model")
}

fn load(file: ModelFile<'_>, _: &Limits) -> Result<Loaded, Error> {
    let content = file.content;
    Loaded::booster(build_from(&content))
}

/// The model, and the version of its format.
///
/// # Errors
/// [`Error::Malformed`] with the line at fault, or [`Error::Unsupported`] for unknown objectives.
fn build_from(bytes: &[u8]) -> Result<(Box<dyn Predictor>, String), Error> {
    let model = Model::read(bytes, None)?;
    let origin = format!("LightGBM text {}", model.version);
    Ok((Box::new(LightGbm::new(model, Interface::Scores, None)?), origin))
}
