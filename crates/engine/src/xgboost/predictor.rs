use std::borrow::Cow;

use super::{
    booster::{Booster, Scorer},
    objective::Objective,
};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, quantity,
    scores::{argmax, contributions_width, softmax_f32},
};

/// The class whose answers are asked for: a bare booster answers otherwise than the wrappers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    /// `xgboost.Booster`: all rounds, transformed scores.
    Booster,
    /// `XGBClassifier` and `XGBRFClassifier`: labels and probabilities, rounds up to the best.
    Classifier,
    /// `XGBRegressor`, `XGBRanker` and others: transformed scores, rounds up to the best.
    Regressor,
}

impl Interface {
    /// From the name of a Python class, such as `xgboost.sklearn.XGBClassifier`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other classes.
    pub(super) fn of_class(class: &str) -> Result<Self, Error> {
        Ok(match class.rsplit('.').next().unwrap_or_default() {
            "Booster" => Self::Booster,
            "XGBClassifier" | "XGBRFClassifier" => Self::Classifier,
            "XGBRegressor" | "XGBRFRegressor" | "XGBRanker" | "XGBModel" => Self::Regressor,
            _ => {
                return Err(Error::booster(
                    format!("XGBoost's class `{class}`"),
                    "it has no native implementation",
                ));
            }
        })
    }
}

/// A booster behind one of its interfaces.
#[derive(Debug)]
pub(super) struct XgBoost {
    booster: Booster,
    interface: Interface,
    /// The classes of a classifier; `None` for several independent labels.
    labels: Option<Labels>,
    /// The value that means missing, besides NaN.
    missing: f32,
    methods: Vec<Method>,
}

impl XgBoost {
    /// `labels` are a classifier's own; without them classes are numbered.
    pub(super) fn new(
        booster: Booster,
        interface: Interface,
        labels: Option<Labels>,
        missing: f32,
    ) -> Result<Self, Error> {
        let several = booster.outputs > 1 && booster.classes < 2;
        let classes = if booster.outputs > 1 { booster.outputs } else { 2 };
        let labels = (interface == Interface::Classifier && !several)
            .then(|| labels.unwrap_or_else(|| Labels::I64((0..classes as i64).collect())));
        if let Some(found) = labels.as_ref().map(Labels::len).filter(|&found| found != classes) {
            return Err(Error::attribute(
                "XGBClassifier",
                "classes_",
                format!("has {} where the booster has {classes}", quantity(found, "class")),
            ));
        }
        let mut methods = vec![Method::Predict];
        if interface == Interface::Classifier {
            methods.push(Method::PredictProba);
        }
        methods.push(Method::Margin);
        let explains = match &booster.scorer {
            Scorer::Trees(ensemble) => {
                methods.push(Method::Leaf);
                ensemble.explains()
            }
            Scorer::Linear(_) => true,
        };
        if explains {
            methods.push(Method::Contributions);
        }
        Ok(Self { booster, interface, labels, missing, methods })
    }

    fn rows<'a>(&self, input: &'a Table) -> Result<Cow<'a, [f32]>, Error> {
        input.expect_columns(self.booster.features)?;
        let replaced = self.booster.categories.as_ref().map(|known| known.numbered(input));
        // what a sparse row does not store is missing, not zero
        let mut rows = match replaced.transpose()? {
            Some(Cow::Owned(table)) => Cow::Owned(table.to_f32_absent(f32::NAN)?.into_owned()),
            _ => input.to_f32_absent(f32::NAN)?,
        };
        if self.interface == Interface::Booster {
            input.expect_finite(&rows, true)?;
        }
        if rows.contains(&self.missing) {
            for value in rows.to_mut() {
                if *value == self.missing {
                    *value = f32::NAN;
                }
            }
        }
        Ok(rows)
    }

    fn shaped(&self, rows: usize, values: Vec<f32>) -> Output {
        match self.booster.outputs {
            1 => Output::flat(OutputData::F32(values)),
            outputs => Output::matrix(rows, outputs, OutputData::F32(values)),
        }
    }

    fn labelled(&self, rows: usize, scores: &[f32]) -> Output {
        let outputs = self.booster.outputs;
        match &self.labels {
            Some(labels) if outputs == 1 => {
                Output::flat(labels.take(scores.iter().map(|&score| usize::from(score > 0.5))))
            }
            Some(labels) => Output::flat(labels.take(scores.chunks_exact(outputs).map(argmax))),
            None => {
                let chosen = scores.iter().map(|&p| if p > 0.5 { 1.0 } else { 0.0 }).collect();
                Output::matrix(rows, outputs, OutputData::F64(chosen))
            }
        }
    }

    fn probabilities(&self, rows: usize, scores: Vec<f32>) -> Output {
        if self.booster.outputs > 1 {
            return self.shaped(rows, scores);
        }
        let both = scores.into_iter().flat_map(|p| [1.0 - p, p]).collect();
        Output::matrix(rows, 2, OutputData::F32(both))
    }
}

impl Predictor for XgBoost {
    fn inputs(&self) -> Inputs {
        Inputs {
            columns: Some(self.booster.features),
            names: self.booster.names.clone(),
            uses: self
                .booster
                .categories
                .as_ref()
                .and_then(|them| them.uses(self.booster.features)),
            ..Inputs::default()
        }
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn typical(&self, column: usize) -> Option<f64> {
        match &self.booster.scorer {
            Scorer::Trees(ensemble) => ensemble.forest.typical(column),
            Scorer::Linear(_) => None,
        }
    }

    fn classes(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = match &self.booster.scorer {
            Scorer::Trees(ensemble) => ensemble.forest.facts(),
            Scorer::Linear(_) => vec![("booster", "linear".to_owned())],
        };
        facts.push(("objective", self.booster.objective_name.clone()));
        match (&self.labels, self.booster.classes) {
            (Some(labels), _) => facts.push(("classes", labels.listed())),
            (None, 2..) => facts.push(("classes", self.booster.classes.to_string())),
            (None, _) if self.booster.outputs > 1 => {
                facts.push(("outputs", self.booster.outputs.to_string()));
            }
            _ => {}
        }
        facts
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let booster = &self.booster;
        let rows = self.rows(input)?;
        let count = input.rows;
        if let (Method::Leaf, Scorer::Trees(ensemble)) = (method, &booster.scorer) {
            let forest = &ensemble.forest;
            let numbers = forest.leaf_numbers(&rows, count, |_, node| node as i32);
            return Ok(Output::matrix(count, forest.trees(), OutputData::I32(numbers)));
        }
        if method == Method::Contributions {
            let width = contributions_width(booster.features, booster.outputs, count)?;
            let parts = booster.contributions(&rows, count);
            return Ok(Output::matrix(count, width, OutputData::F32(parts)));
        }
        let outputs = booster.outputs;
        let mut scores = booster.margins(&rows, count);
        if method == Method::Margin {
            return Ok(self.shaped(count, scores));
        }
        booster.objective.transform(&mut scores, outputs);
        let classifier = self.interface == Interface::Classifier;
        Ok(match method {
            Method::PredictProba => {
                if booster.objective == Objective::SoftMax {
                    scores.chunks_exact_mut(outputs).for_each(softmax_f32);
                }
                self.probabilities(count, scores)
            }
            _ if classifier => self.labelled(count, &scores),
            _ if booster.objective == Objective::SoftMax => {
                let classes = scores.chunks_exact(outputs).map(|row| argmax(row) as f32);
                Output::flat(OutputData::F32(classes.collect()))
            }
            _ => self.shaped(count, scores),
        })
    }
}
