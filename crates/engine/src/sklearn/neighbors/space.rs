//! The rows that a model was fitted on, and those of them that are near a row of a request.

use super::{
    filter::{self, Filter},
    heap::{Heap, Near},
    lanes::{Blocks, NO_ROW},
    metric::Metric,
    postings::Postings,
    tree::Tree,
};
use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, version},
    quantity,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        parallel,
    },
};

/// Fitted rows, to be asked for the nearest.
#[derive(Debug)]
pub(crate) struct Neighbors {
    class: String,
    inputs: Inputs,
    /// Columns of a row.
    columns: usize,
    /// Number of fitted rows.
    count: usize,
    metric: Metric,
    space: Space,
    /// Rows may lack values.
    is_nan_allowed: bool,
    /// Scipy compares the rows, unless they are of the fitted rows' type: up to 1.0 always.
    scipy: Scipy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scipy {
    Never,
    Always,
    UnlessF32(bool),
}

#[derive(Debug)]
enum Space {
    Tree(Tree),
    /// All rows, in their order.
    Rows(Blocks),
    /// The same for euclidean distances.
    Filtered(Filter),
    Sparse(Postings),
    /// The rows of a request are distances to the fitted ones.
    Distances,
}

impl Neighbors {
    /// Reads `_fit_X`, `_tree` and the metric.
    pub(crate) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let class = c.class_name().to_owned();
        if let Some(read) = Tree::read(c, "_tree")? {
            let columns = read.tree.columns();
            return Ok(Self {
                class,
                inputs: inputs(c, "_tree", columns)?,
                columns,
                count: read.count,
                metric: read.metric,
                space: Space::Tree(read.tree),
                is_nan_allowed: false,
                scipy: Scipy::Never,
            });
        }
        let name = "_fit_X";
        let fitted = c.require(name)?;
        let (columns, count, metric, space) = if fitted.attr("indptr").is_some() {
            let metric = Metric::of_estimator(c, 0)?;
            if metric == Metric::Precomputed {
                let count = attributes::number(c, "n_samples_fit_").unwrap_or_default() as usize;
                (count, count, metric, Space::Distances)
            } else {
                let postings = Postings::read(c, name, &metric)?;
                (postings.columns(), postings.count(), metric, Space::Sparse(postings))
            }
        } else {
            let grid = attributes::grid(c, name)?;
            let &[count, columns] = &grid.shape[..] else {
                let reason =
                    format!("has {} instead of two", quantity(grid.shape.len(), "dimension"));
                return Err(Error::attribute(class, name, reason));
            };
            let metric = Metric::of_estimator(c, columns)?;
            let space = if metric == Metric::Precomputed {
                Space::Distances
            } else {
                Space::of_rows(grid.values, columns, &metric)
            };
            (columns, count, metric, space)
        };
        if columns == 0 || count == 0 || u32::try_from(count).is_err() {
            return Err(Error::attribute(
                class,
                name,
                format!("has {count} rows of {columns} columns"),
            ));
        }
        let is_f32 = fitted.as_array().is_some_and(attributes::is_f32);
        let own = version(c).is_some_and(|version| version >= (1, 1));
        let scipy = if own { Scipy::UnlessF32(is_f32) } else { Scipy::Always };
        let inputs = inputs(c, name, columns)?;
        let recent = version(c).is_some_and(|version| version >= (1, 6));
        let is_nan_allowed = metric == Metric::NanEuclidean && recent;
        Ok(Self { class, inputs, columns, count, metric, space, is_nan_allowed, scipy })
    }

