//! Transformers of packages that people pickle beside scikit-learn. They take frames by the names
//! of their columns, and keep the columns that they do not know.

pub(crate) mod category_encoders;
mod frame;
mod lookup;
