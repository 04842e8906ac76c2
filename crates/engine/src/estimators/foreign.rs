//! Transformers of packages that people pickle beside scikit-learn.

use super::{Built, transformer};
use crate::{
    foreign::{category_encoders, feature_engine},
    read::Cursor,
    sklearn::building::Building,
};

pub(super) fn of_class(
    module: &str,
    name: &str,
    c: Cursor<'_>,
    _building: &Building,
) -> Option<Built> {
    match module.split('.').next().unwrap_or_default() {
        "category_encoders" => category_encoders::Encoder::build(name, c).map(transformer),
        "feature_engine" => feature_engine::Transformer::build(module, name, c).map(transformer),
        _ => None,
    }
}
