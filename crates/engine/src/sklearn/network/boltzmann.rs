use super::{Activation, Network};
use crate::{
    Error, Inputs, Output, OutputData, Table,
    attributes::{self, Grid},
    estimator::Transform,
    read::Cursor,
};

/// `BernoulliRBM`: the probability of each hidden unit.
#[derive(Debug)]
pub(crate) struct BoltzmannMachine(Network);

impl BoltzmannMachine {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let grid = attributes::grid(c, "components_")?;
        let wrong = |reason: &str| Error::attribute(c.class_name(), "components_", reason);
        let &[units, columns] = &grid.shape[..] else { return Err(wrong("is no matrix")) };
        attributes::counted(c, "components_", grid.values.len(), units * columns)?;
        if units == 0 || columns == 0 {
            return Err(wrong("is empty"));
        }
        let intercepts = attributes::numbers_of(c, "intercept_hidden_", units)?;
        let across = |column: usize| grid.values.iter().skip(column).step_by(columns);
        let values = (0..columns).flat_map(across).copied().collect();
        let grid = Grid { shape: vec![columns, units], values, yields_f32: grid.yields_f32 };
        let layers = [(columns, units, grid, intercepts)];
        let logistic = Activation::Logistic;
        Network::with(c, logistic, logistic, (columns, units), &layers).map(Self)
    }
}

impl Transform for BoltzmannMachine {
    fn inputs(&self) -> Inputs {
        self.0.inputs.clone()
    }

    fn outputs(&self, _: usize) -> usize {
        self.0.outputs
    }

    fn source(&self, _: usize, _: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let values: OutputData = self.0.answers(input)?;
        Output::matrix(input.rows, self.0.outputs, values).into_table()
    }
}
