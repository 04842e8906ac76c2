//! One estimator made of several for several classes, outputs, thresholds or calibrated probabilities.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        meta::{
            Chain, ConstantPredictor, DummyClassifier, DummyRegressor, LabelSpreading, MultiOutput,
            OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier, ThresholdClassifier,
            TransformedTargetRegressor,
        },
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "TransformedTargetRegressor" => predictor(TransformedTargetRegressor::build(c, building)),
        "OneVsRestClassifier" => predictor(OneVsRestClassifier::build(c, building)),
        "OneVsOneClassifier" => predictor(OneVsOneClassifier::build(c, building)),
        "OutputCodeClassifier" => predictor(OutputCodeClassifier::build(c, building)),
        "_ConstantPredictor" => predictor(ConstantPredictor::build(c)),
        "MultiOutputClassifier" | "MultiOutputRegressor" => {
            predictor(MultiOutput::build(c, building))
        }
        "ClassifierChain" | "RegressorChain" => predictor(Chain::build(c, building)),
        "FixedThresholdClassifier" | "TunedThresholdClassifierCV" => {
            predictor(ThresholdClassifier::build(c, building))
        }
        "LabelPropagation" | "LabelSpreading" => predictor(LabelSpreading::build(c)),
        "DummyClassifier" => predictor(DummyClassifier::build(c)),
        "DummyRegressor" => predictor(DummyRegressor::build(c)),
        _ => return None,
    })
}
