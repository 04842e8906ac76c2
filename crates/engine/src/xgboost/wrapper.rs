use super::{Booster, Interface, XgBoost, parse};
use crate::{
    Error, Labels, Limits, Predictor, attributes,
    read::{Cursor, Kind},
};

/// Builds what a pickle or skops file holds: a wrapper class, or a bare `Booster`.
///
/// # Errors
/// [`Error::Attribute`] for a wrapper that is not fitted, and whatever the booster inside gives.
pub(crate) fn build(estimator: Cursor<'_>) -> Result<Box<dyn Predictor>, Error> {
    let interface = Interface::of_class(estimator.class_name())?;
    let booster = match interface {
        Interface::Booster => estimator,
        _ => estimator.require("_Booster")?,
    };
    let bytes = handle(booster)?;
    let root = parse(bytes, &Limits::default())?;
    // the wrapper's best round, or else the booster's, where releases before 1.6 keep it
    let best = [estimator, booster].into_iter().find_map(|c| c.attr("best_iteration")?.as_i64());
    let best = best.and_then(|best| u64::try_from(best).ok());
    let model = Booster::read(&root, interface != Interface::Booster, best)?;
    let missing = estimator.attr("missing").and_then(Cursor::as_f64).unwrap_or(f64::NAN);
    let labels = if interface == Interface::Classifier { labels(estimator) } else { None };
    Ok(Box::new(XgBoost::new(model, interface, labels, missing as f32)?))
}

/// The classes, from the encoder that old releases keep or from the wrapper itself.
fn labels(estimator: Cursor<'_>) -> Option<Labels> {
    let encoder = estimator.attr("_le").and_then(|encoder| encoder.attr("classes_"));
    let value = encoder.or_else(|| estimator.attr("classes_"))?;
    attributes::read_labels(value)
}

/// The bytes of the model that a `Booster` holds.
pub(super) fn handle(booster: Cursor<'_>) -> Result<&[u8], Error> {
    let handle = booster.require("handle")?;
    match handle.kind() {
        Kind::Bytes(bytes) => Ok(bytes),
        Kind::Text(text) => Ok(text.as_bytes()),
        _ => {
            let reason =
                format!("holds {}, where the bytes of a model are expected", handle.describe());
            Err(Error::attribute("Booster", "handle", reason))
        }
    }
}
