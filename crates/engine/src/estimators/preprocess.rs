//! Scalers, encoders, imputers and what else prepares columns.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        binarizer::Binarizer,
        bins::KBinsDiscretizer,
        building::Building,
        encode::{
            LabelBinarizer, LabelEncoder, MultiLabelBinarizer, OneHotEncoder, OrdinalEncoder,
            TargetEncoder,
        },
        function::FunctionTransformer,
        impute::{IterativeImputer, MissingIndicator, SimpleImputer},
        isotonic::IsotonicRegression,
        normalizer::Normalizer,
        polynomial::PolynomialFeatures,
        power::PowerTransformer,
        quantile::QuantileTransformer,
        scaler::Scaler,
        spline::SplineTransformer,
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    Some(match name {
        "StandardScaler" => transformer(Scaler::standard(c)),
        "MinMaxScaler" => transformer(Scaler::min_max(c)),
        "RobustScaler" => transformer(Scaler::robust(c)),
        "MaxAbsScaler" => transformer(Scaler::max_abs(c)),
        "PowerTransformer" => transformer(PowerTransformer::build(c)),
        "QuantileTransformer" => transformer(QuantileTransformer::build(c)),
        "KBinsDiscretizer" => transformer(KBinsDiscretizer::build(c)),
        "Binarizer" => transformer(Binarizer::build(c)),
        "Normalizer" => transformer(Normalizer::build(c)),
        "PolynomialFeatures" => transformer(PolynomialFeatures::build(c)),
        "SplineTransformer" => transformer(SplineTransformer::build(c)),
        "FunctionTransformer" => transformer(FunctionTransformer::build(c)),
        "SimpleImputer" => transformer(SimpleImputer::build(c)),
        "IterativeImputer" => transformer(IterativeImputer::build(c, building)),
        "MissingIndicator" => transformer(MissingIndicator::build(c)),
        "OneHotEncoder" => transformer(OneHotEncoder::build(c)),
        "OrdinalEncoder" => transformer(OrdinalEncoder::build(c)),
        "TargetEncoder" => transformer(TargetEncoder::build(c)),
        "IsotonicRegression" => predictor(IsotonicRegression::build(c)),
        "LabelEncoder" => predictor(LabelEncoder::build(c)),
        "LabelBinarizer" => predictor(LabelBinarizer::build(c)),
        "MultiLabelBinarizer" => transformer(MultiLabelBinarizer::build(c)),
        _ => return None,
    })
}
