//! Ensembles of any estimators: the estimators inside answer, and a rule joins what they say.

mod adaboost;
mod bagging;
mod calibrated;
mod embedding;
mod isolation;
mod stacking;
mod trees;
mod voting;

pub(crate) use adaboost::{AdaBoostClassifier, AdaBoostRegressor};
pub(crate) use bagging::{BaggingClassifier, BaggingRegressor};
pub(crate) use calibrated::CalibratedClassifier;
pub(crate) use embedding::RandomTreesEmbedding;
pub(crate) use isolation::IsolationForest;
pub(crate) use stacking::{StackingClassifier, StackingRegressor};
pub(crate) use voting::{VotingClassifier, VotingRegressor};
