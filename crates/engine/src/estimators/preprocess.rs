//! Scalers, encoders, imputers and what else prepares columns.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        encode::{LabelBinarizer, LabelEncoder, OneHotEncoder, OrdinalEncoder},
        function::FunctionTransformer,
        impute::{MissingIndicator, SimpleImputer},
        normalizer::Normalizer,
        polynomial::PolynomialFeatures,
        scaler::Scaler,
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "StandardScaler" => transformer(Scaler::standard(c)),
        "MinMaxScaler" => transformer(Scaler::min_max(c)),
        "RobustScaler" => transformer(Scaler::robust(c)),
        "MaxAbsScaler" => transformer(Scaler::max_abs(c)),
        "Normalizer" => transformer(Normalizer::build(c)),
        "PolynomialFeatures" => transformer(PolynomialFeatures::build(c)),
        "FunctionTransformer" => transformer(FunctionTransformer::build(c)),
        "SimpleImputer" => transformer(SimpleImputer::build(c)),
        "MissingIndicator" => transformer(MissingIndicator::build(c)),
        "OneHotEncoder" => transformer(OneHotEncoder::build(c)),
        "OrdinalEncoder" => transformer(OrdinalEncoder::build(c)),
        "LabelEncoder" => predictor(LabelEncoder::build(c)),
        "LabelBinarizer" => predictor(LabelBinarizer::build(c)),
        _ => return None,
    })
}
