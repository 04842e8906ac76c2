//! Selectors of columns.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        select::{Eliminated, Selector},
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "SelectKBest"
        | "SelectPercentile"
        | "SelectFpr"
        | "SelectFdr"
        | "SelectFwe"
        | "GenericUnivariateSelect" => transformer(Selector::univariate(c)),
        "VarianceThreshold" => transformer(Selector::variance(c)),
        "SelectFromModel" => transformer(Selector::from_model(c, building)),
        "SequentialFeatureSelector" => transformer(Selector::stored(c)),
        "RFE" | "RFECV" => predictor(Eliminated::build(c, building)),
        _ => return None,
    })
}
