//! Linear models.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{
        elliptic::EllipticEnvelope,
        linear::{LinearClassifier, LinearOutlierDetector, LinearRegressor},
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "LinearRegression"
        | "Ridge"
        | "RidgeCV"
        | "Lasso"
        | "LassoCV"
        | "ElasticNet"
        | "ElasticNetCV"
        | "MultiTaskLasso"
        | "MultiTaskLassoCV"
        | "MultiTaskElasticNet"
        | "MultiTaskElasticNetCV"
        | "BayesianRidge"
        | "ARDRegression"
        | "HuberRegressor"
        | "TheilSenRegressor"
        | "QuantileRegressor"
        | "Lars"
        | "LarsCV"
        | "LassoLars"
        | "LassoLarsCV"
        | "LassoLarsIC"
        | "OrthogonalMatchingPursuit"
        | "OrthogonalMatchingPursuitCV" => predictor(LinearRegressor::build(c)),
        "SGDRegressor" | "PassiveAggressiveRegressor" | "LinearSVR" => {
            predictor(LinearRegressor::flat(c))
        }
        "PoissonRegressor"
        | "GammaRegressor"
        | "TweedieRegressor"
        | "GeneralizedLinearRegressor" => predictor(LinearRegressor::generalized(c)),
        "LogisticRegression" | "LogisticRegressionCV" => predictor(LinearClassifier::logistic(c)),
        "SGDClassifier" => predictor(LinearClassifier::gradient_descent(c)),
        "SGDOneClassSVM" => predictor(LinearOutlierDetector::build(c)),
        "EllipticEnvelope" => predictor(EllipticEnvelope::build(c)),
        "Perceptron"
        | "PassiveAggressiveClassifier"
        | "RidgeClassifier"
        | "RidgeClassifierCV"
        | "LinearSVC" => predictor(LinearClassifier::plain(c)),
        _ => return None,
    })
}
