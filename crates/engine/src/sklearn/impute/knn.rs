use super::{Missing, MissingIndicator, fill, keep_columns};
use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        parallel, refuse,
    },
};

/// `KNNImputer`: what is missing becomes the mean of the nearest fitted rows that have it.
#[derive(Debug)]
pub(crate) struct NeighborsImputer {
    inputs: Inputs,
    columns: usize,
    missing: Missing,
    /// Fitted rows × columns; NaN where a value is missing.
    rows: Vec<f64>,
    /// The mean of each column.
    means: Vec<f64>,
    k: usize,
    /// Nearer rows count more.
    by_distance: bool,
    /// Rows at no distance, having no column in common, count as others: up to 1.5, unless nearer
    /// rows count more.
    counts_unknown: bool,
    /// The columns that have a value, when others have none.
    keep: Option<Vec<usize>>,
    /// Columns without a value stay, as zeros.
    keeps_empty: bool,
    indicator: Option<MissingIndicator>,
}

impl NeighborsImputer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let class = c.class_name();
        let missing = Missing::read(c)?;
        let grid = attributes::grid(c, "_fit_X")?;
        let &[count, columns] = &grid.shape[..] else {
            return Err(Error::attribute(class, "_fit_X", "has no two dimensions"));
        };
        if count == 0 || columns == 0 {
            return Err(Error::attribute(class, "_fit_X", "is empty"));
        }
        if let Some(metric) =
            c.attr("metric").filter(|metric| metric.as_str() != Some("nan_euclidean"))
        {
            return Err(refuse::function(class, "metric", metric));
        }
        let by_distance = match c.attr("weights") {
            None => false,
            Some(weights) => match weights.as_str() {
                Some("uniform") => false,
                Some("distance") => true,
                _ => return Err(refuse::function(class, "weights", weights)),
            },
        };
        let k =
            c.require("n_neighbors")?.as_i64().and_then(|k| usize::try_from(k).ok()).unwrap_or(0);
        if k == 0 {
            return Err(Error::attribute(class, "n_neighbors", "is not a positive number"));
        }
        let mut rows = grid.values;
        for value in &mut rows {
            if missing.is_float(*value) {
                *value = f64::NAN;
            }
        }
        let mean = |column: usize| {
            let present = rows.iter().skip(column).step_by(columns).filter(|v| !v.is_nan());
            let (sum, count) = present.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
            sum / count
        };
        let means: Vec<f64> = (0..columns).map(mean).collect();
        let keep: Vec<_> =
            (0..columns).filter(|&at| means.get(at).is_some_and(|mean| !mean.is_nan())).collect();
        let mut inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "_fit_X", columns, inputs.columns.unwrap_or(columns))?;
        inputs.columns = Some(columns);
        let indicator = super::indicator(c, columns)?;
        Ok(Self {
            inputs,
            columns,
            missing,
            rows,
            means,
            k,
            by_distance,
            counts_unknown: !by_distance && version(c).is_none_or(|version| version < (1, 6)),
            keep: (keep.len() < columns).then_some(keep),
            keeps_empty: attributes::switch(c, "keep_empty_features", false)?,
            indicator,
        })
    }

    /// Fills one row; `distances` is memory that is used again.
    fn fill(&self, row: &mut [f64], distances: &mut Vec<(f64, usize)>) {
        let mut all: Option<Vec<f64>> = None;
        let asked = row.iter().any(|value| self.missing.is_float(*value)).then(|| row.to_vec());
        for (column, value) in row.iter_mut().enumerate() {
            let Some(mean) = self.means.get(column).filter(|mean| !mean.is_nan()) else {
                if self.keeps_empty {
                    *value = 0.0;
                }
                continue;
            };
            if !self.missing.is_float(*value) {
                continue;
            }
            let all =
                all.get_or_insert_with(|| self.distances(asked.as_deref().unwrap_or_default()));
            distances.clear();
            let donors = all.iter().enumerate().filter(|(at, _)| !self.value(*at, column).is_nan());
            distances.extend(donors.map(|(at, distance)| (*distance, at)));
            *value = self.mean(column, distances).unwrap_or(*mean);
        }
    }

    fn value(&self, row: usize, column: usize) -> f64 {
        self.rows.get(row * self.columns + column).copied().unwrap_or(f64::NAN)
    }

    /// The distance to each fitted row over the columns that both have; NaN when there are none.
    fn distances(&self, row: &[f64]) -> Vec<f64> {
        let apart = |other: &[f64]| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (x, y) in row.iter().zip(other) {
                if !self.missing.is_float(*x) && !y.is_nan() {
                    sum += (x - y) * (x - y);
                    count += 1.0;
                }
            }
            if count == 0.0 { f64::NAN } else { (sum / count * self.columns as f64).sqrt() }
        };
        self.rows.chunks_exact(self.columns).map(apart).collect()
    }

    /// The weighted mean of the nearest donors; `None` when none has a distance.
    fn mean(&self, column: usize, donors: &mut [(f64, usize)]) -> Option<f64> {
        // NaN sorts behind all numbers
        let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if self.k < donors.len() {
            donors.select_nth_unstable_by(self.k, order);
        }
        let nearest = donors.get_mut(..self.k.min(donors.len()))?;
        nearest.sort_unstable_by(order);
        nearest.first().filter(|(nearest, _)| !nearest.is_nan())?;
        let touches = nearest.iter().any(|(distance, _)| *distance == 0.0);
        let (mut sum, mut whole) = (0.0, 0.0);
        for &mut (distance, at) in nearest {
            let weight = match (distance.is_nan(), self.by_distance, touches) {
                (true, ..) => f64::from(u8::from(self.counts_unknown)),
                (false, false, _) => 1.0,
                (false, true, true) => f64::from(u8::from(distance == 0.0)),
                (false, true, false) => 1.0 / distance,
            };
            sum += weight * self.value(at, column);
            whole += weight;
        }
        (whole > 0.0).then(|| sum / whole)
    }
}

