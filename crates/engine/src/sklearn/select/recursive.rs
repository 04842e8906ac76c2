use super::Selector;
use crate::{
    Error, Inputs, Method, Output, Predictor, Table,
    estimator::Transform,
    read::Cursor,
    sklearn::{building::Building, part},
};

/// `RFE` and `RFECV`: some columns, and the estimator that was fitted on them.
#[derive(Debug)]
pub(crate) struct Eliminated {
    selector: Selector,
    estimator: Box<dyn Predictor>,
    methods: Vec<Method>,
}

impl Eliminated {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let selector = Selector::stored(c)?;
        let estimator = part::predictor(c.require("estimator_")?, building)
            .map_err(|error| error.at("the estimator"))?;
        let asked = [
            Method::Predict,
            Method::PredictProba,
            Method::PredictLogProba,
            Method::DecisionFunction,
        ];
        let mut methods: Vec<Method> =
            asked.into_iter().filter(|method| estimator.methods().contains(method)).collect();
        methods.push(Method::Transform);
        Ok(Self { selector, estimator, methods })
    }
}

impl Predictor for Eliminated {
    fn inputs(&self) -> Inputs {
        let inside = self.estimator.inputs();
        let inputs = self.selector.inputs();
        inputs.with_uses(|columns| self.selector.uses(columns, inside.uses.as_deref()))
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        Some(self.selector.outputs(columns))
    }

    fn chosen(&self) -> Option<&[usize]> {
        Some(&self.selector.chosen)
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let chosen = self.selector.transform_ref(input)?;
        if method == Method::Transform {
            return Output::from_table(chosen);
        }
        let answer = self.estimator.compute(method, &chosen);
        answer.map_err(|error| {
            error.trace(|at| self.selector.source(at, input.columns())).at("the estimator")
        })
    }
}
