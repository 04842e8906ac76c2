use crate::{
    Data, Error, Inputs, Matrix, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// `NeighborhoodComponentsAnalysis`: the rows times a fitted matrix.
#[derive(Debug)]
pub(crate) struct NeighborhoodComponents {
    inputs: Inputs,
    columns: usize,
    outputs: usize,
    /// Columns × outputs.
    weights: Vec<f64>,
    is_f32: bool,
}

impl NeighborhoodComponents {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let name = "components_";
        let grid = attributes::grid(c, name)?;
        let &[outputs, columns] = &grid.shape[..] else {
            return Err(Error::attribute(c.class_name(), name, "has no two dimensions"));
        };
        if outputs == 0 || columns == 0 {
            return Err(Error::attribute(c.class_name(), name, "is empty"));
        }
        let mut inputs = attributes::inputs(c, Some(columns));
        attributes::counted(c, name, columns, inputs.columns.unwrap_or(columns))?;
        inputs.columns = Some(columns);
        let turned = |column| grid.values.iter().skip(column).step_by(columns).copied();
        let weights = (0..columns).flat_map(turned).collect();
        Ok(Self { inputs, columns, outputs, weights, is_f32: grid.yields_f32 })
    }
}

impl Transform for NeighborhoodComponents {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.outputs
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let class = "NeighborhoodComponentsAnalysis";
        let table = check::numeric(input, Some(self.columns), Allow::Finite, class)?;
        if let Data::Sparse(_) = table.data {
            return Err(Error::input(format!(
                "the rows are sparse, and `{class}` takes dense ones"
            )));
        }
        let rows = table.to_f64()?;
        let mut values = vec![0.0; table.rows * self.outputs];
        for (row, out) in rows.chunks_exact(self.columns).zip(values.chunks_exact_mut(self.outputs))
        {
            for (x, weights) in row.iter().zip(self.weights.chunks_exact(self.outputs)) {
                out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
            }
        }
        let columns = self.outputs;
        let data = if self.is_f32 && matches!(table.data, Data::F32(_)) {
            Data::F32(Matrix { columns, values: values.into_iter().map(|v| v as f32).collect() })
        } else {
            Data::F64(Matrix { columns, values })
        };
        Ok(Table { rows: table.rows, names: None, data })
    }
}