impl Transform for NeighborsImputer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        let kept = self.keep.as_ref().filter(|_| !self.keeps_empty).map_or(self.columns, Vec::len);
        kept + self.indicator.as_ref().map_or(0, MissingIndicator::len)
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        match self.keep.as_ref().filter(|_| !self.keeps_empty) {
            None if output < self.columns => Some(output),
            None => self.indicator.as_ref()?.source(output - self.columns),
            Some(keep) => match keep.get(output) {
                Some(&column) => Some(column),
                None => self.indicator.as_ref()?.source(output - keep.len()),
            },
        }
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let allow = if self.missing.is_null() { Allow::Nan } else { Allow::Finite };
        let mut table = check::numeric(input, Some(self.columns), allow, "KNNImputer")?;
        let marks: Option<Vec<bool>> = self.indicator.as_ref().map(|indicator| {
            (0..table.rows).flat_map(|row| indicator.row(&table.data, row)).collect()
        });
        match &mut table.data {
            Data::F64(m) => {
                parallel::rows(&mut m.values, self.columns, self.rows.len(), |_, part| {
                    let mut distances = Vec::new();
                    for row in part.chunks_exact_mut(self.columns) {
                        self.fill(row, &mut distances);
                    }
                });
            }
            Data::F32(m) => {
                parallel::rows(&mut m.values, self.columns, self.rows.len(), |_, part| {
                    let (mut distances, mut wide) = (Vec::new(), vec![0.0; self.columns]);
                    for row in part.chunks_exact_mut(self.columns) {
                        wide.iter_mut().zip(&*row).for_each(|(to, from)| *to = f64::from(*from));
                        self.fill(&mut wide, &mut distances);
                        row.iter_mut().zip(&wide).for_each(|(to, from)| *to = *from as f32);
                    }
                });
            }
            _ => {
                return Err(Error::input("the rows are sparse, and `KNNImputer` takes dense ones"));
            }
        }
        if let Some(keep) = self.keep.as_ref().filter(|_| !self.keeps_empty) {
            keep_columns(&mut table, keep);
        }
        Ok(match (&self.indicator, marks) {
            (Some(indicator), Some(marks)) if indicator.len() > 0 => {
                fill::append(table, &marks, indicator.len())
            }
            _ => table,
        })
    }
}
