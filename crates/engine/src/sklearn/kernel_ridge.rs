//! Ridge regression over kernels.

use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{
        check::{self, Allow},
        pairwise::{Kernel, Similarities},
        sparse,
        weighted::Weighted,
    },
};

/// `KernelRidge`.
#[derive(Debug)]
pub(crate) struct KernelRidge {
    class: String,
    inputs: Inputs,
    columns: usize,
    /// Without it, rows are kernels already.
    similarities: Option<Similarities>,
    weights: Weighted,
    /// The answer has two dimensions.
    matrix: bool,
}

impl KernelRidge {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let dual = attributes::grid(c, "dual_coef_")?;
        let wrong = |reason: &str| Error::attribute(c.class_name(), "dual_coef_", reason);
        let (count, targets) = match dual.shape[..] {
            [count] => (count, 1),
            [count, targets] if targets > 0 => (count, targets),
            _ => return Err(wrong("is no matrix of weights")),
        };
        let matrix = dual.shape.len() == 2;
        attributes::counted(c, "dual_coef_", dual.values.len(), count.saturating_mul(targets))?;
        let weight = |target: usize, row: usize| dual.values.get(row * targets + target).copied();
        let weights = Weighted::new(targets, count, weight);
        let similarities = if attributes::text(c, "kernel") == Some("precomputed") {
            None
        } else {
            let (rows, columns) = sparse::either(c, "X_fit_", count)?;
            let kernel = Kernel::read(c, columns)?;
            Some(Similarities::new(c, "X_fit_", kernel, rows, count, columns)?)
        };
        let columns = similarities.as_ref().map_or(count, Similarities::columns);
        let inputs = attributes::inputs(c, Some(columns));
        if let Some(expected) = inputs.columns.filter(|&expected| expected != columns) {
            attributes::counted(c, "X_fit_", columns, expected)?;
        }
        let class = c.class_name().to_owned();
        Ok(Self { class, inputs, columns, similarities, weights, matrix })
    }
}

impl Predictor for KernelRidge {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let columns = Some(self.columns);
        let table = check::numeric(input.clone(), columns, Allow::Finite, &self.class)?;
        let values = match &self.similarities {
            Some(similarities) => similarities.weighted(&table, &self.weights)?,
            None => self.weights.of(&table),
        };
        let data = OutputData::F64(values);
        Ok(if self.matrix {
            Output::matrix(input.rows, self.weights.lists(), data)
        } else {
            Output::flat(data)
        })
    }
}
