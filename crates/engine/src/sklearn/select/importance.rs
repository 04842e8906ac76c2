//! How much each column matters to a fitted estimator: what its library computes when it is asked.

use super::{
    boosters,
    sums::{Width, pairwise},
    support,
};
use crate::{
    Error,
    attributes::{self, Grid},
    quantity,
    read::{Cursor, Kind},
    sklearn::{building::Building, forest, part, refuse},
};

/// Columns of all trees together up to which importances are added.
const MOST_SUMS: usize = 1 << 31;

/// One number for each column.
#[derive(Debug)]
pub(super) struct Importances {
    pub(super) values: Vec<f64>,
    /// The type in which they were computed.
    pub(super) width: Width,
}

/// The importances that the selector `c` sees in its fitted `estimator`.
pub(super) fn of(
    c: Cursor<'_>,
    estimator: Cursor<'_>,
    building: &Building,
) -> Result<Importances, Error> {
    let getter = c.attr("importance_getter").map_or("auto", |getter| getter.as_str().unwrap_or(""));
    let grid = match (getter, c.attr("importance_getter")) {
        ("", Some(function)) => {
            return Err(refuse::function(c.class_name(), "importance_getter", function));
        }
        ("auto", _) => automatic(estimator, building)?,
        (path, _) => along(c, estimator, path, building)?,
    };
    let width = if grid.yields_f32 { Width::F32 } else { Width::F64 };
    let order = attributes::number(c, "norm_order").unwrap_or(1.0);
    let values = match grid.shape[..] {
        [_] => grid.values.iter().map(|v| v.abs()).collect(),
        [rows, columns] => norms(&grid.values, rows, columns, order, width),
        _ => {
            let reason = format!("gives {}", quantity(grid.shape.len(), "dimension"));
            return Err(Error::attribute(c.class_name(), "importance_getter", reason));
        }
    };
    Ok(Importances { values, width })
}

/// `coef_`, or else `feature_importances_`.
fn automatic(estimator: Cursor<'_>, building: &Building) -> Result<Grid, Error> {
    if estimator.attr("coef_").is_some() || estimator.attr("_coef_").is_some() {
        return coefficients(estimator);
    }
    match estimator.class_name() {
        "SVC" | "NuSVC" | "SVR" | "NuSVR" | "OneClassSVM" => coefficients(estimator),
        _ => trees(estimator, building),
    }
}

/// What a path of attributes leads to, as in `named_steps.model.coef_`.
fn along(
    c: Cursor<'_>,
    estimator: Cursor<'_>,
    path: &str,
    building: &Building,
) -> Result<Grid, Error> {
    let lost = |name: &str| {
        let reason = format!("is `{path}`, and `{name}` is not there");
        Error::attribute(c.class_name(), "importance_getter", reason)
    };
    let mut at = estimator;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            return match name {
                "coef_" => coefficients(at),
                "feature_importances_" => trees(at, building),
                _ => attributes::grid(at, name),
            };
        }
        at = match name {
            "named_steps" => {
                let step = names.next().unwrap_or_default();
                let steps = attributes::list(at, "steps")?;
                let mut named = steps.into_iter().filter_map(part::named);
                named.find(|(found, _)| found == step).ok_or_else(|| lost(step))?.1
            }
            _ => at.attr(name).ok_or_else(|| lost(name))?,
        };
    }
    Err(lost(path))
}

fn coefficients(estimator: Cursor<'_>) -> Result<Grid, Error> {
    let stored = ["coef_", "_coef_"].into_iter().find(|name| estimator.attr(name).is_some());
    match stored {
        Some(name) => attributes::grid(estimator, name),
        None if attributes::text(estimator, "kernel") == Some("linear") => {
            support::coefficients(estimator)
        }
        None => Err(unknown(estimator, "has no coefficients with its kernel")),
    }
}

fn unknown(estimator: Cursor<'_>, reason: &str) -> Error {
    Error::Unsupported {
        what: format!("a selector by the importances of `{}`", estimator.class_name()),
        reason: format!("it {reason}, and that has no native implementation"),
        hint: "Choose the same columns by a `ColumnTransformer`, or select by a linear model, a \
               forest or gradient boosting"
            .into(),
    }
}

/// `feature_importances_`, which estimators of trees work out from their nodes.
fn trees(estimator: Cursor<'_>, building: &Building) -> Result<Grid, Error> {
    let (module, class) = estimator.class().unwrap_or_default();
    if let Some(found) = boosters::importances(estimator, module) {
        return found;
    }
    let values = match class {
        "AdaBoostClassifier" | "AdaBoostRegressor" => boosted(estimator, building)?,
        "GradientBoostingClassifier" | "GradientBoostingRegressor" => {
            forested(estimator, building, false)?
        }
        _ if estimator.attr("tree_").is_some() => {
            let (values, _) = of_tree(estimator, building, true)?;
            values
        }
        "RandomForestClassifier"
        | "RandomForestRegressor"
        | "ExtraTreesClassifier"
        | "ExtraTreesRegressor"
        | "RandomTreesEmbedding" => forested(estimator, building, true)?,
        _ => return Err(unknown(estimator, "has neither coefficients nor trees")),
    };
    Ok(Grid { shape: vec![values.len()], values, yields_f32: false })
}

