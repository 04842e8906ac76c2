use std::borrow::Cow;

use super::{categories::Categories, model::Model, objective::Objective};
use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, quantity,
    scores::{argmax, contributions_width},
    tree::ZERO,
};

/// The class whose answers are asked for: `LGBMClassifier` answers otherwise than the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    /// `lightgbm.Booster`, `LGBMRegressor`, `LGBMRanker`: transformed scores.
    Scores,
    /// `LGBMClassifier`: labels and probabilities.
    Classifier,
}

/// A booster behind one of its interfaces.
#[derive(Debug)]
pub(super) struct LightGbm {
    model: Model,
    /// The classes of a classifier.
    labels: Option<Labels>,
    methods: Vec<Method>,
}

impl LightGbm {
    /// `labels` are a classifier's own; without them classes are numbered.
    pub(super) fn new(
        model: Model,
        interface: Interface,
        labels: Option<Labels>,
    ) -> Result<Self, Error> {
        let classes = if model.outputs > 1 { model.outputs } else { 2 };
        let labels = (interface == Interface::Classifier)
            .then(|| labels.unwrap_or_else(|| Labels::I64((0..classes as i64).collect())));
        if let Some(found) = labels.as_ref().map(Labels::len).filter(|&found| found != classes) {
            return Err(Error::attribute(
                "LGBMClassifier",
                "_classes",
                format!("has {} where the booster has {classes}", quantity(found, "class")),
            ));
        }
        let mut methods = vec![Method::Predict];
        if labels.is_some() {
            methods.extend([Method::PredictProba, Method::DecisionFunction]);
        }
        methods.extend([Method::Margin, Method::Leaf]);
        if model.explains() {
            methods.push(Method::Contributions);
        }
        Ok(Self { model, labels, methods })
    }

    /// A classifier of a release that had no `decision_function`.
    pub(super) fn without_decisions(mut self) -> Self {
        self.methods.retain(|method| *method != Method::DecisionFunction);
        self
    }

    fn shaped(&self, rows: usize, values: Vec<f64>) -> Output {
        match self.model.outputs {
            1 => Output::flat(OutputData::F64(values)),
            outputs => Output::matrix(rows, outputs, OutputData::F64(values)),
        }
    }
}

impl Predictor for LightGbm {
    fn inputs(&self) -> Inputs {
        Inputs {
            columns: Some(self.model.forest.features()),
            names: self.model.names.clone(),
            uses: self.model.categories.as_ref().map(Categories::uses),
            ..Inputs::default()
        }
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.model.forest.typical(column)
    }

    fn classes(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.model.forest.facts();
        let objective = match self.model.objective_line.as_str() {
            "" => "a function of the user's",
            line => line,
        };
        facts.push(("objective", objective.to_owned()));
        if let Some(labels) = &self.labels {
            facts.push(("classes", labels.listed()));
        } else if self.model.outputs > 1 {
            facts.push(("outputs", self.model.outputs.to_string()));
        }
        facts
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let model = &self.model;
        input.expect_columns(model.forest.features())?;
        let numbers = model.categories.as_ref().map(|them| them.numbered(input)).transpose()?;
        let rows = rows(numbers.as_deref().unwrap_or(input))?;
        let count = input.rows;
        if method == Method::Leaf {
            let numbers = model.leaf_numbers(&rows, count);
            return Ok(Output::matrix(count, model.forest.trees(), OutputData::I32(numbers)));
        }
        let outputs = model.outputs;
        if method == Method::Contributions {
            let width = contributions_width(model.forest.features(), outputs, count)?;
            let parts = model.contributions(&rows, count);
            return Ok(Output::matrix(count, width, OutputData::F64(parts)));
        }
        let mut scores = model.scores(&rows, count);
        if matches!(method, Method::Margin | Method::DecisionFunction) {
            return Ok(self.shaped(count, scores));
        }
        if let Some(divisor) = model.divisor {
            for x in &mut scores {
                *x /= divisor;
            }
        }
        model.objective.transform(&mut scores, outputs);
        let Some(labels) = self.labels.as_ref().filter(|_| model.objective != Objective::Custom)
        else {
            // with an objective of the user's own, a classifier too answers with its scores
            return Ok(self.shaped(count, scores));
        };
        if method == Method::PredictProba {
            if outputs > 1 {
                return Ok(self.shaped(count, scores));
            }
            let both = scores.into_iter().flat_map(|p| [1.0 - p, p]).collect();
            return Ok(Output::matrix(count, 2, OutputData::F64(both)));
        }
        Ok(Output::flat(if outputs > 1 {
            labels.take(scores.chunks_exact(outputs).map(argmax))
        } else {
            labels.take(scores.iter().map(|&p| usize::from(p > 1.0 - p)))
        }))
    }
}

/// The values as the library's own row readers hand them to trees: a matrix of integers passes
/// through floats, and magnitudes that LightGBM calls zero become zero.
fn rows(input: &Table) -> Result<Cow<'_, [f64]>, Error> {
    let mut rows = input.to_f64()?;
    if let Data::I64(_) = input.data {
        for v in rows.to_mut().iter_mut() {
            *v = f64::from(*v as f32);
        }
    }
    let tiny = |v: f64| v.abs() <= ZERO && v != 0.0;
    if rows.iter().any(|&v| tiny(v)) {
        rows.to_mut().iter_mut().filter(|v| tiny(**v)).for_each(|v| *v = 0.0);
    }
    Ok(rows)
}
