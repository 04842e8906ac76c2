//! Transformers of packages that people pickle beside scikit-learn. They take frames by the names
//! of their columns, and keep the columns that they do not know.

pub(crate) mod category_encoders;
pub(crate) mod data_frame_mapper;
pub(crate) mod feature_engine;
mod frame;
mod lookup;
mod md5;