    /// Points that are no rows of the training, under the estimator's `metric`.
    pub(crate) fn of_points(
        c: Cursor<'_>,
        name: &str,
        columns: usize,
        values: Vec<f64>,
    ) -> Result<Self, Error> {
        let metric = Metric::of_estimator(c, columns)?;
        let count = values.len() / columns.max(1);
        if count == 0 || u32::try_from(count).is_err() {
            return Err(Error::attribute(
                c.class_name(),
                name,
                format!("has {count} rows of {columns} columns"),
            ));
        }
        let space = match metric {
            Metric::Precomputed => Space::Distances,
            _ => Space::of_rows(values, columns, &metric),
        };
        let own = version(c).is_some_and(|version| version >= (1, 1));
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs: inputs(c, name, columns)?,
            columns,
            count,
            metric,
            space,
            is_nan_allowed: false,
            scipy: if own { Scipy::UnlessF32(false) } else { Scipy::Always },
        })
    }

    /// How many neighbours `name` asks for.
    pub(crate) fn k(&self, c: Cursor<'_>, name: &str) -> Result<usize, Error> {
        let k = c.require(name)?.as_i64().and_then(|k| usize::try_from(k).ok()).unwrap_or(0);
        if k == 0 || k > self.count {
            let reason = format!(
                "is {k}, where a number from 1 to {} is expected: so many rows were fitted",
                self.count
            );
            return Err(Error::attribute(c.class_name(), name, reason));
        }
        Ok(k)
    }

    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    /// Columns of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of fitted rows.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Checks the rows of a request and makes them floats.
    fn checked(&self, table: &Table) -> Result<Table, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        let table = check::floats(table.clone())?;
        let allow = if self.is_nan_allowed { Allow::Nan } else { Allow::Finite };
        check::finite(&table.data, allow, &self.class)?;
        if let (Data::Sparse(_), Space::Tree(_)) = (&table.data, &self.space) {
            return Err(Error::input(format!(
                "the rows are sparse, and `{}` holds a tree of dense ones: fit it on sparse rows, or with \
                 `algorithm=\"brute\"`",
                self.class
            )));
        }
        if let Space::Distances = self.space {
            let negative = match &table.data {
                Data::F64(m) => m.values.iter().position(|v| *v < 0.0),
                Data::F32(m) => m.values.iter().position(|v| *v < 0.0),
                _ => None,
            };
            if let Some(at) = negative {
                return Err(Error::value(
                    at / self.columns,
                    at % self.columns,
                    "is negative, where a distance is expected",
                ));
            }
        }
        Ok(table)
    }

    /// The metric for rows of this type.
    fn metric(&self, table: &Table) -> Metric {
        let scipy = match self.scipy {
            Scipy::Never => false,
            Scipy::Always => true,
            Scipy::UnlessF32(f32) => f32 != matches!(table.data, Data::F32(_)),
        };
        match &self.metric {
            Metric::BrayCurtis { .. } => Metric::BrayCurtis { scipy },
            metric => metric.clone(),
        }
    }

    /// About the nanoseconds that a row takes.
    fn cost(&self) -> usize {
        match &self.space {
            Space::Tree(_) => 2_000 + self.count / 8,
            Space::Rows(_) => self.count * self.columns / 8,
            Space::Filtered(_) => self.count * self.columns / 24,
            Space::Sparse(_) | Space::Distances => self.count,
        }
    }

    /// What `answer` makes of the `k` nearest rows of each row, the nearest first: `width` values.
    pub(crate) fn nearest<T: Send + Clone + Default>(
        &self,
        table: &Table,
        k: usize,
        width: usize,
        answer: impl Fn(&[Near], &mut [T]) + Sync,
    ) -> Result<Vec<T>, Error> {
        let table = self.checked(table)?;
        if let (Data::Sparse(csr), Space::Distances) = (&table.data, &self.space)
            && let Some(row) = (0..table.rows).find(|&row| csr.row(row).0.len() < k)
        {
            return Err(Error::input(format!(
                "row {row} of the graph has {}, where `{}` needs {k}",
                quantity(csr.row(row).0.len(), "neighbour"),
                self.class
            )));
        }
        let metric = self.metric(&table);
        let mut out = vec![T::default(); table.rows * width];
        parallel::rows(&mut out, width, self.cost(), |first, out| {
            let mut rows = Rows::new(&table, &metric);
            if let Space::Filtered(filter) = &self.space {
                return self.filtered(
                    (filter, &metric),
                    &mut rows,
                    first,
                    k,
                    (width, out),
                    &answer,
                );
            }
            let mut heap = Heap::new(k);
            for (at, out) in out.chunks_exact_mut(width).enumerate() {
                heap.clear();
                self.fill(&metric, &mut rows, first + at, &mut heap);
                let nearest = heap.sorted(self.count);
                for near in nearest.iter_mut() {
                    near.distance = metric.distance(near.distance);
                }
                answer(nearest, out);
            }
        });
        Ok(out)
    }

    /// [`Self::nearest`] by groups of rows.
    fn filtered<T>(
        &self,
        (filter, metric): (&Filter, &Metric),
        rows: &mut Rows<'_>,
        first: usize,
        k: usize,
        (width, out): (usize, &mut [T]),
        answer: &impl Fn(&[Near], &mut [T]),
    ) {
        let mut scratch = filter::Scratch::default();
        let mut heaps: Vec<Heap> = Vec::new();
        let mut group = Vec::new();
        for (part, out) in out.chunks_mut(filter::GROUP * width).enumerate() {
            let start = first + part * filter::GROUP;
            let count = out.len() / width;
            heaps.iter_mut().for_each(Heap::clear);
            heaps.resize_with(count, || Heap::new(k));
            group.clear();
            for at in start..start + count {
                group.extend_from_slice(rows.dense(at));
            }
            filter.nearest(&group, &mut heaps, &mut scratch);
            for (heap, out) in heaps.iter_mut().zip(out.chunks_exact_mut(width)) {
                let nearest = heap.sorted(self.count);
                for near in nearest.iter_mut() {
                    near.distance = metric.distance(near.distance);
                }
                answer(nearest, out);
            }
        }
    }

    fn fill(&self, metric: &Metric, rows: &mut Rows<'_>, at: usize, heap: &mut Heap) {
        match &self.space {
            Space::Tree(tree) => tree.nearest(metric, rows.dense(at), heap),
            Space::Rows(blocks) => {
                let row = rows.dense(at);
                for block in blocks.range(0, blocks.len()) {
                    let distances = metric.to_block(row, &block);
                    for (&distance, &number) in distances.iter().zip(block.rows()) {
                        if number != NO_ROW {
                            heap.push(distance, number);
                        }
                    }
                }
            }
            _ => self.each(metric, rows, at, |distance, row| heap.push(distance, row)),
        }
    }

    /// Hands over the reduced distance of each row, in the order of the rows.
    fn each(
        &self,
        metric: &Metric,
        rows: &mut Rows<'_>,
        at: usize,
        mut found: impl FnMut(f64, u32),
    ) {
        match &self.space {
            Space::Tree(_) => {}
            Space::Rows(blocks) => {
                let row = rows.dense(at);
                for block in blocks.range(0, blocks.len()) {
                    let distances = metric.to_block(row, &block);
                    for (&distance, &number) in distances.iter().zip(block.rows()) {
                        if number != NO_ROW {
                            found(distance, number);
                        }
                    }
                }
            }
            Space::Filtered(filter) => filter.each(rows.dense(at), found),
            Space::Sparse(postings) => {
                let (row, distances) = rows.sparse(at);
                postings.distances(metric, row, distances);
                for (number, &distance) in distances.iter().enumerate() {
                    found(distance, number as u32);
                }
            }
            Space::Distances => {
                if let Data::Sparse(_) = rows.table.data {
                    let (row, _) = rows.sparse(at);
                    for &mut (number, distance) in row {
                        found(distance, number);
                    }
                } else {
                    for (number, &distance) in rows.dense(at).iter().enumerate() {
                        found(distance, number as u32);
                    }
                }
            }
        }
    }

    /// What `answer` makes of the rows within `radius` of each row: `width` values.
    pub(crate) fn within<T: Send + Clone + Default>(
        &self,
        table: &Table,
        radius: f64,
        width: usize,
        answer: impl Fn(&[Near], &mut [T]) + Sync,
    ) -> Result<Vec<T>, Error> {
        let table = self.checked(table)?;
        let metric = self.metric(&table);
        let reduced = metric.reduced(radius);
        let mut out = vec![T::default(); table.rows * width];
        parallel::rows(&mut out, width, self.cost(), |first, out| {
            let mut rows = Rows::new(&table, &metric);
            let mut near = Vec::new();
            for (at, out) in out.chunks_exact_mut(width).enumerate() {
                near.clear();
                if let Space::Tree(tree) = &self.space {
                    tree.within(&metric, rows.dense(first + at), radius, &mut near);
                } else {
                    self.each(&metric, &mut rows, first + at, |distance, row| {
                        if distance <= reduced {
                            near.push(Near { distance: metric.distance(distance), row });
                        }
                    });
                }
                answer(&near, out);
            }
        });
        Ok(out)
    }
}

