//! Ensembles of any estimators: votes, stacks, bags, boosts, isolation.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        ensemble::{
            CalibratedClassifier, StackingClassifier, StackingRegressor, VotingClassifier,
            VotingRegressor,
        },
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "CalibratedClassifierCV" => predictor(CalibratedClassifier::build(c, building)),
        "VotingClassifier" => predictor(VotingClassifier::build(c, building)),
        "VotingRegressor" => predictor(VotingRegressor::build(c, building)),
        "StackingClassifier" => predictor(StackingClassifier::build(c, building)),
        "StackingRegressor" => predictor(StackingRegressor::build(c, building)),
        _ => return None,
    })
}
