//! What the attributes of a fitted estimator tell a reader.

use crate::{attributes, read::Cursor};

/// Attributes that hold one number or text worth telling, and what it is.
const VALUES: &[(&str, &str)] = &[
    ("n_features_in_", "columns"),
    ("n_neighbors", "neighbours"),
    ("metric", "metric"),
    ("kernel", "kernel"),
    ("loss", "loss"),
    ("objective", "objective"),
    ("criterion", "criterion"),
    ("max_depth", "deepest"),
    ("learning_rate", "learning rate"),
    ("alpha", "alpha"),
    ("C", "C"),
    ("degree", "degree"),
    ("strategy", "strategy"),
    ("handle_unknown", "unknown values"),
    ("activation", "activation"),
    ("best_iteration", "best round"),
];

/// Attributes whose length is worth telling, and what they are.
const LENGTHS: &[(&str, &str)] = &[
    ("_predictors", "rounds"),
    ("support_", "support vectors"),
    ("cluster_centers_", "centres"),
    ("vocabulary_", "words"),
    ("coefs_", "layers"),
    ("_fit_X", "rows of training"),
];

/// What is known, in the order in which people ask.
pub(super) fn of(estimator: Cursor<'_>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if let Ok(labels) = attributes::labels(estimator, "classes_") {
        found.push(("classes", labels.listed()));
    }
    if let Some(inside) = length(estimator, "estimators_") {
        let trees = ["Forest", "ExtraTrees", "GradientBoosting", "RandomTrees"];
        let is_forest = trees.iter().any(|part| estimator.class_name().contains(part));
        found.push((if is_forest { "trees" } else { "estimators" }, inside.to_string()));
    }
    for &(attribute, name) in LENGTHS {
        found.extend(length(estimator, attribute).map(|count| (name, count.to_string())));
    }
    for &(attribute, name) in VALUES {
        let value = estimator.attr(attribute).and_then(|value| {
            // a negative number means that there is no limit
            let number = || value.as_f64().filter(|&v| v >= 0.0).map(|number| number.to_string());
            value.as_str().map(str::to_owned).or_else(number)
        });
        found.extend(value.map(|value| (name, value)));
    }
    found
}

/// Rows, for arrays; entries, for lists and dicts.
fn length(estimator: Cursor<'_>, attribute: &str) -> Option<usize> {
    let value = estimator.attr(attribute)?;
    if let Some(array) = value.as_array() {
        let all = array.shape.iter().product();
        // gradient boosting has a tree for each round and output
        return if attribute == "estimators_" { Some(all) } else { array.shape.first().copied() };
    }
    value.pairs().map(<[_]>::len).or_else(|| value.items().map(<[_]>::len))
}
