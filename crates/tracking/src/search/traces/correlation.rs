//! How often two filters are true of the same traces.

use super::{assessments::Within, filter, sql};
use crate::{
    Error,
    search::{condition::Condition, select::Sql},
    store::Connection,
};

/// Traces, by what is true of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All that were looked at.
    pub(crate) total: i64,
    /// Those of the first filter.
    pub(crate) first: i64,
    /// Those of the second filter.
    pub(crate) second: i64,
    /// Those of both.
    pub(crate) both: i64,
}

/// Counts traces. What is asked of spans by `base` and by a filter must be true of one span.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words, and those of the store.
pub(crate) fn count(
    on: &mut dyn Connection,
    experiments: &[i64],
    base: &str,
    [first, second]: [&str; 2],
) -> Result<Counts, Error> {
    let base = filter::parse(base)?;
    let with = |filter: &str| -> Result<Vec<Condition>, Error> {
        Ok([base.clone(), filter::parse(filter)?].concat())
    };
    let (first, second) = (with(first)?, with(second)?);
    if experiments.is_empty() {
        return Ok(Counts::default());
    }
    let within = Within::new(experiments);
    let dialect = on.dialect();
    let all = |conditions: &[Condition]| {
        let mut sql = Sql::of("(TRUE", Vec::new());
        for one in sql::fulfilled(conditions, &within, dialect) {
            sql.push(&format!(" AND ({})", one.text), one.values);
        }
        sql.push(")", []);
        sql
    };
    let (base, first, second) = (all(&base), all(&first), all(&second));
    let mut sql = Sql::of(
        "SELECT COUNT(*), SUM(CASE WHEN f THEN 1 ELSE 0 END), SUM(CASE WHEN s THEN 1 ELSE 0 END), SUM(CASE WHEN f AND s THEN 1 ELSE 0 END) FROM (SELECT ",
        Vec::new(),
    );
    sql.push(&format!("{} AS f, ", first.text), first.values);
    sql.push(&format!("{} AS s FROM trace_info t WHERE ", second.text), second.values);
    sql.push(&format!("{} AND {}) counted", within.of("t.experiment_id"), base.text), base.values);
    let Some(mut row) = on.first(&sql.text, &sql.values)? else { return Ok(Counts::default()) };
    let mut next = |column| Ok::<i64, Error>(row.take::<Option<i64>>(column)?.unwrap_or_default());
    Ok(Counts { total: next(0)?, first: next(1)?, second: next(2)?, both: next(3)? })
}

impl Counts {
    /// The normalized pointwise mutual information of the two filters (G. Bouma, 2009), and the same with
    /// half a trace added to each case. None when a filter is true of no trace.
    pub(crate) fn npmi(self) -> Option<(f64, f64)> {
        const HALF: f64 = 0.5;
        let Self { total, first, second, both } = self;
        let cases = [both, first - both, second - both, total - first - second + both];
        if first == 0 || second == 0 || cases.iter().any(|it| *it < 0) {
            return None;
        }
        let cases = cases.map(|it| it as f64);
        let plain = if both == 0 { -1.0 } else { npmi(cases, 0.0) };
        Some((plain, npmi(cases, HALF)))
    }
}

fn npmi([both, first, second, none]: [f64; 4], added: f64) -> f64 {
    if first == 0.0 && second == 0.0 && none == 0.0 {
        return 1.0;
    }
    let joint = both + added;
    let total = joint + first + second + none + 3.0 * added;
    let (first, second) = (joint + first + added, joint + second + added);
    let mutual = (joint.ln() + total.ln()) - (first.ln() + second.ln());
    (mutual / (total.ln() - joint.ln())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn filters_are_as_near_as_mlflow_finds_them() {
        // calculate_npmi_from_counts() of MLflow 3.17
        let is = |[both, first, second, total]: [i64; 4], plain: f64, smoothed: f64| {
            let found = Counts { total, first, second, both }.npmi();
            let (a, b) = found.unwrap_or((f64::NAN, f64::NAN));
            let near = |a: f64, b: f64| (a - b).abs() < 1e-9 || a.is_nan() && b.is_nan();
            assert!(near(a, plain) && near(b, smoothed), "{found:?}");
        };
        is([10, 20, 15, 100], 0.522_878_745, 0.509_868_999);
        is([0, 20, 15, 100], -1.0, -0.354_502_254);
        is([5, 5, 5, 5], 1.0, 1.0);
        is([5, 5, 5, 10], 1.0, 0.776_939_249);
        is([0, 0, 5, 10], f64::NAN, f64::NAN);
        is([1, 2, 3, 4], -0.292_481_250, -0.207_518_750);
        is([0, 0, 0, 0], f64::NAN, f64::NAN);
        is([100, 200, 300, 1000], 0.221_848_750, 0.221_558_889);
    }
}
