//! Ensembles of any estimators: votes, stacks, bags, boosts, isolation.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        ensemble::{
            AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, BaggingRegressor,
            CalibratedClassifier, IsolationForest, RandomTreesEmbedding, StackingClassifier,
            StackingRegressor, VotingClassifier, VotingRegressor,
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
        "AdaBoostClassifier" => predictor(AdaBoostClassifier::build(c, building)),
        "AdaBoostRegressor" => predictor(AdaBoostRegressor::build(c, building)),
        "BaggingClassifier" => predictor(BaggingClassifier::build(c, building)),
        "BaggingRegressor" => predictor(BaggingRegressor::build(c, building)),
        "IsolationForest" => predictor(IsolationForest::build(c, building)),
        "RandomTreesEmbedding" => transformer(RandomTreesEmbedding::build(c, building)),
        _ => return None,
    })
}
