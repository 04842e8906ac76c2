use super::{Weights, regressor::numbers};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
};

/// `SGDOneClassSVM`: 1 for a row like those it was fitted on, −1 for another.
#[derive(Debug)]
pub(crate) struct LinearOutlierDetector {
    weights: Weights,
    offset: f64,
}

impl LinearOutlierDetector {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let offset = attributes::grid(c, "offset_")?;
        let weights = Weights::without_intercept(c, offset.yields_f32)?;
        let &[offset] = &offset.values[..] else {
            return Err(Error::attribute(c.class_name(), "offset_", "is not one number"));
        };
        attributes::counted(c, "coef_", weights.outputs(), 1)?;
        Ok(Self { weights, offset })
    }
}

impl Predictor for LinearOutlierDetector {
    fn inputs(&self) -> Inputs {
        self.weights.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction, Method::ScoreSamples]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let mut scores = self.weights.scores(input)?;
        for score in &mut scores.values {
            *score -= self.offset;
            if method == Method::ScoreSamples {
                *score += self.offset;
            }
        }
        Ok(Output::flat(if method == Method::Predict {
            let inlier = |&score: &f64| if score >= 0.0 { 1 } else { -1 };
            OutputData::I32(scores.values.iter().map(inlier).collect())
        } else {
            numbers(scores.values, scores.f32)
        }))
    }
}