/// The mean over the trees that have a split, made to sum to one.
fn forested(estimator: Cursor<'_>, building: &Building, normal: bool) -> Result<Vec<f64>, Error> {
    let building = building.enter(estimator)?;
    let mut sums: Vec<f64> = Vec::new();
    let mut count = 0.0;
    let members = forest::members(estimator)?;
    let trees = members.len();
    for tree in members {
        let (values, nodes) = of_tree(tree, &building, normal)?;
        if sums.is_empty() {
            if values.len().saturating_mul(trees) > MOST_SUMS {
                return Err(unknown(estimator, "has more trees and columns than a file holds"));
            }
            sums = vec![0.0; values.len()];
        }
        attributes::counted(estimator, "estimators_", values.len(), sums.len())?;
        if nodes > 1 {
            sums.iter_mut().zip(&values).for_each(|(sum, v)| *sum += v);
            count += 1.0;
        }
    }
    if count == 0.0 {
        return Ok(sums);
    }
    for sum in &mut sums {
        *sum /= count;
    }
    let total = pairwise(&sums, Width::F64);
    for sum in &mut sums {
        *sum /= total;
    }
    Ok(sums)
}

/// The weighted mean over the members of an `AdaBoost*`.
fn boosted(estimator: Cursor<'_>, building: &Building) -> Result<Vec<f64>, Error> {
    let building = building.enter(estimator)?;
    let members = attributes::list(estimator, "estimators_")?;
    // the array of weights is longer when boosting stopped early
    let weights = attributes::numbers(estimator, "estimator_weights_")?;
    let norm = pairwise(&weights, Width::F64);
    let mut sums: Vec<f64> = Vec::new();
    for (&weight, member) in weights.iter().zip(members) {
        let Grid { values, .. } = trees(member, &building)?;
        if sums.is_empty() {
            sums = vec![0.0; values.len()];
        }
        attributes::counted(estimator, "estimators_", values.len(), sums.len())?;
        sums.iter_mut().zip(&values).for_each(|(sum, v)| *sum += weight * v);
    }
    for sum in &mut sums {
        *sum /= norm;
    }
    Ok(sums)
}

/// What the splits of a tree on each column take away of the impurity, and how many nodes it has.
fn of_tree(
    estimator: Cursor<'_>,
    building: &Building,
    normal: bool,
) -> Result<(Vec<f64>, usize), Error> {
    let building = building.enter(estimator)?;
    let tree = estimator.require("tree_")?;
    building.enter(tree)?;
    let wrong = |reason: &str| Error::attribute(estimator.class_name(), "tree_", reason);
    let Kind::Object(object) = tree.kind() else { return Err(wrong("is not a tree")) };
    let features = object.args.first().and_then(|&id| tree.go(id).as_i64());
    let features = features.and_then(|n| usize::try_from(n).ok()).filter(|&n| n <= 1 << 24);
    let features = features.ok_or_else(|| wrong("does not say how many features it has"))?;
    let nodes = tree.attr("nodes").and_then(Cursor::as_array);
    let nodes = nodes.ok_or_else(|| wrong("lacks its nodes"))?;
    let doc = tree.document();
    let field = |name: &str| {
        nodes.field(doc, name).ok_or_else(|| wrong("has nodes without what their splits took away"))
    };
    let (left, right) = (field("left_child")?.i64s()?, field("right_child")?.i64s()?);
    let feature = field("feature")?.i64s()?;
    let impurity = field("impurity")?.f64s()?;
    let weight = field("weighted_n_node_samples")?.f64s()?;
    let mass = |node: i64| {
        let node = usize::try_from(node).ok()?;
        Some(weight.get(node)? * impurity.get(node)?)
    };
    let mut values = vec![0.0; features];
    for (node, (&left, &right)) in left.iter().zip(&right).enumerate() {
        if left == -1 {
            continue;
        }
        let taken = || Some(mass(node as i64)? - mass(left)? - mass(right)?);
        let column = feature.get(node).and_then(|&at| usize::try_from(at).ok());
        match (taken(), column.and_then(|at| values.get_mut(at))) {
            (Some(taken), Some(value)) => *value += taken,
            _ => return Err(wrong("has nodes that refer to children or features it has not")),
        }
    }
    let root = weight.first().copied().unwrap_or(f64::NAN);
    for v in &mut values {
        *v /= root;
    }
    if normal {
        let total = pairwise(&values, Width::F64);
        if total > 0.0 {
            for v in &mut values {
                *v /= total;
            }
        }
    }
    Ok((values, left.len()))
}

/// The norm of each column of a matrix, its rows added one after another.
fn norms(values: &[f64], rows: usize, columns: usize, order: f64, width: Width) -> Vec<f64> {
    let column = |at: usize| values.iter().skip(at).step_by(columns.max(1)).take(rows);
    let added = |at: usize, of: &dyn Fn(f64) -> f64| {
        column(at).fold(0.0, |sum, &v| width.round(sum + width.round(of(v))))
    };
    let one = |at: usize| match order {
        1.0 => added(at, &f64::abs),
        2.0 => width.round(added(at, &|v| v * v).sqrt()),
        0.0 => added(at, &|v| f64::from(u8::from(v != 0.0))),
        f64::INFINITY => column(at).fold(0.0, |most, v| v.abs().max(most)),
        f64::NEG_INFINITY => column(at).fold(f64::INFINITY, |least, v| v.abs().min(least)),
        order => added(at, &|v| v.abs().powf(order)).powf(1.0 / order),
    };
    (0..columns).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::{Width, norms};

    #[test]
    fn norms_are_of_columns() {
        let values = [3.0, -1.0, 0.0, -4.0, 1.0, 0.0];
        let of = |order| norms(&values, 2, 3, order, Width::F64);
        assert_eq!(of(1.0), [7.0, 2.0, 0.0]);
        assert_eq!(of(2.0), [5.0, 2.0_f64.sqrt(), 0.0]);
        assert_eq!(of(0.0), [2.0, 2.0, 0.0]);
        assert_eq!(of(f64::INFINITY), [4.0, 1.0, 0.0]);
        assert_eq!(of(f64::NEG_INFINITY), [3.0, 1.0, 0.0]);
    }
}
