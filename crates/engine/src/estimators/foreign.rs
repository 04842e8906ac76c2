//! Transformers of packages that people pickle beside scikit-learn.

use super::{Built, transformer};
use crate::{
    foreign::{category_encoders, data_frame_mapper::DataFrameMapper, feature_engine},
    read::Cursor,
    sklearn::{building::Building, pipeline::Pipeline},
};

pub(super) fn of_class(
    module: &str,
    name: &str,
    c: Cursor<'_>,
    building: &Building,
) -> Option<Built> {
    match module.split('.').next().unwrap_or_default() {
        "category_encoders" if name == "HashingEncoder" => {
            Some(transformer(category_encoders::HashingEncoder::build(c)))
        }
        "category_encoders" => {
            category_encoders::Encoder::build(name, c, building).map(transformer)
        }
        "feature_engine" => feature_engine::Transformer::build(module, name, c).map(transformer),
        "sklearn_pandas" => match name {
            "DataFrameMapper" => Some(transformer(DataFrameMapper::build(c, building))),
            "TransformerPipeline" => Some(Pipeline::build(c, building)),
            _ => None,
        },
        _ => None,
    }
}
