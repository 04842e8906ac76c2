//! Gaussian processes, kernel ridge and discriminants.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        discriminant::QuadraticDiscriminant,
        gaussian::{GaussianProcessClassifier, GaussianProcessRegressor},
        kernel_ridge::KernelRidge,
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "QuadraticDiscriminantAnalysis" => predictor(QuadraticDiscriminant::build(c)),
        "GaussianProcessRegressor" => predictor(GaussianProcessRegressor::build(c)),
        "GaussianProcessClassifier" => predictor(GaussianProcessClassifier::build(c)),
        "KernelRidge" => predictor(KernelRidge::build(c)),
        _ => return None,
    })
}
