use crate::{
    Error,
    attributes::{self, Grid},
    lightgbm,
    read::Cursor,
    xgboost,
};

/// The importances of the boosters' wrappers: XGBoost's and LightGBM's from the trees in their models,
/// CatBoost's as it stored them after training; `None` for other libraries.
pub(super) fn importances(estimator: Cursor<'_>, module: &str) -> Option<Result<Grid, Error>> {
    let root = module.split('.').next().unwrap_or_default();
    let kind = attributes::text(estimator, "importance_type").filter(|kind| !kind.is_empty());
    let (found, yields_f32) = match root {
        "catboost" => {
            // it stores the second for ranking losses, and else the first
            let kinds = ["_prediction_values_change", "_loss_value_change"];
            let stored = kinds.iter().find(|kind| estimator.attr(kind).is_some());
            (attributes::numbers(estimator, stored.unwrap_or(&kinds[0])), false)
        }
        "xgboost" => (xgboost::importances(estimator, kind.unwrap_or("gain")), true),
        "lightgbm" => (lightgbm::importances(estimator, kind.unwrap_or("split")), false),
        _ => return None,
    };
    Some(found.map(|values| Grid { shape: vec![values.len()], values, yields_f32 }))
}
