//! Sparse rows of training, looked up by column.

use super::metric::Metric;
use crate::{
    Error,
    read::Cursor,
    sklearn::sparse::{self, Columns},
};

/// For each column, the rows that have it and their values.
#[derive(Debug)]
pub(super) struct Postings {
    width: usize,
    columns: Columns,
    /// What each row has for itself: the sum of its squares, or of its magnitudes.
    own: Vec<f64>,
}

impl Postings {
    /// Reads a matrix of compressed rows.
    ///
    /// # Errors
    /// A metric that scikit-learn does not compute between sparse rows.
    pub(super) fn read(c: Cursor<'_>, name: &str, metric: &Metric) -> Result<Self, Error> {
        let mut csr = sparse::rows(c, name)?;
        let count = csr.starts.len().saturating_sub(1);
        let mut own = Vec::with_capacity(count);
        for bounds in csr.starts.windows(2) {
            let range = bounds.first().copied().unwrap_or(0)..bounds.last().copied().unwrap_or(0);
            let Some(values) = csr.values.get_mut(range) else { continue };
            own.push(of_row(metric, values).ok_or_else(|| Error::Unsupported {
                what: format!("`{}` fitted on sparse rows with this metric", c.class_name()),
                reason: "scikit-learn compares sparse rows by `euclidean`, `manhattan` and `cosine` alone".into(),
                hint: "Fit it on dense rows, or with one of these metrics".into(),
            })?);
        }
        Ok(Self { width: csr.columns, columns: Columns::of(&csr), own })
    }

    pub(super) fn columns(&self) -> usize {
        self.width
    }

    pub(super) fn count(&self) -> usize {
        self.own.len()
    }

    /// The reduced distances of a row to all rows; `row` holds columns and values.
    pub(super) fn distances(&self, metric: &Metric, row: &mut [(u32, f64)], out: &mut Vec<f64>) {
        out.clear();
        if *metric == Metric::Manhattan {
            // |x − y| is |y| where x is nothing
            let whole: f64 = row.iter().map(|(_, x)| x.abs()).sum();
            out.extend(self.own.iter().map(|own| own + whole));
            for &(column, x) in row.iter() {
                for &(at, y) in self.columns.column(column as usize) {
                    if let Some(sum) = out.get_mut(at as usize) {
                        *sum += (x - y).abs() - x.abs() - y.abs();
                    }
                }
            }
            return;
        }
        let mut values: Vec<f64> = row.iter().map(|(_, x)| *x).collect();
        let square = of_row(metric, &mut values).unwrap_or_default();
        out.resize(self.own.len(), 0.0);
        for (&(column, _), x) in row.iter().zip(values) {
            for &(at, y) in self.columns.column(column as usize) {
                if let Some(sum) = out.get_mut(at as usize) {
                    *sum += x * y;
                }
            }
        }
        for (product, own) in out.iter_mut().zip(&self.own) {
            *product = match metric {
                Metric::Cosine => (1.0 - *product).clamp(0.0, 2.0),
                _ => (square - 2.0 * *product + own).max(0.0),
            };
        }
    }
}

/// What a row has for itself; rows compared by their angle become of unit length. `None` for
/// metrics of dense rows.
fn of_row(metric: &Metric, values: &mut [f64]) -> Option<f64> {
    match metric {
        Metric::Euclidean | Metric::SquaredEuclidean => Some(values.iter().map(|v| v * v).sum()),
        Metric::Manhattan => Some(values.iter().map(|v| v.abs()).sum()),
        Metric::Cosine => {
            metric.prepare(values);
            Some(1.0)
        }
        _ => None,
    }
}
