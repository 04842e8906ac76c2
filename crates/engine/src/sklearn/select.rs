//! Feature selection: columns that stay.

use super::{Transform, check, fields};
use crate::{Column, Csr, Data, Error, Inputs, Matrix, Table, read::Cursor};

/// A transformer that hands some columns on.
#[derive(Debug)]
pub(crate) struct Selector {
    class: String,
    inputs: Inputs,
    /// Ascending.
    keep: Vec<usize>,
}

impl Selector {
    /// `VarianceThreshold`.
    pub(crate) fn variance(c: Cursor<'_>) -> Result<Self, Error> {
        let threshold = fields::number(c, "threshold").unwrap_or(0.0);
        let variances = fields::numbers(c, "variances_")?;
        Self::with(c, &variances.iter().map(|&v| v > threshold).collect::<Vec<_>>())
    }

    /// `RFE`, `RFECV`, `SequentialFeatureSelector`: the mask is stored.
    pub(crate) fn stored(c: Cursor<'_>) -> Result<Self, Error> {
        let name = if c.attr("support_").is_some() { "support_" } else { "ranking_" };
        let support = fields::numbers(c, name)?;
        Self::with(c, &support.iter().map(|&v| v == 1.0).collect::<Vec<_>>())
    }

    /// `SelectKBest`: of equal scores the later column stays.
    pub(crate) fn best(c: Cursor<'_>) -> Result<Self, Error> {
        let scores = cleaned(fields::numbers(c, "scores_")?);
        let most = match c.attr("k").map(|k| (k.as_str(), k.as_i64())) {
            Some((Some("all"), _)) => scores.len(),
            Some((_, Some(k))) => usize::try_from(k).unwrap_or_default(),
            _ => 10,
        };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| score(&scores, a).total_cmp(&score(&scores, b)));
        let mut mask = vec![false; scores.len()];
        for &at in order.iter().rev().take(most) {
            if let Some(cell) = mask.get_mut(at) {
                *cell = true;
            }
        }
        Self::with(c, &mask)
    }

    /// `SelectPercentile`: of scores equal to the threshold the first ones stay.
    pub(crate) fn percentile(c: Cursor<'_>) -> Result<Self, Error> {
        let scores = cleaned(fields::numbers(c, "scores_")?);
        let percentile = fields::number(c, "percentile").unwrap_or(10.0);
        if percentile >= 100.0 || percentile <= 0.0 {
            return Self::with(c, &vec![percentile >= 100.0; scores.len()]);
        }
        let mut sorted = scores.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (sorted.len().saturating_sub(1)) as f64 * (1.0 - percentile / 100.0);
        let (low, high) =
            (score(&sorted, place.floor() as usize), score(&sorted, place.ceil() as usize));
        let threshold = low + (high - low) * place.fract();
        let mut mask: Vec<_> = scores.iter().map(|&v| v > threshold).collect();
        let most = (scores.len() as f64 * percentile / 100.0) as usize;
        let mut left = most.saturating_sub(mask.iter().filter(|&&kept| kept).count());
        for (kept, &value) in mask.iter_mut().zip(&scores) {
            if value == threshold && left > 0 {
                *kept = true;
                left -= 1;
            }
        }
        Self::with(c, &mask)
    }

    /// `SelectFpr`, `SelectFwe` and `SelectFdr`, by p-values.
    pub(crate) fn by_p_value(c: Cursor<'_>) -> Result<Self, Error> {
        let values = fields::numbers(c, "pvalues_")?;
        let alpha = fields::number(c, "alpha").unwrap_or(0.05);
        let count = values.len() as f64;
        let mask: Vec<_> = match c.class_name() {
            "SelectFwe" => values.iter().map(|&p| p < alpha / count).collect(),
            "SelectFdr" => {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                let passes = |&(at, &p): &(usize, &f64)| p <= alpha / count * (at + 1) as f64;
                let last = sorted.iter().enumerate().rfind(passes);
                values.iter().map(|&p| last.is_some_and(|(_, &last)| p <= last)).collect()
            }
            _ => values.iter().map(|&p| p < alpha).collect(),
        };
        Self::with(c, &mask)
    }

    fn with(c: Cursor<'_>, mask: &[bool]) -> Result<Self, Error> {
        let inputs = fields::inputs(c, Some(mask.len()));
        fields::counted(c, "scores_", mask.len(), inputs.columns.unwrap_or_default())?;
        let keep = mask.iter().enumerate().filter(|&(_, &kept)| kept).map(|(at, _)| at).collect();
        Ok(Self { class: c.class_name().to_owned(), inputs, keep })
    }
}

/// Scores that are NaN come last.
fn cleaned(mut scores: Vec<f64>) -> Vec<f64> {
    for value in &mut scores {
        if value.is_nan() {
            *value = f64::MIN;
        }
    }
    scores
}

fn score(scores: &[f64], at: usize) -> f64 {
    scores.get(at).copied().unwrap_or(f64::MIN)
}

impl Transform for Selector {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn transform(&self, mut table: Table) -> Result<Table, Error> {
        check::width(&table, self.inputs.columns, &self.class)?;
        keep_columns(&mut table, &self.keep);
        table.names = None;
        Ok(table)
    }
}

/// Keeps the columns at `keep`, which is ascending.
pub(super) fn keep_columns(table: &mut Table, keep: &[usize]) {
    fn keep_in<T: Copy>(m: &mut Matrix<T>, keep: &[usize]) {
        let rows = m.values.chunks_exact(m.columns.max(1));
        let chosen =
            rows.flat_map(|row| keep.iter().filter_map(|&column| row.get(column).copied()));
        m.values = chosen.collect();
        m.columns = keep.len();
    }
    match &mut table.data {
        Data::F64(m) => keep_in(m, keep),
        Data::F32(m) => keep_in(m, keep),
        Data::I64(m) => keep_in(m, keep),
        Data::Columns(all) => {
            *all = keep.iter().filter_map(|&column| all.get(column).cloned()).collect();
        }
        Data::Sparse(csr) => {
            let mut out = Csr::with_capacity(keep.len(), table.rows, csr.values.len());
            out.scalar = csr.scalar;
            for row in 0..table.rows {
                let (indices, values) = csr.row(row);
                for (&index, &value) in indices.iter().zip(values) {
                    if let Ok(place) = keep.binary_search(&(index as usize)) {
                        out.indices.push(place as u32);
                        out.values.push(value);
                    }
                }
                out.end_row();
            }
            *csr = out;
        }
        Data::Documents(texts) => {
            if keep.is_empty() {
                table.data = Data::Columns(Vec::new());
            } else {
                table.data = Data::Columns(vec![Column::Text(std::mem::take(texts))]);
            }
        }
    }
}
