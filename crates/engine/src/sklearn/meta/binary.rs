use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::member::{Member, Numbers},
};

/// One of two: what an estimator of two classes says about the second.
#[derive(Debug)]
pub(super) struct Binary {
    pub(super) member: Member,
    /// What it is asked: its decision, its probability, or a regressor's prediction.
    method: Method,
}

impl Binary {
    pub(super) fn new(member: Member) -> Result<Self, Error> {
        let asked = [Method::DecisionFunction, Method::PredictProba, Method::Predict];
        let method = member.first(&asked)?;
        Ok(Self { member, method })
    }

    /// Scores above this mean the second class.
    pub(super) fn threshold(&self) -> f64 {
        if self.method == Method::DecisionFunction { 0.0 } else { 0.5 }
    }

    /// A score a row; true when they are floats.
    pub(super) fn scores(&self, input: &Table) -> Result<(Vec<f64>, bool), Error> {
        second(&self.member, self.method, input)
    }
}

/// The score of the second class: a one-dimensional answer, or the second of two columns.
pub(super) fn second(
    member: &Member,
    method: Method,
    input: &Table,
) -> Result<(Vec<f64>, bool), Error> {
    let answer = member.numbers(method, input)?;
    if method != Method::PredictProba {
        let answer = answer.expect(1, member)?;
        return Ok((answer.values, answer.f32));
    }
    let Numbers { values, f32, .. } = answer.expect(2, member)?;
    Ok((values.into_iter().skip(1).step_by(2).collect(), f32))
}

/// `_ConstantPredictor`: stands in where training saw one class only.
#[derive(Debug)]
pub(crate) struct ConstantPredictor {
    inputs: Inputs,
    /// 1 for the second class, else 0.
    class: i64,
}

impl ConstantPredictor {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let class = attributes::numbers_of(c, "y_", 1)?.first().copied().unwrap_or(0.0);
        Ok(Self { inputs: attributes::inputs(c, None), class: class as i64 })
    }
}

impl Predictor for ConstantPredictor {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::DecisionFunction]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::PredictProba {
            let second = self.class as f64;
            let values = [1.0 - second, second].repeat(input.rows);
            return Ok(Output::matrix(input.rows, 2, OutputData::F64(values)));
        }
        Ok(Output::flat(OutputData::I64(vec![self.class; input.rows])))
    }
}
