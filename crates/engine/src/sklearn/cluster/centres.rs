use crate::{
    Data, Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        sparse,
    },
};

/// Points, to find the nearest of them or the distances to all.
#[derive(Debug)]
pub(super) struct Centres {
    class: String,
    inputs: Inputs,
    columns: usize,
    count: usize,
    /// Columns × centres.
    turned: Vec<f64>,
    /// The squared length of each.
    squares: Vec<f64>,
    is_f32: bool,
    takes_sparse: bool,
}

impl Centres {
    /// Reads a matrix with a row for each centre; it may be stored sparse.
    pub(super) fn read(c: Cursor<'_>, name: &str, takes_sparse: bool) -> Result<Self, Error> {
        let value = c.require(name)?;
        let (shape, values) = if value.attr("indptr").is_some() {
            let csr = sparse::rows(c, name)?;
            let count = csr.starts.len().saturating_sub(1);
            csr.may_be_filled(count)?;
            let mut values = vec![0.0; count * csr.columns];
            for (row, out) in values.chunks_exact_mut(csr.columns.max(1)).enumerate() {
                let (columns, stored) = csr.row(row);
                for (&column, &value) in columns.iter().zip(stored) {
                    if let Some(cell) = out.get_mut(column as usize) {
                        *cell = value;
                    }
                }
            }
            (vec![count, csr.columns], values)
        } else {
            let grid = attributes::grid(c, name)?;
            (grid.shape, grid.values)
        };
        let &[count, columns] = &shape[..] else {
            let reason = format!("has {} dimensions instead of two", shape.len());
            return Err(Error::attribute(c.class_name(), name, reason));
        };
        let is_f32 = value.as_array().is_some_and(attributes::is_f32);
        Self::new(c, name, columns, count, &values, is_f32, takes_sparse)
    }

    fn new(
        c: Cursor<'_>,
        name: &str,
        columns: usize,
        count: usize,
        values: &[f64],
        is_f32: bool,
        takes_sparse: bool,
    ) -> Result<Self, Error> {
        let inputs = attributes::inputs(c, Some(columns));
        let recorded = inputs.columns.unwrap_or(columns);
        // without a centre there is nothing to measure
        if count > 0 {
            attributes::counted(c, name, columns, recorded)?;
        }
        if columns == 0 {
            return Err(Error::attribute(c.class_name(), name, "has no column"));
        }
        let turned = |column| values.iter().skip(column).step_by(columns).copied();
        let squares = values.chunks_exact(columns).map(|row| row.iter().map(|v| v * v).sum());
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            columns: recorded,
            count,
            turned: (0..columns).flat_map(turned).collect(),
            squares: squares.collect(),
            is_f32,
            takes_sparse,
        })
    }

    /// Two centres alone: those that a node of a tree chooses between.
    pub(super) fn two(c: Cursor<'_>, values: &[f64], columns: usize) -> Result<Self, Error> {
        Self::new(c, "_bisecting_tree", columns, 2, values, false, true)
    }

    pub(super) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The rows as floats, checked.
    pub(super) fn checked(&self, table: &Table) -> Result<Table, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        let table = check::floats(table.clone())?;
        check::finite(&table.data, Allow::Finite, &self.class)?;
        if matches!(table.data, Data::Sparse(_)) && !self.takes_sparse {
            return Err(Error::input(format!(
                "the rows are sparse, and `{}` takes dense ones",
                self.class
            )));
        }
        Ok(table)
    }

    /// The products of a checked row with each centre, and its own square.
    pub(super) fn products(&self, table: &Table, row: usize, out: &mut [f64]) -> f64 {
        out.fill(0.0);
        let mut square = 0.0;
        let mut add = |column: usize, value: f64| {
            square += value * value;
            let centres =
                self.turned.get(column * self.count..(column + 1) * self.count).unwrap_or_default();
            out.iter_mut().zip(centres).for_each(|(sum, centre)| *sum += value * centre);
        };
        match &table.data {
            Data::F64(m) => {
                let row = m.values.get(row * m.columns..(row + 1) * m.columns).unwrap_or_default();
                row.iter().enumerate().for_each(|(column, &value)| add(column, value));
            }
            Data::F32(m) => {
                let row = m.values.get(row * m.columns..(row + 1) * m.columns).unwrap_or_default();
                row.iter().enumerate().for_each(|(column, &value)| add(column, f64::from(value)));
            }
            Data::Sparse(csr) => {
                let (columns, values) = csr.row(row);
                columns
                    .iter()
                    .zip(values)
                    .for_each(|(&column, &value)| add(column as usize, value));
            }
            // the rows are floats
            _ => {}
        }
        square
    }

    /// The first of the nearest centres, from a row's products.
    pub(super) fn nearest(&self, products: &[f64]) -> usize {
        let (mut best, mut least) = (0, f64::INFINITY);
        for (at, (product, square)) in products.iter().zip(&self.squares).enumerate() {
            // the row's own square is the same for all
            let distance = square - 2.0 * product;
            if distance < least {
                (best, least) = (at, distance);
            }
        }
        best
    }

    /// The distances of each row to each centre.
    pub(super) fn distances(&self, table: &Table) -> Result<Output, Error> {
        let table = self.checked(table)?;
        let mut values = vec![0.0; table.rows * self.count];
        for (row, out) in values.chunks_exact_mut(self.count.max(1)).enumerate() {
            let own = self.products(&table, row, out);
            for (out, square) in out.iter_mut().zip(&self.squares) {
                *out = (own - 2.0 * *out + square).max(0.0).sqrt();
            }
        }
        let is_f32 = match &table.data {
            Data::F32(_) => true,
            Data::Sparse(csr) => csr.scalar == crate::Scalar::F32,
            _ => false,
        };
        let data = if is_f32 && self.is_f32 {
            OutputData::F32(values.into_iter().map(|v| v as f32).collect())
        } else {
            OutputData::F64(values)
        };
        Ok(Output::matrix(table.rows, self.count, data))
    }
}

