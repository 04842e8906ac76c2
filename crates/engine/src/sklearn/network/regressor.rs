use super::Network;
use crate::{Error, Inputs, Method, Output, Predictor, Table, read::Cursor};

/// `MLPRegressor`.
#[derive(Debug)]
pub(crate) struct NetworkRegressor(Network);

impl NetworkRegressor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        Network::read(c).map(Self)
    }
}

impl Predictor for NetworkRegressor {
    fn inputs(&self) -> Inputs {
        self.0.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let values = self.0.answers(input)?;
        Ok(match self.0.outputs {
            1 => Output::flat(values),
            outputs => Output::matrix(input.rows, outputs, values),
        })
    }
}
