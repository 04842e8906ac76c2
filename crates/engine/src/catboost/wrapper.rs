use super::{CatBoost, Interface, Model, binary};
use crate::{
    Error, Limits, Predictor,
    read::{Cursor, Kind},
};

/// Builds what a pickle or skops file holds: one of CatBoost's classes.
///
/// # Errors
/// [`Error::Attribute`] for one that is not fitted, and whatever the model inside gives.
pub(crate) fn build(estimator: Cursor<'_>) -> Result<Box<dyn Predictor>, Error> {
    let interface = Interface::of_class(estimator.class_name())?;
    let model = estimator.require("__model")?;
    let Kind::Bytes(bytes) = model.kind() else {
        return Err(Error::attribute(
            estimator.class_name(),
            "__model",
            format!("holds {}, where the bytes of a model are expected", model.describe()),
        ));
    };
    let parts = binary::read(bytes, &Limits::default())?;
    Ok(Box::new(CatBoost::new(Model::new(parts)?, Some(interface))?))
}
