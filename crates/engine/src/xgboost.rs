//! XGBoost models: boosters of releases 1.3 to 3.x in UBJSON and JSON, and the wrappers with
//! scikit-learn's interface that pickles and skops files hold.
//!
//! The formats are those of the project's own model schema; how scores become answers follows its
//! objectives, in single precision throughout.

mod booster;
mod objective;
mod predictor;
mod wrapper;

use booster::Booster;
use predictor::XgBoost;
pub(crate) use wrapper::build;

use crate::{
    Error, Limits, Predictor,
    read::{json, tree_json::Json, ubjson},
};

/// Whose answers are asked for: a bare booster or a wrapper class answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    /// `xgboost.Booster`: all rounds, transformed scores.
    Booster,
    /// `XGBClassifier` and `XGBRFClassifier`: labels and probabilities, rounds up to the best.
    Classifier,
    /// `XGBRegressor`, `XGBRanker` and others: transformed scores, rounds up to the best.
    Regressor,
}

impl Interface {
    /// From the name of a Python class, such as `xgboost.sklearn.XGBClassifier`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other classes.
    fn of_class(class: &str) -> Result<Self, Error> {
        Ok(match class.rsplit('.').next().unwrap_or_default() {
            "Booster" => Self::Booster,
            "XGBClassifier" | "XGBRFClassifier" => Self::Classifier,
            "XGBRegressor" | "XGBRFRegressor" | "XGBRanker" | "XGBModel" => Self::Regressor,
            _ => {
                return Err(Error::Unsupported {
                    what: format!("XGBoost's class `{class}`"),
                    reason: "it has no native implementation".into(),
                    hint: "Train it with a built-in objective and plain trees over numeric (for example one-hot encoded) columns; docs/reference/models.md lists what runs natively".into(),
                });
            }
        })
    }
}

/// True when the file starts as JSON or UBJSON objects do.
fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{")
}

/// Reads a model file, in whichever of its two formats.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, Error> {
    if !is_json(bytes) {
        return Err(Error::Unsupported {
            what: "XGBoost's old binary format".into(),
            reason: "its layout is internal to the release that wrote it, and XGBoost itself \
                     dropped it in 3.1"
                .into(),
            hint: "Load the file with the release that wrote it and save it again with \
                   `booster.save_model(\"model.ubj\")`"
                .into(),
        });
    }
    // after the brace, JSON has a quote, a closing brace or white space; UBJSON has a type marker
    match bytes.trim_ascii_start().get(1) {
        Some(b'"' | b'}' | b' ' | b'\t' | b'\r' | b'\n') | None => json::parse(bytes, limits),
        Some(_) => ubjson::parse(bytes, limits),
    }
}

/// Builds the model of a file that `save_model` wrote. `wrapper` is the class it is to answer as,
/// such as `xgboost.sklearn.XGBClassifier`; without one it is a bare booster. Also gives the release
/// that wrote the file.
///
/// # Errors
/// [`Error::Malformed`], or [`Error::Unsupported`] naming what it needs: dart, gblinear,
/// categorical splits, vector leaves, the old binary format, an unknown wrapper.
pub(crate) fn load(
    bytes: &[u8],
    wrapper: Option<&str>,
    limits: &Limits,
) -> Result<(Box<dyn Predictor>, String), Error> {
    let interface = wrapper.map_or(Ok(Interface::Booster), Interface::of_class)?;
    let booster = Booster::read(&parse(bytes, limits)?, interface != Interface::Booster, None)?;
    let version = booster.version.clone();
    Ok((Box::new(XgBoost::new(booster, interface, None, f32::NAN)?), version))
}

fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "XGBoost model", place: place.into(), reason: reason.into() }
}
