//! scikit-learn estimators, built from a [`Document`](crate::read::Document).

use std::fmt;

use crate::{Error, Inputs, Predictor, Table, read::Cursor};

/// A fitted transformer: columns in, columns out.
pub(crate) trait Transform: Send + Sync + fmt::Debug {
    /// What the rows must look like.
    fn inputs(&self) -> Inputs;

    /// The transformed rows. Takes the table whole so that it can work in place.
    fn transform(&self, input: Table) -> Result<Table, Error>;
}

/// A fitted estimator of either kind.
#[derive(Debug)]
pub(crate) enum Estimator {
    /// Has `transform`.
    Transformer(Box<dyn Transform>),
    /// Has `predict`.
    Predictor(Box<dyn Predictor>),
}

/// The version of scikit-learn that an estimator's state names; `None` in files older than 0.18.
pub(crate) fn version(estimator: Cursor<'_>) -> Option<(u32, u32)> {
    let text = estimator.attr("_sklearn_version")?.as_str()?;
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}
