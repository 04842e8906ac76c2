use crate::{
    Error, Inputs, Table,
    attributes::{self, Grid},
    estimator::Transform,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        pairwise::{Kernel, Similarities},
        product::Product,
        sparse,
    },
};

/// `KernelCenterer`: similarities as if the rows had been centred in the kernel's space.
#[derive(Debug)]
pub(crate) struct Centerer {
    inputs: Inputs,
    /// The mean similarity to each fitted row.
    rows: Vec<f64>,
    /// The mean of these.
    all: f64,
}

impl Centerer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let rows = attributes::numbers(c, "K_fit_rows_")?;
        let all = attributes::number(c, "K_fit_all_")
            .ok_or_else(|| Error::attribute(c.class_name(), "K_fit_all_", "is no number"))?;
        let inputs = attributes::inputs(c, Some(rows.len()));
        Ok(Self { inputs, rows, all })
    }

    /// Centres one row of similarities.
    fn apply(&self, row: &mut [f64]) {
        let own = row.iter().sum::<f64>() / self.rows.len() as f64;
        for (v, mean) in row.iter_mut().zip(&self.rows) {
            *v = *v - mean - own + self.all;
        }
    }
}

impl Transform for Centerer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let columns = self.rows.len();
        let table = check::numeric(input, Some(columns), Allow::Finite, "KernelCenterer")?;
        check::dense(&table, "KernelCenterer")?;
        let f32 = check::is_f32(&table.data);
        let mut values = table.to_f64()?.into_owned();
        values.chunks_exact_mut(columns.max(1)).for_each(|row| self.apply(row));
        Ok(check::answered(values, table.rows, columns, f32))
    }
}

/// `KernelPCA`: centred similarities to the fitted rows times scaled eigenvectors.
#[derive(Debug)]
pub(crate) struct KernelComponents {
    inputs: Inputs,
    /// `None` when the rows are the similarities.
    similarities: Option<Similarities>,
    columns: usize,
    centerer: Centerer,
    product: Product,
}

impl KernelComponents {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let centerer = Centerer::build(c.require("_centerer")?)?;
        // names of up to 0.24
        let name = |new: &'static str, old: &'static str| {
            if c.attr(new).is_some() { new } else { old }
        };
        let (vectors, values) =
            (name("eigenvectors_", "alphas_"), name("eigenvalues_", "lambdas_"));
        let Grid { shape, values: scaled, .. } = attributes::grid(c, vectors)?;
        let &[count, outputs] = &shape[..] else {
            let reason = format!("has {} dimensions instead of two", shape.len());
            return Err(Error::attribute(c.class_name(), vectors, reason));
        };
        let eigenvalues = attributes::numbers_of(c, values, outputs)?;
        let scaled = scaled.chunks_exact(outputs.max(1)).flat_map(|row| {
            row.iter()
                .zip(&eigenvalues)
                .map(|(v, &eigenvalue)| if eigenvalue == 0.0 { 0.0 } else { v / eigenvalue.sqrt() })
        });
        let product = Product::new(scaled.collect(), count, outputs)
            .ok_or_else(|| Error::attribute(c.class_name(), vectors, "is no matrix"))?;
        attributes::counted(c, "_centerer", centerer.rows.len(), count)?;
        let precomputed = attributes::text(c, "kernel") == Some("precomputed");
        let similarities = if precomputed { None } else { Some(fitted(c, count)?) };
        let columns = similarities.as_ref().map_or(count, Similarities::columns);
        let inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, "n_features_in_", inputs.columns.unwrap_or(columns), columns)?;
        Ok(Self { inputs, similarities, columns, centerer, product })
    }
}

impl KernelComponents {
    /// Values of a row.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }
}

/// The rows in `X_fit_`.
fn fitted(c: Cursor<'_>, count: usize) -> Result<Similarities, Error> {
    let (values, columns) = sparse::either(c, "X_fit_", count)?;
    let kernel = Kernel::read(c, columns)?;
    Similarities::new(c, "X_fit_", kernel, values, count, columns)
}

impl Transform for KernelComponents {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.product.outputs()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let table = check::numeric(input, Some(self.columns), Allow::Finite, "KernelPCA")?;
        let mut kernels = match &self.similarities {
            Some(similarities) => similarities.of(&table)?,
            None => table.to_f64()?.into_owned(),
        };
        let count = self.product.columns().max(1);
        kernels.chunks_exact_mut(count).for_each(|row| self.centerer.apply(row));
        let out = self.product.dense(&kernels, table.rows);
        Ok(check::answered(out, table.rows, self.product.outputs(), false))
    }
}
