//! What imbalanced-learn adds to scikit-learn.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        ensemble::{AdaBoostClassifier, BaggingClassifier},
        forest::ForestClassifier,
        pipeline::Pipeline,
        sampler,
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    if sampler::is_sampler(c) {
        return Some(Err(sampler::refusal(c)));
    }
    match name {
        "Pipeline" => Some(Pipeline::build(c, building)),
        // samplers only chose the rows that each estimator was trained on
        "BalancedRandomForestClassifier" => Some(predictor(ForestClassifier::build(c, building))),
        "BalancedBaggingClassifier" | "EasyEnsembleClassifier" => {
            Some(predictor(BaggingClassifier::build(c, building)))
        }
        "RUSBoostClassifier" => Some(predictor(AdaBoostClassifier::build(c, building))),
        _ => None,
    }
}
