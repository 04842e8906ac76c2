//! LightGBM models: the text files of releases 3.x and 4.x, and the wrappers with scikit-learn's
//! interface that pickles and skops files hold.
//!
//! Comparisons and sums are in double precision, from zero, in the order of the trees: what the
//! project's own predictor does.

mod model;
mod objective;
mod predictor;
mod text;
mod wrapper;

use model::Model;
use predictor::LightGbm;
pub(crate) use wrapper::build;

use crate::{Error, Predictor};

/// Whose answers are asked for: a bare booster or a wrapper class answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    /// `lightgbm.Booster`, `LGBMRegressor`, `LGBMRanker`: transformed scores.
    Scores,
    /// `LGBMClassifier`: labels and probabilities.
    Classifier,
}

/// Builds the model of a file that `save_model` wrote; also gives the version of its format.
///
/// # Errors
/// [`Error::Malformed`] with the line at fault, or [`Error::Unsupported`] for linear trees,
/// categorical splits and unknown objectives.
pub(crate) fn load(bytes: &[u8]) -> Result<(Box<dyn Predictor>, String), Error> {
    let model = Model::read(bytes, None)?;
    let version = model.version.clone();
    Ok((Box::new(LightGbm::new(model, Interface::Scores, None)?), version))
}

fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "LightGBM model", place: place.into(), reason: reason.into() }
}

fn unsupported(what: &str, reason: &str) -> Error {
    Error::Unsupported {
        what: what.into(),
        reason: reason.into(),
        hint: "Train it with a built-in objective and plain trees over numeric (for example one-hot encoded) columns; docs/reference/models.md lists what runs natively".into(),
    }
}
