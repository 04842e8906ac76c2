use crate::{
    read::Cursor,
    sklearn::{check::Allow, forest},
};

/// What a selector lets through for the estimator inside: missing values when that one takes them.
pub(super) fn allowed(estimator: Cursor<'_>) -> Allow {
    let takes = match estimator.class().unwrap_or_default() {
        (module, _) if ["xgboost", "lightgbm"].iter().any(|root| module.starts_with(root)) => true,
        (_, name) if name.starts_with("HistGradientBoosting") => true,
        _ => {
            let members = forest::members(estimator).ok();
            let tree = members.and_then(|members| members.first().copied());
            tree.is_some_and(|tree| {
                tree.attr("tree_").is_some() && forest::accepts_nan(estimator, tree)
            })
        }
    };
    if takes { Allow::All } else { Allow::Finite }
}
