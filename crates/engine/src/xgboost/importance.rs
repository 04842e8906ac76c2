use super::{parse, wrapper::handle};
use crate::{
    Error, Limits,
    read::{
        Cursor,
        tree_json::{Json, Numbers},
    },
};

/// Columns up to which importances are listed.
const MOST_FEATURES: usize = 1 << 24;

/// `feature_importances_` of a wrapper: what the splits on each column gained or covered, in floats,
/// divided by the sum of all.
///
/// # Errors
/// [`Error::Unsupported`] for a booster without trees and for a kind that is none of the library's.
pub(crate) fn importances(estimator: Cursor<'_>, kind: &str) -> Result<Vec<f64>, Error> {
    let bytes = handle(estimator.require("_Booster")?)?;
    let root = parse(bytes, &Limits::default())?;
    let learner = root.get("Model").unwrap_or(&root).get("learner");
    let booster = learner.and_then(|learner| learner.get("gradient_booster"));
    // dart keeps its trees one level further in
    let model = booster.and_then(|b| b.get("model").or_else(|| b.at(&["gbtree", "model"])));
    let trees = model.and_then(|model| model.get("trees")).and_then(Json::list);
    let features = learner
        .and_then(|learner| learner.at(&["learner_model_param", "num_feature"]))
        .and_then(Json::as_i64)
        .and_then(|n| usize::try_from(n).ok())
        .filter(|&n| n <= MOST_FEATURES);
    let (Some(trees), Some(features)) = (trees, features) else {
        return Err(Error::Unsupported {
            what: format!("a selector by the importances of `{}`", estimator.class_name()),
            reason: "its booster has no trees".into(),
            hint: "Choose the same columns by a `ColumnTransformer`".into(),
        });
    };
    let (values, averaged) = match kind {
        "gain" => ("loss_changes", true),
        "cover" => ("sum_hessian", true),
        "total_gain" => ("loss_changes", false),
        "total_cover" => ("sum_hessian", false),
        "weight" => ("", false),
        _ => {
            let reason = format!("is `{kind}`, which is no importance of trees");
            return Err(Error::attribute(estimator.class_name(), "importance_type", reason));
        }
    };
    let mut sums = vec![0_f32; features];
    let mut counts = vec![0_f32; features];
    for tree in trees {
        let wrong = || {
            Error::attribute(estimator.class_name(), "_Booster", "has a tree without its splits")
        };
        let ints = |name: &str| {
            let numbers = tree.get(name).and_then(Json::numbers);
            numbers.and_then(Numbers::i32s).ok_or_else(wrong)
        };
        let (left, split) = (ints("left_children")?, ints("split_indices")?);
        let gained =
            tree.get(values).and_then(Json::numbers).map(Numbers::f32s).unwrap_or_default();
        for (node, (&left, &split)) in left.iter().zip(&split).enumerate() {
            if left == -1 {
                continue;
            }
            let at = usize::try_from(split).unwrap_or(usize::MAX);
            let (Some(sum), Some(count)) = (sums.get_mut(at), counts.get_mut(at)) else {
                return Err(wrong());
            };
            *count += 1.0;
            *sum += if values.is_empty() { 1.0 } else { *gained.get(node).ok_or_else(wrong)? };
        }
    }
    if averaged {
        for (sum, &count) in sums.iter_mut().zip(&counts) {
            *sum /= count.max(1.0);
        }
    }
    let total: f32 = sums.iter().sum();
    let share = |v: f32| if total == 0.0 { v } else { v / total };
    Ok(sums.into_iter().map(|v| f64::from(share(v))).collect())
}
