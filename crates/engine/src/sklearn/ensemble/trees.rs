//! Ensembles whose estimators are all trees: one kernel answers for all of them at once.

use crate::{
    Error,
    attributes::{self, version},
    read::Cursor,
    sklearn::{
        building::Building,
        forest::{Collector, Grown, Leaves, Targets},
    },
};

/// Whether every estimator is a tree of a class whose name ends so.
pub(super) fn all(estimators: &[Cursor<'_>], kind: &str) -> bool {
    estimators.iter().all(|one| {
        ["DecisionTree", "ExtraTree"].iter().any(|start| {
            one.class().is_some_and(|(module, name)| {
                module.starts_with("sklearn.") && name.strip_prefix(start) == Some(kind)
            })
        })
    })
}

/// Trees with the columns that each sees; `vector` makes the vector of a leaf from the probabilities
/// of the tree's own classes, whose places among the `classes` are its second argument.
pub(super) fn classifiers(
    trees: &[(Cursor<'_>, Option<Vec<usize>>)],
    columns: usize,
    width: usize,
    building: &Building,
    places: impl Fn(Cursor<'_>, &Targets) -> Result<Vec<usize>, Error>,
    vector: impl Fn(usize, &[f64], &[usize], &mut Vec<f64>),
) -> Result<Leaves, Error> {
    let mut collector = Collector::new(width);
    let mut own = Vec::new();
    for (at, (tree, seen)) in trees.iter().enumerate() {
        let targets = Targets::read(*tree)?;
        let places = places(*tree, &targets)?;
        let grown = read(*tree, seen.as_deref(), columns, building)?;
        // up to 1.3 the nodes hold weighted counts, then fractions
        let counts = version(*tree).is_none_or(|release| release < (1, 4));
        collector.add(&grown, |values, out| {
            own.clear();
            targets.keep(values, grown.width, &mut own, counts);
            vector(at, &own, &places, out);
        })?;
    }
    Ok(collector.finish())
}

/// Trees that answer with a value, or a value a target.
pub(super) fn regressors(
    trees: &[(Cursor<'_>, Option<Vec<usize>>)],
    columns: usize,
    building: &Building,
) -> Result<(Leaves, usize), Error> {
    let mut collector: Option<(Collector, usize)> = None;
    for (tree, seen) in trees {
        let grown = read(*tree, seen.as_deref(), columns, building)?;
        let (collector, outputs) =
            collector.get_or_insert_with(|| (Collector::new(grown.outputs), grown.outputs));
        attributes::counted(*tree, "tree_", grown.outputs, *outputs)?;
        attributes::counted(*tree, "tree_", grown.width, 1)?;
        collector.add(&grown, |values, out| out.extend_from_slice(values))?;
    }
    let (collector, outputs) = collector.unwrap_or_else(|| (Collector::new(1), 1));
    Ok((collector.finish(), outputs))
}

/// A tree as one of rows of `columns`.
pub(super) fn read(
    tree: Cursor<'_>,
    seen: Option<&[usize]>,
    columns: usize,
    building: &Building,
) -> Result<Grown, Error> {
    let grown = Grown::read(tree, building)?;
    attributes::counted(tree, "tree_", grown.features, seen.map_or(columns, <[_]>::len))?;
    Ok(match seen {
        Some(seen) => grown.among(seen, columns),
        None => grown,
    })
}
