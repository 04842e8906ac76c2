//! What answers by the nearest rows of training.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        impute::NeighborsImputer,
        neighbors::{
            KernelDensity, LocalOutlierFactor, NearestCentroid, NeighborhoodComponents,
            NeighborsClassifier, NeighborsGraph, NeighborsRegressor,
        },
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "KNeighborsClassifier" => predictor(NeighborsClassifier::nearest(c)),
        "KNeighborsRegressor" => predictor(NeighborsRegressor::nearest(c)),
        "RadiusNeighborsClassifier" => predictor(NeighborsClassifier::radius(c)),
        "RadiusNeighborsRegressor" => predictor(NeighborsRegressor::radius(c)),
        "KNeighborsTransformer" => transformer(NeighborsGraph::nearest(c)),
        "RadiusNeighborsTransformer" => transformer(NeighborsGraph::radius(c)),
        "LocalOutlierFactor" => predictor(LocalOutlierFactor::build(c)),
        "NearestCentroid" => predictor(NearestCentroid::build(c)),
        "NeighborhoodComponentsAnalysis" => transformer(NeighborhoodComponents::build(c)),
        "KernelDensity" => predictor(KernelDensity::build(c)),
        "KNNImputer" => transformer(NeighborsImputer::build(c)),
        _ => return None,
    })
}
