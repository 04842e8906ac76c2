//! `RandomTreesEmbedding`: a column for each leaf of each tree, one for the leaf that a row reaches.

use crate::{
    Csr, Data, Error, Inputs, Matrix, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::{
        building::Building,
        ensemble::{adaboost, trees},
        forest::{Collector, Leaves, Rows, accepts_nan},
    },
};

/// Marks a leaf that no row of training reached.
const UNKNOWN: u32 = u32::MAX;

/// A forest whose leaves hold the number of their column.
#[derive(Debug)]
pub(crate) struct RandomTreesEmbedding {
    rows: Rows,
    leaves: Leaves,
    outputs: usize,
    sparse: bool,
}

impl RandomTreesEmbedding {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let estimators = attributes::list(c, "estimators_")?;
        if !trees::all(&estimators, "Regressor") || estimators.is_empty() {
            return Err(Error::attribute(c.class_name(), "estimators_", "holds no trees"));
        }
        let columns = adaboost::columns(c, &estimators, building)?;
        let encoder = c.require("one_hot_encoder_")?;
        let numbers = attributes::list(encoder, "categories_")?;
        attributes::counted(encoder, "categories_", numbers.len(), estimators.len())?;
        let mut collector = Collector::new(1);
        let mut outputs = 0;
        for (&tree, numbers) in estimators.iter().zip(numbers) {
            let numbers = numbers.as_array().and_then(|array| array.i64s(c.document()).ok());
            let numbers = numbers.ok_or_else(|| {
                Error::attribute("OneHotEncoder", "categories_", "has no numbers of leaves")
            })?;
            let mut grown = trees::read(tree, None, columns, building)?;
            let column = |node: i64| match numbers.binary_search(&node) {
                Ok(at) => (outputs + at) as f64,
                // the library refuses a leaf that no row of training reached
                Err(_) => f64::NAN,
            };
            grown.values = (0..grown.splits.len() as i64).map(column).collect();
            grown.width = 1;
            grown.outputs = 1;
            collector.add(&grown, |column, out| out.extend_from_slice(column))?;
            outputs += numbers.len();
        }
        let nan = estimators.first().is_some_and(|&tree| accepts_nan(c, tree));
        Ok(Self {
            rows: Rows::new(c, columns, nan)?,
            leaves: collector.finish(),
            outputs,
            sparse: attributes::flag(c, "sparse_output", true),
        })
    }
}

impl Transform for RandomTreesEmbedding {
    fn inputs(&self) -> Inputs {
        self.rows.inputs()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.outputs
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let rows = self.rows.take(input)?;
        let trees = self.leaves.trees();
        let mut places = vec![0_u32; input.rows.saturating_mul(trees)];
        self.leaves.spread(&rows, trees, &mut places, |rows, places| {
            self.leaves.each(rows, |tree, row, column| {
                let column = column.first().copied().filter(|column| !column.is_nan());
                if let Some(place) = places.get_mut(row * trees + tree) {
                    *place = column.map_or(UNKNOWN, |column| column as u32);
                }
            });
        });
        if let Some(place) = places.iter().position(|&place| place == UNKNOWN) {
            let row = place / trees;
            let reason = format!("row {row} reaches a leaf that no row of training reached");
            return Err(Error::input(reason));
        }
        let csr = Csr {
            columns: self.outputs,
            starts: (0..=input.rows).map(|row| row * trees).collect(),
            values: vec![1.0; places.len()],
            indices: places,
            ..Csr::default()
        };
        if self.sparse {
            return Ok(Table { rows: input.rows, names: None, data: Data::Sparse(csr) });
        }
        csr.may_be_filled(input.rows)?;
        let mut values = vec![0.0; input.rows * self.outputs];
        for (row, out) in values.chunks_exact_mut(self.outputs.max(1)).enumerate() {
            for &column in csr.row(row).0 {
                if let Some(cell) = out.get_mut(column as usize) {
                    *cell = 1.0;
                }
            }
        }
        let data = Data::F64(Matrix { columns: self.outputs, values });
        Ok(Table { rows: input.rows, names: None, data })
    }
}
