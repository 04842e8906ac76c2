//! `GradientBoosting*`: regression trees added to a start, step by step.

use start::Start;

use super::{
    forest::{Grown, Rows},
    raw,
};
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    sklearn::building::Building,
    tree::{Builder, Forest},
};

mod start;

/// Boosted trees, whatever they answer.
#[derive(Debug)]
struct Stages {
    rows: Rows,
    forest: Forest<f32>,
    /// The value of each node, already multiplied by the learning rate.
    values: Box<[f64]>,
    /// Which score each tree adds to.
    group: Box<[u32]>,
    outputs: usize,
    start: Start,
}

impl Stages {
    /// Reads the trees, `outputs` in a round, and what they start from.
    fn read(
        c: Cursor<'_>,
        building: &Building,
        outputs: usize,
        start: start::Link,
    ) -> Result<Self, Error> {
        let wrong = |reason: String| Error::attribute(c.class_name(), "estimators_", reason);
        let estimators = c.require("estimators_")?;
        let array =
            estimators.as_array().and_then(|array| Some((&array.shape[..], array.objects()?)));
        let Some((&[rounds, of], members)) = array else {
            return Err(wrong("is not an array of rounds × outputs trees".into()));
        };
        if of != outputs || rounds == 0 || members.len() != rounds.saturating_mul(of) {
            return Err(wrong(format!(
                "has {rounds} × {of} trees, where rounds × {outputs} are expected"
            )));
        }
        let rate = attributes::number(c, "learning_rate")
            .ok_or_else(|| Error::attribute(c.class_name(), "learning_rate", "is not a number"))?;
        let stored = members
            .iter()
            .map(|&id| Grown::read(estimators.go(id), building))
            .collect::<Result<Vec<_>, Error>>()?;
        let features = stored.first().map_or(1, |grown| grown.features);
        let mut builder = Builder::new(features, "scikit-learn tree");
        for grown in &stored {
            if (grown.features, grown.outputs, grown.width) != (features, 1, 1) {
                return Err(wrong("has trees of different shapes".into()));
            }
            builder.tree(&grown.splits)?;
        }
        let forest = Forest::new(builder);
        let values = forest.arrange(|tree, node| {
            let value = stored.get(tree).and_then(|grown| grown.values.get(node as usize));
            rate * value.copied().unwrap_or(0.0)
        });
        let group = (0..members.len()).map(|tree| (tree % outputs) as u32).collect();
        Ok(Self {
            rows: Rows::new(c, features, false)?,
            forest,
            values,
            group,
            outputs,
            start: Start::read(c, building, outputs, start)?,
        })
    }

    /// Scores, rows × outputs.
    fn scores(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let rows = self.rows.take(input)?;
        let mut scores = self.start.of(&rows, input.rows, self.forest.features(), self.outputs)?;
        self.forest.add(&rows, &self.values, &self.group, self.outputs, &mut scores);
        Ok(scores)
    }
}

/// `GradientBoostingRegressor`: every loss answers with the score itself.
#[derive(Debug)]
pub(crate) struct BoostingRegressor(Stages);

impl BoostingRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        Stages::read(c, building, 1, start::Link::Identity).map(Self)
    }
}

impl Predictor for BoostingRegressor {
    fn inputs(&self) -> Inputs {
        self.0.rows.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.0.forest.typical(column)
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        Ok(Output::flat(OutputData::F64(self.0.scores(input)?)))
    }
}

/// `GradientBoostingClassifier`.
#[derive(Debug)]
pub(crate) struct BoostingClassifier {
    stages: Stages,
    classes: raw::Classes,
}

impl BoostingClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        if classes < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        let release = version(c).unwrap_or((0, 0));
        let old = release < (1, 4);
        let exponential = match attributes::text(c, "loss") {
            Some("exponential") if classes == 2 => true,
            Some("log_loss" | "deviance") => false,
            other => {
                return Err(Error::attribute(
                    c.class_name(),
                    "loss",
                    format!("is `{}`, which classifiers do not have", other.unwrap_or("no text")),
                ));
            }
        };
        let link = match (classes, exponential) {
            (2, true) => raw::Link::Double,
            (2, false) => raw::Link::Logistic,
            _ if old => raw::Link::LogSoftmax,
            _ => raw::Link::Softmax,
        };
        let outputs = raw::outputs(classes);
        let start = start::Link::of(c, outputs, exponential);
        Ok(Self {
            stages: Stages::read(c, building, outputs, start)?,
            classes: raw::Classes {
                labels,
                link,
                by_probability: old && !exponential,
                second_at_zero: true,
            },
        })
    }
}

impl Predictor for BoostingClassifier {
    fn inputs(&self) -> Inputs {
        self.stages.rows.inputs()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::PredictLogProba, Method::DecisionFunction]
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.stages.forest.typical(column)
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        Ok(self.classes.answer(method, input.rows, self.stages.scores(input)?))
    }
}
