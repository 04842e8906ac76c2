//! `SelectFromModel`: the columns that matter to a fitted estimator.

use super::{
    importance::{self, Importances},
    sums::{mean, median},
};
use crate::{
    Error,
    attributes::{self, release},
    read::{Cursor, Kind},
    sklearn::{building::Building, refuse},
};

/// The threshold for estimators that make coefficients zero.
const NEARLY_ZERO: f64 = 1e-5;

/// The fitted estimator: a copy from 1.1 on also when it was fitted before.
pub(super) fn estimator(c: Cursor<'_>) -> Result<Cursor<'_>, Error> {
    match c.attr("estimator_") {
        Some(estimator) => Ok(estimator),
        None => c.require("estimator"),
    }
}

/// The columns that it keeps.
pub(super) fn mask(
    c: Cursor<'_>,
    estimator: Cursor<'_>,
    building: &Building,
) -> Result<Vec<bool>, Error> {
    let importances = importance::of(c, estimator, building)?;
    let threshold = threshold(c, estimator, &importances)?;
    let mut mask = match most(c)? {
        Some(most) => leading(&importances.values, most),
        None => vec![true; importances.values.len()],
    };
    for (chosen, &importance) in mask.iter_mut().zip(&importances.values) {
        if importance < threshold {
            *chosen = false;
        }
    }
    Ok(mask)
}

/// The number of columns that are kept at most.
fn most(c: Cursor<'_>) -> Result<Option<usize>, Error> {
    let Some(asked) = c.attr("max_features").filter(|value| !value.is_none()) else {
        return Ok(None);
    };
    let value = c.attr("max_features_").unwrap_or(asked);
    match value.as_i64().map(usize::try_from) {
        Some(Ok(most)) => Ok(Some(most)),
        Some(Err(_)) => Err(Error::attribute(c.class_name(), "max_features", "is negative")),
        None => Err(refuse::function(c.class_name(), "max_features", value)),
    }
}

/// The largest values; of equal ones the first.
fn leading(values: &[f64], count: usize) -> Vec<bool> {
    let value = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    let mut order: Vec<usize> = (0..values.len()).collect();
    // NaN comes last
    order.sort_by(|&a, &b| {
        let (a, b) = (value(a), value(b));
        b.partial_cmp(&a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    });
    let mut mask = vec![false; values.len()];
    for &at in order.iter().take(count) {
        if let Some(chosen) = mask.get_mut(at) {
            *chosen = true;
        }
    }
    mask
}

fn threshold(
    c: Cursor<'_>,
    estimator: Cursor<'_>,
    importances: &Importances,
) -> Result<f64, Error> {
    let wrong = |text: &str| {
        let reason =
            format!("is `{text}`, and `mean`, `median`, `1.25*mean` or a number is expected");
        Error::attribute(c.class_name(), "threshold", reason)
    };
    let named = |name: &str| match name {
        "mean" => Ok(mean(&importances.values, importances.width)),
        "median" => Ok(median(&importances.values, importances.width)),
        _ => Err(wrong(name)),
    };
    let value = c.attr("threshold");
    match value.map(Cursor::kind) {
        None | Some(Kind::None) if is_sparse(estimator) => Ok(NEARLY_ZERO),
        None | Some(Kind::None) => named("mean"),
        Some(Kind::Text(text)) => match text.split_once('*') {
            Some((factor, name)) => {
                let factor: f64 = factor.trim().parse().map_err(|_| wrong(text))?;
                Ok(importances.width.round(factor * named(name.trim())?))
            }
            None => named(text),
        },
        Some(_) => value.and_then(Cursor::as_f64).ok_or_else(|| wrong("no number")),
    }
}

/// True for an estimator that makes coefficients zero, as far as its release looks.
fn is_sparse(estimator: Cursor<'_>) -> bool {
    let name = estimator.class_name();
    let release = release(estimator).unwrap_or_default();
    // numpy.isclose
    let is_one = |attribute: &str| {
        attributes::number(estimator, attribute)
            .is_some_and(|ratio| (ratio - 1.0).abs() <= 1e-8 + 1e-5)
    };
    let elastic = release >= (1, 1, 2)
        && name.contains("ElasticNet")
        && (is_one("l1_ratio_") || is_one("l1_ratio"));
    let logistic = release >= (1, 8, 0)
        && match name {
            "LogisticRegression" => is_one("l1_ratio"),
            "LogisticRegressionCV" => attributes::numbers_if_any(estimator, "l1_ratio_")
                .ok()
                .flatten()
                .is_some_and(|all| all.iter().all(|v| (v - 1.0).abs() <= 1e-8 + 1e-5)),
            _ => false,
        };
    attributes::text(estimator, "penalty") == Some("l1")
        || name.contains("Lasso")
        || elastic
        || logistic
}

#[cfg(test)]
mod tests {
    use super::leading;

    #[test]
    fn of_equal_values_the_first_lead() {
        assert_eq!(leading(&[1.0, 3.0, 3.0, f64::NAN], 1), [false, true, false, false]);
        assert_eq!(leading(&[1.0, f64::NAN], 1), [true, false]);
        assert_eq!(leading(&[1.0], 9), [true]);
    }
}
