//! scikit-learn estimators, built from a [`Document`](crate::read::Document).

use crate::{
    Error, Limits,
    flavor::{Flavor, Loaded, ModelFile},
    other_formats::is_old_torch,
    read::{self, Cursor, Form, sniff, zip_names},
};

mod check;
mod columns;
#[cfg(test)]
mod damage;
mod encode;
pub(crate) mod fields;
mod forest;
mod function;
mod gradient_boosting;
mod hist_gradient_boosting;
mod impute;
mod linear;
mod logit;
mod nearest;
mod normalizer;
mod not_a_model;
mod pipeline;
mod place;
mod polynomial;
mod raw;
mod refuse;
mod registry;
mod scaler;
mod stack;
mod text;
mod union;

pub(crate) use crate::estimator::{Estimator, Transform};
pub(crate) use pipeline::join;
pub(crate) use place::Place;
pub(crate) use registry::build;

/// Pickles, joblib and skops files: estimators of scikit-learn, and the wrappers of other libraries.
pub(crate) const FLAVOR: Flavor = Flavor {
    name: "sklearn",
    library: "scikit-learn",
    mlmodel_key: "pickled_model",
    endings: &["skops", "joblib", "pkl", "pickle", "sav"],
    recognises,
    load,
};

fn recognises(bytes: &[u8]) -> Option<&'static str> {
    match sniff(bytes) {
        Form::Pickle if !is_old_torch(bytes) => Some("a pickle"),
        // an archive whose end is damaged may be one: its reader says what is wrong
        Form::Zip => match zip_names(bytes) {
            None => Some("a zip archive"),
            Some(names) => names.contains(&"schema.json").then_some("a skops file"),
        },
        _ => None,
    }
}

fn load(file: ModelFile<'_>, limits: &Limits) -> Result<Loaded, Error> {
    let document = read::document(file.content, limits)?;
    let root = document.root();
    let version = root.attr("_sklearn_version").and_then(Cursor::as_str);
    let origin = version.map(|version| format!("scikit-learn {version}")).into_iter().collect();
    let estimator = match not_a_model::error(root) {
        Some(error) => Err(error),
        None => build(root, &Place::root()),
    };
    Ok(Loaded { estimator, origin, document: Some(document) })
}

/// The version of scikit-learn that an estimator's state names; `None` in files older than 0.18.
pub(crate) fn version(estimator: Cursor<'_>) -> Option<(u32, u32)> {
    release(estimator).map(|(major, minor, _)| (major, minor))
}

/// The same with the third number, which is 0 in development versions.
pub(crate) fn release(estimator: Cursor<'_>) -> Option<(u32, u32, u32)> {
    let text = estimator.attr("_sklearn_version")?.as_str()?;
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}
