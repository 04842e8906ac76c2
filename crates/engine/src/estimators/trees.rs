//! Trees, forests and boosting of scikit-learn.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        forest::{ForestClassifier, ForestRegressor},
        gradient_boosting::{BoostingClassifier, BoostingRegressor},
        hist_gradient_boosting::{HistClassifier, HistRegressor},
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "DecisionTreeClassifier"
        | "ExtraTreeClassifier"
        | "RandomForestClassifier"
        | "ExtraTreesClassifier" => predictor(ForestClassifier::build(c, building)),
        "DecisionTreeRegressor"
        | "ExtraTreeRegressor"
        | "RandomForestRegressor"
        | "ExtraTreesRegressor" => predictor(ForestRegressor::build(c, building)),
        "GradientBoostingClassifier" => predictor(BoostingClassifier::build(c, building)),
        "GradientBoostingRegressor" => predictor(BoostingRegressor::build(c, building)),
        "HistGradientBoostingClassifier" => predictor(HistClassifier::build(c, building)),
        "HistGradientBoostingRegressor" => predictor(HistRegressor::build(c, building)),
        _ => return None,
    })
}
