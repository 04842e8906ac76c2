//! Masks from a score or a p-value of each column.

use super::sums::Width;
use crate::{
    Error,
    attributes::{self, Grid},
    quantity,
    read::Cursor,
};

/// A rule with its parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Best(Option<usize>),
    Percentile(f64),
    FalsePositive(f64),
    FalseDiscovery(f64),
    FamilyWise(f64),
}

/// The columns that a univariate selector keeps.
pub(super) fn mask(c: Cursor<'_>) -> Result<Vec<bool>, Error> {
    let (rule, name) = match c.class_name() {
        "SelectKBest" => ("k_best", "k"),
        "SelectPercentile" => ("percentile", "percentile"),
        "SelectFpr" => ("fpr", "alpha"),
        "SelectFdr" => ("fdr", "alpha"),
        "SelectFwe" => ("fwe", "alpha"),
        _ => (attributes::text(c, "mode").unwrap_or_default(), "param"),
    };
    let value = c.require(name)?;
    let wrong = |reason: &str| Error::attribute(c.class_name(), name, reason.to_owned());
    let number = || value.as_f64().ok_or_else(|| wrong("is no number"));
    let rule = match rule {
        "k_best" if value.as_str() == Some("all") => Rule::Best(None),
        "k_best" => {
            let count = value.as_i64().and_then(|k| usize::try_from(k).ok());
            Rule::Best(Some(count.ok_or_else(|| wrong("is neither a count nor `all`"))?))
        }
        "percentile" => Rule::Percentile(number()?),
        "fpr" => Rule::FalsePositive(number()?),
        "fdr" => Rule::FalseDiscovery(number()?),
        "fwe" => Rule::FamilyWise(number()?),
        _ => {
            let reason = "is none of `percentile`, `k_best`, `fpr`, `fdr` and `fwe`";
            return Err(Error::attribute(c.class_name(), "mode", reason));
        }
    };
    Ok(match rule {
        Rule::Best(count) => best(flat(c, "scores_")?, count),
        Rule::Percentile(percent) => percentile(flat(c, "scores_")?, percent),
        Rule::FalsePositive(alpha) => below(&flat(c, "pvalues_")?, |_| alpha),
        Rule::FamilyWise(alpha) => below(&flat(c, "pvalues_")?, |count| alpha / count),
        Rule::FalseDiscovery(alpha) => discovered(&flat(c, "pvalues_")?.0, alpha),
    })
}

/// The columns that vary more than the threshold of a `VarianceThreshold`.
pub(super) fn varying(c: Cursor<'_>) -> Result<Vec<bool>, Error> {
    let (variances, width) = flat(c, "variances_")?;
    let threshold = attributes::number(c, "threshold")
        .ok_or_else(|| Error::attribute(c.class_name(), "threshold", "is no number"))?;
    let threshold = width.round(threshold);
    Ok(variances.iter().map(|&variance| variance > threshold).collect())
}

/// One value for each column.
fn flat(c: Cursor<'_>, name: &str) -> Result<(Vec<f64>, Width), Error> {
    let Grid { shape, values, yields_f32 } = attributes::grid(c, name)?;
    if shape.len() != 1 {
        let reason = format!("has {} instead of one", quantity(shape.len(), "dimension"));
        return Err(Error::attribute(c.class_name(), name, reason));
    }
    Ok((values, if yields_f32 { Width::F32 } else { Width::F64 }))
}

/// Scores in which NaN is the least number.
fn without_nan((scores, width): (Vec<f64>, Width)) -> Vec<f64> {
    let least = match width {
        Width::F32 => f64::from(f32::MIN),
        Width::F64 => f64::MIN,
    };
    scores.into_iter().map(|score| if score.is_nan() { least } else { score }).collect()
}

/// The best `count`; of equal scores the later ones.
fn best(scores: (Vec<f64>, Width), count: Option<usize>) -> Vec<bool> {
    let Some(count) = count else { return vec![true; scores.0.len()] };
    let scores = without_nan(scores);
    let score = |at: usize| scores.get(at).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // a stable sort; −0 and 0 are equal in it
    order.sort_by(|&a, &b| score(a).partial_cmp(&score(b)).unwrap_or(std::cmp::Ordering::Equal));
    let mut mask = vec![false; scores.len()];
    for &at in order.iter().rev().take(count) {
        if let Some(chosen) = mask.get_mut(at) {
            *chosen = true;
        }
    }
    mask
}

