use super::{Interface, LightGbm, Model};
use crate::{
    Error, Predictor, attributes,
    read::{Cursor, Kind},
};

/// Builds what a pickle or skops file holds: a wrapper class, or a bare `Booster`.
///
/// # Errors
/// [`Error::Attribute`] for a wrapper that is not fitted, and whatever the booster inside gives.
pub(crate) fn build(estimator: Cursor<'_>) -> Result<Box<dyn Predictor>, Error> {
    let class = estimator.class_name();
    let (booster, interface) = match class {
        "Booster" => (estimator, Interface::Scores),
        "LGBMClassifier" => (estimator.require("_Booster")?, Interface::Classifier),
        "LGBMRegressor" | "LGBMRanker" | "LGBMModel" => {
            (estimator.require("_Booster")?, Interface::Scores)
        }
        _ => {
            return Err(Error::booster(
                format!("LightGBM's class `{class}`"),
                "it has no native implementation",
            ));
        }
    };
    let bytes = handle(booster)?;
    let model = Model::read(bytes, rounds(booster))?;
    let classes = || {
        let own = estimator.attr("_classes").filter(|classes| !classes.is_none());
        own.or_else(|| estimator.attr("_le")?.attr("classes_"))
    };
    let labels = match interface {
        Interface::Classifier => classes().and_then(attributes::read_labels),
        Interface::Scores => None,
    };
    let built = LightGbm::new(model, interface, labels)?;
    // `decision_function` came with 4.7, and so did this attribute: what stands around a classifier
    // asks for it first
    let decides = estimator.attr("_fitted_with_feature_names").is_some();
    Ok(Box::new(if decides { built } else { built.without_decisions() }))
}

/// The text of the model that a `Booster` holds.
pub(super) fn handle(booster: Cursor<'_>) -> Result<&[u8], Error> {
    let handle = match booster.attr("_handle").filter(|handle| !handle.is_none()) {
        Some(handle) => handle,
        None => booster.require("handle")?,
    };
    match handle.kind() {
        Kind::Text(text) => Ok(text.as_bytes()),
        Kind::Bytes(bytes) => Ok(bytes),
        _ => {
            let reason =
                format!("holds {}, where the text of a model is expected", handle.describe());
            Err(Error::attribute("Booster", "_handle", reason))
        }
    }
}

/// The rounds that early stopping chose.
pub(super) fn rounds(booster: Cursor<'_>) -> Option<usize> {
    let best = booster.attr("best_iteration").and_then(Cursor::as_i64);
    best.filter(|&best| best > 0).and_then(|best| usize::try_from(best).ok())
}
