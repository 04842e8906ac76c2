//! One estimator made of several: for several classes, outputs or thresholds, or around a changed
//! target.

mod binary;
mod chain;
mod dummy;
mod inverse;
mod multi_output;
mod one_against;
mod spread;
mod target;
mod threshold;

pub(crate) use binary::ConstantPredictor;
pub(crate) use chain::Chain;
pub(crate) use dummy::{DummyClassifier, DummyRegressor};
pub(crate) use multi_output::MultiOutput;
pub(crate) use one_against::{OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier};
pub(crate) use spread::LabelSpreading;
pub(crate) use target::TransformedTargetRegressor;
pub(crate) use threshold::ThresholdClassifier;