impl Space {
    fn of_rows(values: Vec<f64>, columns: usize, metric: &Metric) -> Self {
        match metric {
            Metric::Euclidean | Metric::SquaredEuclidean => {
                Self::Filtered(Filter::new(values, columns))
            }
            _ => Self::Rows(blocks(values, columns, metric)),
        }
    }
}

/// The rows in blocks, prepared for the metric.
fn blocks(mut values: Vec<f64>, columns: usize, metric: &Metric) -> Blocks {
    let mut blocks = Blocks::new(columns);
    for row in values.chunks_exact_mut(columns.max(1)) {
        metric.prepare(row);
    }
    blocks.extend((0..).zip(values.chunks_exact(columns.max(1))));
    blocks
}

fn inputs(c: Cursor<'_>, name: &str, columns: usize) -> Result<Inputs, Error> {
    let inputs = attributes::inputs(c, Some(columns));
    attributes::counted(c, name, columns, inputs.columns.unwrap_or(columns))?;
    Ok(inputs)
}

/// The rows of a request, one at a time in the form that is compared.
struct Rows<'t> {
    table: &'t Table,
    metric: &'t Metric,
    dense: Vec<f64>,
    sparse: Vec<(u32, f64)>,
    distances: Vec<f64>,
}

impl<'t> Rows<'t> {
    fn new(table: &'t Table, metric: &'t Metric) -> Self {
        Self { table, metric, dense: Vec::new(), sparse: Vec::new(), distances: Vec::new() }
    }

