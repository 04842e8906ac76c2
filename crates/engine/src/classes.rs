//! The classes of a classifier, from the values of its file.

use crate::{
    Labels, attributes,
    read::{Cursor, Document},
};

/// Deepest nesting of estimators that is looked into.
const DEEPEST: usize = 8;

/// The classes of what a file holds, in the order of its probabilities: those of the last step of a pipeline, of the
/// best estimator of a search.
pub(crate) fn of(document: &Document) -> Option<Labels> {
    let mut estimator = document.root();
    for _ in 0..DEEPEST {
        if let Some(labels) = own(estimator) {
            return Some(labels);
        }
        let inner = estimator.attr("best_estimator_").or_else(|| estimator.attr("estimator_"));
        estimator = inner.or_else(|| last_step(estimator))?;
    }
    None
}

fn own(estimator: Cursor<'_>) -> Option<Labels> {
    // LightGBM's wrapper has a name of its own for them, old ones of XGBoost and LightGBM keep an encoder
    let encoder = || estimator.attr("_le").and_then(|encoder| encoder.attr("classes_"));
    let named = ["classes_", "_classes"]
        .iter()
        .find_map(|name| estimator.attr(name).and_then(attributes::read_labels));
    named.or_else(|| encoder().and_then(attributes::read_labels))
}

fn last_step(estimator: Cursor<'_>) -> Option<Cursor<'_>> {
    let steps = estimator.attr("steps")?;
    let last = steps.go(*steps.items()?.last()?);
    Some(last.go(*last.items()?.get(1)?))
}
