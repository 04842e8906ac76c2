use super::{
    Grown, Rows,
    leaves::{Collector, Leaves},
    members, takes_nan,
};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
    sklearn::building::Building,
};

/// A decision tree or a forest of them that answers with means.
#[derive(Debug)]
pub(crate) struct ForestRegressor {
    rows: Rows,
    leaves: Leaves,
    outputs: usize,
}

impl ForestRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let members = members(c)?;
        let mut collector = None;
        let mut outputs = 0;
        for &member in &members {
            let grown = Grown::read(member, building)?;
            attributes::counted(member, "tree_", grown.width, 1)?;
            let collector = collector.get_or_insert_with(|| {
                outputs = grown.outputs;
                Collector::new(outputs)
            });
            attributes::counted(member, "tree_", grown.outputs, outputs)?;
            collector.add(&grown, |values, vector| vector.extend_from_slice(values))?;
        }
        let collector = collector.unwrap_or_else(|| Collector::new(1));
        let nan = members.first().is_some_and(|&tree| accepts_nan(c, tree));
        Ok(Self {
            rows: Rows::new(c, collector.features(), nan)?,
            leaves: collector.finish(),
            outputs,
        })
    }
}

/// Forests learnt to accept missing values one release after their trees.
pub(crate) fn accepts_nan(c: Cursor<'_>, tree: Cursor<'_>) -> bool {
    let forest = c.attr("tree_").is_none();
    // forests of other packages do not say which release they were
    let release = attributes::version(c).or(attributes::version(tree));
    let ready = release.is_some_and(|release| release >= (1, 4));
    takes_nan(tree) && (!forest || ready)
}

impl Predictor for ForestRegressor {
    fn inputs(&self) -> Inputs {
        self.rows.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.leaves.typical(column)
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let rows = self.rows.take(input)?;
        let mut sums = self.leaves.sums(&rows, input.rows);
        let trees = self.leaves.trees() as f64;
        for sum in &mut sums {
            *sum /= trees;
        }
        let data = OutputData::F64(sums);
        Ok(match self.outputs {
            1 => Output::flat(data),
            outputs => Output::matrix(input.rows, outputs, data),
        })
    }
}
