//! scikit-learn estimators, built from a [`Document`](crate::read::Document).

use crate::{
    Error, Limits, estimators,
    flavor::{Flavor, Loaded, ModelFile},
    other_formats::is_old_torch,
    parallel,
    read::{self, Cursor, Format, sniff, zip_names},
};

mod algebra;
pub(crate) mod bayes;
pub(crate) mod binarizer;
pub(crate) mod bins;
pub(crate) mod building;
mod check;
pub(crate) mod cluster;
pub(crate) mod columns;
#[cfg(test)]
mod damage;
pub(crate) mod decomposition;
pub(crate) mod dicts;
pub(crate) mod discriminant;
pub(crate) mod elliptic;
pub(crate) mod encode;
pub(crate) mod ensemble;
mod exponential;
pub(crate) mod forest;
pub(crate) mod function;
pub(crate) mod gaussian;
pub(crate) mod gradient_boosting;
pub(crate) mod hist_gradient_boosting;
pub(crate) mod impute;
mod interpolate;
pub(crate) mod isotonic;
pub(crate) mod kernel_approximation;
pub(crate) mod kernel_ridge;
pub(crate) mod linear;
mod log_sum;
mod logit;
mod member;
pub(crate) mod meta;
pub(crate) mod mixture;
mod nearest;
pub(crate) mod neighbors;
pub(crate) mod network;
pub(crate) mod normalizer;
mod not_a_model;
pub(crate) mod pairwise;
mod panels;
pub(crate) mod part;
pub(crate) mod parts;
pub(crate) mod pipeline;
pub(crate) mod polynomial;
pub(crate) mod power;
mod product;
pub(crate) mod quantile;
mod raw;
pub(crate) mod refuse;
mod rows;
pub(crate) mod sampler;
pub(crate) mod scaler;
pub(crate) mod select;
mod sparse;
pub(crate) mod spline;
pub(crate) mod stack;
mod sums;
pub(crate) mod svm;
pub(crate) mod text;
pub(crate) mod union;
mod weighted;

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
        Format::Pickle if !is_old_torch(bytes) => Some("a pickle"),
        // an archive whose end is damaged may be one: its reader says what is wrong
        Format::Zip => match zip_names(bytes) {
            None => Some("a zip archive"),
            Some(names) => names.contains(&"schema.json").then_some("a skops file"),
        },
        _ => None,
    }
}

fn load(file: ModelFile<'_>, limits: &Limits) -> Result<Loaded, Error> {
    let document = read::document(file.content, limits)?;
    let root = document.root();
    let origin = release(root).map(|version| format!("scikit-learn {version}"));
    let origin = origin.into_iter().collect();
    let building = estimators::building();
    let estimator = match parts::join(root, &building) {
        Some(joined) => joined,
        None => match not_a_model::error(root) {
            Some(error) => Err(error),
            None => building.build(root),
        },
    };
    Ok(Loaded { estimator, origin, document: Some(document) })
}

/// The release of scikit-learn that wrote an estimator, or the parts of one.
fn release<'a>(root: Cursor<'a>) -> Option<&'a str> {
    let own = |estimator: Cursor<'a>| estimator.attr("_sklearn_version")?.as_str();
    parts::estimators(root).into_iter().map(|(_, part)| part).chain([root]).find_map(own)
}
