//! Encoders: categories to numbers.

mod categories;
mod label;
mod label_sets;
mod one_hot;
mod ordinal;
pub(crate) mod refuse;
mod target;
mod value;

pub(crate) use categories::Categories;
pub(crate) use label::{LabelBinarizer, LabelEncoder};
pub(crate) use label_sets::MultiLabelBinarizer;
pub(crate) use one_hot::OneHotEncoder;
pub(crate) use ordinal::OrdinalEncoder;
pub(crate) use target::TargetEncoder;
pub(crate) use value::{Value, value};