/// The columns above a percentile, and of those on it the first that there is room for.
fn percentile(scores: (Vec<f64>, Width), percent: f64) -> Vec<bool> {
    let count = scores.0.len();
    if percent == 100.0 || percent == 0.0 {
        return vec![percent == 100.0; count];
    }
    let scores = without_nan(scores);
    let threshold = quantile(&scores, (100.0 - percent) / 100.0);
    let mut mask: Vec<bool> = scores.iter().map(|&score| score > threshold).collect();
    let ties: Vec<usize> =
        scores.iter().enumerate().filter(|&(_, &s)| s == threshold).map(|(at, _)| at).collect();
    let most = (count as f64 * percent / 100.0) as i64;
    let room = most.saturating_sub(mask.iter().filter(|&&chosen| chosen).count() as i64);
    // Python's slice to a negative end leaves out as many from the back
    let room = if room < 0 { ties.len() as i64 + room } else { room };
    for &at in ties.iter().take(usize::try_from(room).unwrap_or(0)) {
        if let Some(chosen) = mask.get_mut(at) {
            *chosen = true;
        }
    }
    mask
}

/// numpy's linear interpolation between sorted values.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = sorted.len().saturating_sub(1) as f64 * share;
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(place.floor()), at(place.ceil()));
    let part = place - place.floor();
    let step = high - low;
    if part >= 0.5 { high - step * (1.0 - part) } else { low + step * part }
}

/// The columns whose p-value is below what `limit` makes of the number of columns.
fn below((values, width): &(Vec<f64>, Width), limit: impl Fn(f64) -> f64) -> Vec<bool> {
    let limit = width.round(limit(values.len() as f64));
    values.iter().map(|&value| value < limit).collect()
}

/// The procedure of Benjamini and Hochberg (1995).
fn discovered(values: &[f64], alpha: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let step = alpha / values.len() as f64;
    let mut ranked = sorted.iter().zip(1..);
    let largest =
        ranked.by_ref().filter(|&(&p, rank)| p <= step * f64::from(rank)).map(|(&p, _)| p).last();
    values.iter().map(|&value| largest.is_some_and(|largest| value <= largest)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Width, below, best, discovered, percentile, quantile};

    const SCORES: [f64; 6] = [2.0, f64::NAN, 2.0, 9.0, 2.0, 1.0];

    fn places(mask: &[bool]) -> Vec<usize> {
        (0..mask.len()).filter(|&at| mask[at]).collect()
    }

    #[test]
    fn of_equal_scores_the_later_ones_are_among_the_best() {
        let scores = || (SCORES.to_vec(), Width::F64);
        assert_eq!(places(&best(scores(), Some(2))), [3, 4]);
        assert_eq!(places(&best(scores(), Some(3))), [2, 3, 4]);
        assert_eq!(places(&best(scores(), Some(99))), [0, 1, 2, 3, 4, 5]);
        assert!(best(scores(), Some(0)).iter().all(|&chosen| !chosen));
        assert!(best(scores(), None).iter().all(|&chosen| chosen));
    }

    #[test]
    fn of_equal_scores_the_first_ones_are_within_a_percentile() {
        let scores = || (SCORES.to_vec(), Width::F64);
        assert_eq!(places(&percentile(scores(), 50.0)), [0, 2, 3]);
        assert_eq!(places(&percentile(scores(), 10.0)), [3]);
        assert_eq!(percentile(scores(), 100.0), [true; 6]);
        assert_eq!(percentile(scores(), 0.0), [false; 6]);
    }

    #[test]
    fn a_quantile_lies_between_values() {
        assert_eq!(quantile(&[4.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0], 0.75), 1.75);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn p_values_are_compared() {
        let values = [0.01, 0.04, f64::NAN, 0.03, 0.9];
        let all = (values.to_vec(), Width::F64);
        assert_eq!(places(&below(&all, |_| 0.04)), [0, 3]);
        assert_eq!(places(&below(&all, |count| 0.06 / count)), [0]);
        assert_eq!(places(&discovered(&values, 0.07)), [0, 1, 3]);
        assert!(discovered(&values, 1e-9).iter().all(|&chosen| !chosen));
    }
}
