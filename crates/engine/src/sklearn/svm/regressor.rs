use super::Machine;
use crate::{Error, Inputs, Method, Output, OutputData, Predictor, Table, read::Cursor};

/// `SVR` and `NuSVR`.
#[derive(Debug)]
pub(crate) struct SupportVectorRegressor(Machine);

impl SupportVectorRegressor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        Machine::read(c, 1).map(Self)
    }
}

impl Predictor for SupportVectorRegressor {
    fn inputs(&self) -> Inputs {
        self.0.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        Ok(Output::flat(OutputData::F64(scores(&self.0, input)?)))
    }
}

/// `OneClassSVM`: 1 for a row like those it was fitted on, −1 for another.
#[derive(Debug)]
pub(crate) struct OutlierDetector {
    machine: Machine,
    offset: f64,
}

impl OutlierDetector {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let machine = Machine::read(c, 1)?;
        let offset = -machine.intercepts.first().copied().unwrap_or_default();
        Ok(Self { machine, offset })
    }
}

impl Predictor for OutlierDetector {
    fn inputs(&self) -> Inputs {
        self.machine.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction, Method::ScoreSamples]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let mut scores = scores(&self.machine, input)?;
        if method == Method::ScoreSamples {
            for score in &mut scores {
                *score += self.offset;
            }
        }
        let data = if method == Method::Predict {
            OutputData::I64(scores.iter().map(|&score| if score > 0.0 { 1 } else { -1 }).collect())
        } else {
            OutputData::F64(scores)
        };
        Ok(Output::flat(data))
    }
}

fn scores(machine: &Machine, input: &Table) -> Result<Vec<f64>, Error> {
    machine.decide(input, 1, |decision, out: &mut [f64]| out.copy_from_slice(decision))
}
