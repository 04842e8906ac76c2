//! What the estimators that are made of others do with their parts.

use super::{building::Building, check};
use crate::{
    Data, Error, Predictor, Table, attributes,
    estimator::{Estimator, Transform},
    read::{Cursor, Kind},
};

/// A `(name, estimator)` or `(name, estimator, …)` tuple.
pub(super) fn named(pair: Cursor<'_>) -> Option<(String, Cursor<'_>)> {
    match *pair.items()? {
        [name, estimator, ..] => Some((attributes::any_text(pair.go(name))?, pair.go(estimator))),
        _ => None,
    }
}

/// Steps that hand their input on.
pub(super) fn is_skipped(estimator: Cursor<'_>) -> bool {
    match estimator.kind() {
        Kind::None => true,
        Kind::Text(text) => text == "passthrough",
        _ => false,
    }
}

/// An estimator that must be a transformer.
pub(crate) fn transformer(c: Cursor<'_>, building: &Building) -> Result<Box<dyn Transform>, Error> {
    building.build(c)?.into_transform().map_err(|_| Error::Unsupported {
        what: format!("`{}` as a transformer", c.class_name()),
        reason: "only its predictions have a native implementation, not its `transform`".into(),
        hint: "Replace it by a transformer that runs natively".into(),
    })
}

/// An estimator that must have `predict`.
pub(crate) fn predictor(c: Cursor<'_>, building: &Building) -> Result<Box<dyn Predictor>, Error> {
    match building.build(c)? {
        Estimator::Predictor(predictor) => Ok(predictor),
        Estimator::Transformer(_) => Err(Error::Unsupported {
            what: format!("`{}` as a model", c.class_name()),
            reason: "it has no `predict`".into(),
            hint: "Replace it by a model that runs natively".into(),
        }),
    }
}

/// The weight of a named transformer.
pub(super) fn weight(c: Cursor<'_>, name: &str) -> Option<f64> {
    c.attr("transformer_weights")?.attr(name)?.as_f64()
}

/// Multiplies a transformer's output by its weight.
pub(super) fn weigh(mut table: Table, weight: Option<f64>) -> Result<Table, Error> {
    let Some(weight) = weight else { return Ok(table) };
    table = check::floats(table)?;
    match &mut table.data {
        Data::F64(m) => m.values.iter_mut().for_each(|v| *v *= weight),
        Data::F32(m) => m.values.iter_mut().for_each(|v| *v *= weight as f32),
        Data::Sparse(csr) => {
            csr.make_floats();
            for v in &mut csr.values {
                *v *= weight;
            }
            csr.round();
        }
        _ => {}
    }
    Ok(table)
}
