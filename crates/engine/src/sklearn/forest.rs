//! Decision trees and the forests that average them.
//!
//! A leaf's answer is worked out when the model is read, so predicting only finds each tree's leaf,
//! adds its vector and divides once. Sums run in the order of the trees, as the library's do with
//! one job.

use std::borrow::Cow;

use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, version},
    read::Cursor,
};

mod classifier;
mod grown;
mod leaves;
mod regressor;

pub(crate) use classifier::{ForestClassifier, Targets};
pub(crate) use grown::{Grown, samples};
pub(crate) use leaves::{Collector, Leaves};
pub(crate) use regressor::{ForestRegressor, accepts_nan};

/// What trees take of their rows: floats, and NaN only for some.
#[derive(Debug)]
pub(crate) struct Rows {
    inputs: Inputs,
    features: usize,
    nan: bool,
}

impl Rows {
    /// For an estimator whose trees have `features` columns; `nan` lets missing values pass.
    pub(crate) fn new(c: Cursor<'_>, features: usize, nan: bool) -> Result<Self, Error> {
        let inputs = attributes::inputs(c, Some(features));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(features), features)?;
        Ok(Self { inputs, features, nan })
    }

    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    /// The rows as the floats that splits compare.
    pub(crate) fn take<'a>(&self, table: &'a Table) -> Result<Cow<'a, [f32]>, Error> {
        table.expect_columns(self.features)?;
        let values = table.to_f32()?;
        let dense = !matches!(table.data, Data::Sparse(_));
        table.expect_finite(&values, self.nan && dense)?;
        Ok(values)
    }
}

/// Whether a tree that was trained like `tree` accepts NaN: releases differ in which trees learnt
/// to place missing values.
pub(crate) fn takes_nan(tree: Cursor<'_>) -> bool {
    let Some(release) = version(tree).filter(|release| *release >= (1, 3)) else { return false };
    let random = attributes::text(tree, "splitter") == Some("random");
    if release >= (1, 9) {
        return random || !tree.class_name().starts_with("Extra");
    }
    // from 1.6 on random splits place missing values too, and extra trees only those
    let only_random = release >= (1, 6) && tree.class_name() == "ExtraTreeClassifier";
    let splitter = if random { release >= (1, 6) } else { !only_random };
    let monotonic = tree.attr("monotonic_cst").is_some_and(|cst| !cst.is_none());
    let criterion = matches!(
        attributes::text(tree, "criterion"),
        Some("gini" | "log_loss" | "entropy" | "squared_error" | "friedman_mse" | "poisson")
    );
    splitter && !monotonic && criterion
}

/// The trees of an estimator: itself, or the members of a forest.
pub(crate) fn members(c: Cursor<'_>) -> Result<Vec<Cursor<'_>>, Error> {
    if c.attr("tree_").is_some() {
        return Ok(vec![c]);
    }
    let members = attributes::list(c, "estimators_")?;
    if members.is_empty() {
        return Err(Error::attribute(c.class_name(), "estimators_", "has no tree"));
    }
    Ok(members)
}
