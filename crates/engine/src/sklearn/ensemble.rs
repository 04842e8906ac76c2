//! Ensembles of any estimators: the estimators inside answer, and a rule joins what they say.

mod calibrated;
mod stacking;
mod voting;

pub(crate) use calibrated::CalibratedClassifier;
pub(crate) use stacking::{StackingClassifier, StackingRegressor};
pub(crate) use voting::{VotingClassifier, VotingRegressor};