/// What a row in the cluster of a centre is answered with.
#[derive(Debug)]
enum Labels {
    /// The number of the centre, as 32 bits.
    Narrow,
    /// The number of the centre.
    Wide,
    /// A number for each centre.
    Given(Vec<i64>),
}

/// `KMeans`, `MiniBatchKMeans`, `MeanShift`, `AffinityPropagation` and `Birch`: the cluster of the
/// nearest centre.
#[derive(Debug)]
pub(crate) struct Clusters {
    centres: Centres,
    labels: Labels,
    transforms: bool,
}

impl Clusters {
    pub(crate) fn means(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, "cluster_centers_", true, Labels::Narrow, true)
    }

    pub(crate) fn shifted(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, "cluster_centers_", false, Labels::Wide, false)
    }

    pub(crate) fn exemplars(c: Cursor<'_>) -> Result<Self, Error> {
        if attributes::text(c, "affinity") == Some("precomputed") {
            return Err(Error::Unsupported {
                what: "`AffinityPropagation` fitted on similarities".into(),
                reason:
                    "it holds no rows that new ones could be compared with, and has no `predict`"
                        .into(),
                hint: "Fit it on the rows themselves, with `affinity=\"euclidean\"`".into(),
            });
        }
        Self::read(c, "cluster_centers_", true, Labels::Wide, false)
    }

    pub(crate) fn birch(c: Cursor<'_>) -> Result<Self, Error> {
        let array = c.require("subcluster_labels_")?.as_array();
        let labels = array.and_then(|array| array.i64s(c.document()).ok()).ok_or_else(|| {
            Error::attribute(c.class_name(), "subcluster_labels_", "holds no whole numbers")
        })?;
        let count = labels.len();
        let clusters = Self::read(c, "subcluster_centers_", true, Labels::Given(labels), true)?;
        attributes::counted(c, "subcluster_labels_", count, clusters.centres.count())?;
        Ok(clusters)
    }

    fn read(
        c: Cursor<'_>,
        name: &str,
        takes_sparse: bool,
        labels: Labels,
        transforms: bool,
    ) -> Result<Self, Error> {
        let centres = Centres::read(c, name, takes_sparse)?;
        // AffinityPropagation that found none answers -1
        if centres.count() == 0 && c.class_name() != "AffinityPropagation" {
            return Err(Error::attribute(c.class_name(), name, "has no row"));
        }
        Ok(Self { centres, labels, transforms })
    }
}

impl Predictor for Clusters {
    fn inputs(&self) -> Inputs {
        self.centres.inputs()
    }

    fn methods(&self) -> &[Method] {
        if self.transforms { &[Method::Predict, Method::Transform] } else { &[Method::Predict] }
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        self.transforms.then(|| self.centres.count())
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::Transform {
            return self.centres.distances(input);
        }
        let table = self.centres.checked(input)?;
        if self.centres.count() == 0 {
            return Ok(Output::flat(OutputData::I64(vec![-1; table.rows])));
        }
        let mut products = vec![0.0; self.centres.count()];
        let places = (0..table.rows).map(|row| {
            self.centres.products(&table, row, &mut products);
            self.centres.nearest(&products)
        });
        Ok(Output::flat(match &self.labels {
            Labels::Narrow => OutputData::I32(places.map(|place| place as i32).collect()),
            Labels::Wide => OutputData::I64(places.map(|place| place as i64).collect()),
            Labels::Given(labels) => OutputData::I64(
                places.map(|place| labels.get(place).copied().unwrap_or_default()).collect(),
            ),
        }))
    }
}
