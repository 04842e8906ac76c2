//! `HistGradientBoosting*`: boosted trees over doubles, with categories and missing values.

use nodes::{Known, Nodes};
use preprocess::Preprocess;

use super::raw;
use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    sklearn::building::Building,
    tree::{Builder, Forest},
};

mod nodes;
mod preprocess;

/// Boosted trees, whatever they answer.
#[derive(Debug)]
struct Rounds {
    inputs: Inputs,
    features: usize,
    preprocess: Option<Preprocess>,
    forest: Forest<f64>,
    /// The value of each node.
    values: Box<[f64]>,
    /// Which score each tree adds to.
    group: Box<[u32]>,
    /// What scores start from, one for each output.
    baseline: Vec<f64>,
}

impl Rounds {
    fn read(c: Cursor<'_>, building: &Building, outputs: usize) -> Result<Self, Error> {
        let features = c.attr("n_features_in_").or(c.attr("_n_features")).and_then(Cursor::as_i64);
        let features = features
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=u32::MAX as usize).contains(n))
            .ok_or_else(|| {
                Error::attribute(c.class_name(), "n_features_in_", "is not a number of features")
            })?;
        let known = Known::read(c, features)?;
        let mut builder = Builder::new(features, "scikit-learn histogram tree");
        let mut stored = Vec::new();
        for round in attributes::list(c, "_predictors")? {
            let trees = round.items().unwrap_or_default();
            attributes::counted(c, "_predictors", trees.len(), outputs)?;
            for &tree in trees {
                let nodes = Nodes::read(round.go(tree), building, &known)?;
                builder.tree(&nodes.splits)?;
                stored.push(nodes.values);
            }
        }
        let forest = Forest::new(builder);
        let values = forest.arrange(|tree, node| {
            let value = stored.get(tree).and_then(|values| values.get(node as usize));
            value.copied().unwrap_or(0.0)
        });
        let preprocess = Preprocess::read(c, building, features)?;
        let inputs = attributes::inputs(c, Some(features));
        Ok(Self {
            inputs: inputs.with_uses(|_| preprocess.as_ref().map(Preprocess::uses)),
            features,
            preprocess,
            values,
            group: (0..stored.len()).map(|tree| (tree % outputs) as u32).collect(),
            forest,
            baseline: attributes::numbers_of(c, "_baseline_prediction", outputs)?,
        })
    }

    /// A number that may be among those that training had in a column.
    fn typical(&self, column: usize) -> Option<f64> {
        let place = match &self.preprocess {
            Some(preprocess) => preprocess.number(column)?,
            None => column,
        };
        self.forest.typical(place)
    }

    /// Scores, rows × outputs.
    fn scores(&self, input: &Table) -> Result<Vec<f64>, Error> {
        input.expect_columns(self.features)?;
        let mut scores = self.baseline.repeat(input.rows);
        let outputs = self.baseline.len();
        let mut add = |rows: &[f64]| {
            self.forest.add(rows, &self.values, &self.group, outputs, &mut scores);
        };
        match &self.preprocess {
            Some(preprocess) => add(&preprocess.apply(input)?),
            None => add(&input.to_f64()?),
        }
        Ok(scores)
    }
}

/// `HistGradientBoostingRegressor`.
#[derive(Debug)]
pub(crate) struct HistRegressor {
    rounds: Rounds,
    /// The mean is the exponential of the score.
    exponential: bool,
}

impl HistRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let loss = c.require("loss")?;
        let exponential = match loss.as_str() {
            Some("poisson" | "gamma") => true,
            Some(
                "squared_error"
                | "least_squares"
                | "absolute_error"
                | "least_absolute_deviation"
                | "quantile",
            ) => false,
            Some(other) => {
                return Err(Error::attribute(
                    c.class_name(),
                    "loss",
                    format!("is `{other}`, which regressors do not have"),
                ));
            }
            None => {
                return Err(Error::Unsupported {
                    what: format!("`{}.loss`, {},", c.class_name(), loss.describe()),
                    reason: "only the named losses say how a score becomes an answer".into(),
                    hint: "fit the model with one of the named losses".into(),
                });
            }
        };
        Ok(Self { rounds: Rounds::read(c, building, 1)?, exponential })
    }
}

impl Predictor for HistRegressor {
    fn inputs(&self) -> Inputs {
        self.rounds.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.rounds.typical(column)
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let mut scores = self.rounds.scores(input)?;
        if self.exponential {
            for score in &mut scores {
                *score = score.exp();
            }
        }
        Ok(Output::flat(OutputData::F64(scores)))
    }
}

/// `HistGradientBoostingClassifier`.
#[derive(Debug)]
pub(crate) struct HistClassifier {
    rounds: Rounds,
    classes: raw::Classes,
}

impl HistClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        if classes < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        let release = version(c).unwrap_or((0, 0));
        let link = match classes {
            2 => raw::Link::Logistic,
            // the losses of 1.1 and later share the softmax of the linear models
            _ if release < (1, 1) => raw::Link::LogSoftmax,
            _ => raw::Link::Softmax,
        };
        Ok(Self {
            rounds: Rounds::read(c, building, raw::outputs(classes))?,
            classes: raw::Classes {
                labels,
                link,
                by_probability: release < (1, 5),
                second_at_zero: false,
            },
        })
    }
}

impl Predictor for HistClassifier {
    fn inputs(&self) -> Inputs {
        self.rounds.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::PredictProba, Method::DecisionFunction]
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.rounds.typical(column)
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        Ok(self.classes.answer(method, input.rows, self.rounds.scores(input)?))
    }
}
