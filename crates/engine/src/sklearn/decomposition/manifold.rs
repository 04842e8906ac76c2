//! Places of rows on a learnt surface, from their nearest neighbours in training.

use super::{Components, KernelComponents, matrix};
use crate::{
    Error, Inputs, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    sklearn::{
        algebra,
        check::{self, Allow},
    },
};

/// The fitted rows, asked for the nearest by Euclidean distance.
#[derive(Debug)]
struct Near {
    inputs: Inputs,
    rows: Components,
    /// How many neighbours count.
    k: usize,
}

impl Near {
    fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let neighbors = c.require("nbrs_")?;
        let metric = attributes::text(neighbors, "effective_metric_").unwrap_or("no text");
        let power = neighbors.attr("effective_metric_params_").and_then(|it| it.attr("p"));
        let euclidean = metric == "euclidean"
            || metric == "minkowski" && power.is_none_or(|p| p.as_f64() == Some(2.0));
        if !euclidean {
            return Err(Error::Unsupported {
                what: format!("`{}` with the metric `{metric}`", c.class_name()),
                reason: "only Euclidean distances have a native implementation here".into(),
                hint: "Use `metric=\"euclidean\"`, or `KernelPCA`".into(),
            });
        }
        let k = match c.attr("n_neighbors").filter(|k| !k.is_none()) {
            Some(k) => k.as_i64().and_then(|k| usize::try_from(k).ok()).unwrap_or(0),
            None => {
                return Err(Error::Unsupported {
                    what: format!("`{}` with `radius`", c.class_name()),
                    reason: "neighbours within a radius have no native implementation here".into(),
                    hint: "Use `n_neighbors`".into(),
                });
            }
        };
        let rows = matrix(neighbors, "_fit_X")?;
        if k == 0 || k > rows.rows {
            let reason = format!("is {k}, and {} rows were fitted", rows.rows);
            return Err(Error::attribute(c.class_name(), "n_neighbors", reason));
        }
        let inputs = attributes::inputs(c, Some(rows.columns));
        let columns = inputs.columns.unwrap_or(rows.columns);
        attributes::counted(c, "n_features_in_", columns, rows.columns)?;
        Ok(Self { inputs, rows, k })
    }

    /// The dense rows of a table, as doubles.
    fn take(&self, input: Table, class: &str) -> Result<Table, Error> {
        let table = check::numeric(input, Some(self.rows.columns), Allow::Finite, class)?;
        check::dense(&table, class)?;
        Ok(table)
    }

    /// The nearest fitted rows and their distances, the nearest first; of equal ones the first.
    fn of(&self, row: &[f64], found: &mut Vec<(f64, usize)>) {
        found.clear();
        let squares = self
            .rows
            .values
            .chunks_exact(self.rows.columns)
            .map(|other| row.iter().zip(other).map(|(x, y)| (x - y) * (x - y)).sum::<f64>());
        found.extend(squares.zip(0..));
        let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if self.k < found.len() {
            found.select_nth_unstable_by(self.k - 1, order);
            found.truncate(self.k);
        }
        found.sort_unstable_by(order);
        for (distance, _) in found {
            *distance = distance.sqrt();
        }
    }
}

/// `Isomap`: the shortest ways to all fitted rows through the nearest, then a kernel projection of them
/// (Tenenbaum, de Silva and Langford 2000).
#[derive(Debug)]
pub(crate) struct Isomap {
    near: Near,
    /// Ways between fitted rows, `count × count`.
    ways: Vec<f64>,
    projection: KernelComponents,
    casts: bool,
}

impl Isomap {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let near = Near::read(c)?;
        let count = near.rows.rows;
        let ways = attributes::numbers_of(c, "dist_matrix_", count.saturating_mul(count))?;
        let projection = KernelComponents::build(c.require("kernel_pca_")?)?;
        attributes::counted(c, "kernel_pca_", projection.columns(), count)?;
        // before 1.1 the ways of rows of floats were doubles
        let casts = version(c).is_some_and(|release| release >= (1, 1));
        Ok(Self { near, ways, projection, casts })
    }
}

