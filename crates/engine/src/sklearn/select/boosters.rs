use crate::{
    Error,
    attributes::{self, Grid},
    lightgbm,
    read::Cursor,
    xgboost,
};

/// The importances of XGBoost's and LightGBM's wrappers, from the trees in their models; `None` for
/// other libraries.
pub(super) fn importances(estimator: Cursor<'_>, module: &str) -> Option<Result<Grid, Error>> {
    let root = module.split('.').next().unwrap_or_default();
    let kind = attributes::text(estimator, "importance_type").filter(|kind| !kind.is_empty());
    let (found, yields_f32) = match root {
        "xgboost" => (xgboost::importances(estimator, kind.unwrap_or("gain")), true),
        "lightgbm" => (lightgbm::importances(estimator, kind.unwrap_or("split")), false),
        _ => return None,
    };
    Some(found.map(|values| Grid { shape: vec![values.len()], values, yields_f32 }))
}