    /// A row with all its columns, prepared for the metric.
    fn dense(&mut self, at: usize) -> &[f64] {
        self.dense.clear();
        match &self.table.data {
            Data::F64(m) => {
                self.dense
                    .extend(m.values.get(at * m.columns..(at + 1) * m.columns).unwrap_or_default());
            }
            Data::F32(m) => {
                let row = m.values.get(at * m.columns..(at + 1) * m.columns).unwrap_or_default();
                self.dense.extend(row.iter().map(|&v| f64::from(v)));
            }
            Data::Sparse(csr) => {
                self.dense.resize(csr.columns, 0.0);
                let (columns, values) = csr.row(at);
                for (&column, &value) in columns.iter().zip(values) {
                    if let Some(cell) = self.dense.get_mut(column as usize) {
                        *cell = value;
                    }
                }
            }
            // the rows are floats
            _ => {}
        }
        self.metric.prepare(&mut self.dense);
        &self.dense
    }

    /// The columns that a row has with their values, and a place for distances.
    fn sparse(&mut self, at: usize) -> (&mut [(u32, f64)], &mut Vec<f64>) {
        self.sparse.clear();
        if let Data::Sparse(csr) = &self.table.data {
            let (columns, values) = csr.row(at);
            self.sparse.extend(columns.iter().copied().zip(values.iter().copied()));
        } else {
            self.dense(at);
            let stored = self.dense.iter().enumerate().filter(|(_, v)| **v != 0.0);
            self.sparse.extend(stored.map(|(column, v)| (column as u32, *v)));
        }
        (&mut self.sparse, &mut self.distances)
    }
}