impl Transform for Isomap {
    fn inputs(&self) -> Inputs {
        self.near.inputs.clone()
    }

    fn outputs(&self, columns: usize) -> usize {
        self.projection.outputs(columns)
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let table = self.near.take(input, "Isomap")?;
        let casts = self.casts && check::is_f32(&table.data);
        let rows = table.to_f64()?;
        let count = self.near.rows.rows;
        let mut kernel = vec![f64::INFINITY; table.rows * count];
        let mut found = Vec::new();
        let each = rows.chunks_exact(self.near.rows.columns);
        for (row, kernel) in each.zip(kernel.chunks_exact_mut(count)) {
            self.near.of(row, &mut found);
            for &(distance, place) in &found {
                let ways = self.ways.get(place * count..(place + 1) * count).unwrap_or_default();
                for (least, way) in kernel.iter_mut().zip(ways) {
                    *least = least.min(way + distance);
                }
            }
            for v in kernel {
                let way = if casts { f64::from(*v as f32) } else { *v };
                *v = -0.5 * (way * way);
            }
        }
        self.projection.transform(Table::matrix(table.rows, count, kernel))
    }
}

/// `LocallyLinearEmbedding`: the places of the nearest fitted rows in the proportions that make up a row
/// best (Roweis and Saul 2000).
#[derive(Debug)]
pub(crate) struct LocallyLinear {
    near: Near,
    places: Components,
    regularization: f64,
}

impl LocallyLinear {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let near = Near::read(c)?;
        let places = matrix(c, "embedding_")?;
        attributes::counted(c, "embedding_", places.rows, near.rows.rows)?;
        if near.k > algebra::MOST_UNKNOWNS {
            let reason = format!("is {}, and at most {} count", near.k, algebra::MOST_UNKNOWNS);
            return Err(Error::attribute(c.class_name(), "n_neighbors", reason));
        }
        let regularization = attributes::number(c, "reg")
            .ok_or_else(|| Error::attribute(c.class_name(), "reg", "is no number"))?;
        Ok(Self { near, places, regularization })
    }

    /// The proportions of the neighbours in a row: they sum to one.
    fn proportions(&self, row: &[f64], found: &[(f64, usize)]) -> Option<Vec<f64>> {
        let columns = self.near.rows.columns;
        let mut differences = Vec::with_capacity(found.len() * columns);
        for &(_, place) in found {
            let other = self.near.rows.values.get(place * columns..(place + 1) * columns)?;
            differences.extend(other.iter().zip(row).map(|(y, x)| y - x));
        }
        let count = found.len();
        let mut gram = algebra::times_transposed(&differences, &differences, columns);
        let trace: f64 = gram.iter().step_by(count + 1).sum();
        let added = if trace > 0.0 { self.regularization * trace } else { self.regularization };
        for v in gram.iter_mut().step_by(count + 1) {
            *v += added;
        }
        let mut weights = algebra::solve(gram, vec![1.0; count], count, 1)?;
        let total: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= total;
        }
        Some(weights)
    }
}

impl Transform for LocallyLinear {
    fn inputs(&self) -> Inputs {
        self.near.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.places.columns
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "LocallyLinearEmbedding";
        let table = self.near.take(input, class)?;
        let rows = table.to_f64()?;
        let width = self.places.columns;
        let mut out = vec![0.0; table.rows * width];
        let mut found = Vec::new();
        let each = rows.chunks_exact(self.near.rows.columns);
        for (at, (row, out)) in each.zip(out.chunks_exact_mut(width)).enumerate() {
            self.near.of(row, &mut found);
            let weights = self.proportions(row, &found).ok_or_else(|| {
                Error::input(format!("row {at} cannot be made up of its neighbours by `{class}`"))
            })?;
            for (&(_, place), weight) in found.iter().zip(weights) {
                let place = self.places.values.get(place * width..(place + 1) * width);
                let place = place.unwrap_or_default();
                out.iter_mut().zip(place).for_each(|(sum, v)| *sum += weight * v);
            }
        }
        Ok(check::answered(out, table.rows, width, false))
    }
}
