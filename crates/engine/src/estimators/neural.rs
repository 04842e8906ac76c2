//! Neural networks.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        network::{BoltzmannMachine, NetworkClassifier, NetworkRegressor},
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "MLPClassifier" => predictor(NetworkClassifier::build(c)),
        "MLPRegressor" => predictor(NetworkRegressor::build(c)),
        "BernoulliRBM" => transformer(BoltzmannMachine::build(c)),
        _ => return None,
    })
}
