//! Support vector machines.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::svm::{OutlierDetector, SupportVectorClassifier, SupportVectorRegressor},
};

pub(super) fn of_class(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "SVC" | "NuSVC" => predictor(SupportVectorClassifier::build(c)),
        "SVR" | "NuSVR" => predictor(SupportVectorRegressor::build(c)),
        "OneClassSVM" => predictor(OutlierDetector::build(c)),
        _ => return None,
    })
}
