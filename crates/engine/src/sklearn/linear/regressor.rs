use super::Weights;
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes, read::Cursor,
};

/// A linear regressor: the scores are the answer, through a log link for some.
#[derive(Debug)]
pub(crate) struct LinearRegressor {
    weights: Weights,
    /// The mean is the exponential of the score.
    exponential: bool,
    /// `coef_` of two dimensions answers with a matrix even for one target; the SGD and support
    /// vector models flatten it.
    matrix: bool,
}

impl LinearRegressor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let weights = Weights::read(c)?;
        let matrix = weights.two_dimensional;
        Ok(Self { weights, exponential: false, matrix })
    }

    /// Poisson and gamma regression, and Tweedie with its own choice of link.
    pub(crate) fn generalized(c: Cursor<'_>) -> Result<Self, Error> {
        let exponential = match (c.class_name(), attributes::text(c, "link")) {
            ("TweedieRegressor" | "GeneralizedLinearRegressor", Some("identity")) => false,
            ("TweedieRegressor" | "GeneralizedLinearRegressor", Some("auto") | None) => {
                attributes::number(c, "power").unwrap_or(0.0) > 0.0
            }
            _ => true,
        };
        Ok(Self { exponential, ..Self::build(c)? })
    }

    /// Models that answer with one value a row whatever the shape of `coef_`.
    pub(crate) fn flat(c: Cursor<'_>) -> Result<Self, Error> {
        Ok(Self { matrix: false, ..Self::build(c)? })
    }
}

impl Predictor for LinearRegressor {
    fn inputs(&self) -> Inputs {
        self.weights.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let mut scores = self.weights.scores(input)?;
        if self.exponential {
            for v in &mut scores.values {
                *v = v.exp();
            }
        }
        let outputs = self.weights.outputs();
        let data = numbers(scores.values, scores.f32);
        Ok(if self.matrix { Output::matrix(input.rows, outputs, data) } else { Output::flat(data) })
    }
}

/// Values in the type of the answer.
pub(super) fn numbers(values: Vec<f64>, f32: bool) -> OutputData {
    if f32 {
        OutputData::F32(values.into_iter().map(|v| v as f32).collect())
    } else {
        OutputData::F64(values)
    }
}
