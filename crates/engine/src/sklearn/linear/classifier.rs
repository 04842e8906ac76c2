use super::{Scores, Weights, link, regressor::numbers};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
    scores::{argmax, softmax},
};

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probability {
    /// They do not.
    None,
    /// A sigmoid for two classes; for more, sigmoids divided by their sum.
    OneAgainstRest {
        /// All zeros become equal shares instead of NaN.
        uniform: bool,
    },
    /// A softmax; a single score d stands for (−d, d).
    Softmax,
    /// `SGDClassifier(loss="modified_huber")`.
    ModifiedHuber,
}

/// A linear classifier.
#[derive(Debug)]
pub(crate) struct LinearClassifier {
    weights: Weights,
    labels: Labels,
    probability: Probability,
    /// A probability of zero counts as the least normal number in its logarithm.
    least_probability: bool,
    /// A row may have several labels: it has each whose score is positive.
    several_labels: bool,
}

const SCORES: &[Method] = &[Method::Predict, Method::DecisionFunction];
const PROBABILITIES: &[Method] =
    &[Method::Predict, Method::PredictProba, Method::PredictLogProba, Method::DecisionFunction];

impl LinearClassifier {
    /// `LogisticRegression` and its cross-validated form.
    pub(crate) fn logistic(c: Cursor<'_>) -> Result<Self, Error> {
        let classes = attributes::labels(c, "classes_")?.len();
        let softmax = match attributes::text(c, "multi_class") {
            // the parameter went away in 1.8
            None => classes > 2,
            Some("ovr" | "warn") => false,
            Some("auto" | "deprecated") => {
                let separate = ["liblinear", "newton-cholesky"];
                // newton-cholesky came in 1.2 for one class against the rest and learnt the
                // multinomial loss in 1.6
                let solver = attributes::text(c, "solver").unwrap_or("lbfgs");
                let multinomial = solver == "newton-cholesky"
                    && version(c).is_some_and(|version| version >= (1, 6));
                classes > 2 && (!separate.contains(&solver) || multinomial)
            }
            Some(_) => true,
        };
        let probability = if softmax { Probability::Softmax } else { one_against_rest(c) };
        Self::with(c, probability)
    }

    /// `LinearDiscriminantAnalysis`.
    pub(crate) fn discriminant(c: Cursor<'_>) -> Result<Self, Error> {
        let classes = attributes::labels(c, "classes_")?.len();
        let probability = if classes > 2 { Probability::Softmax } else { one_against_rest(c) };
        let least_probability = version(c).is_some_and(|version| version >= (1, 0));
        Ok(Self { least_probability, ..Self::with(c, probability)? })
    }

    /// `SGDClassifier`: probabilities only for two of its losses.
    pub(crate) fn gradient_descent(c: Cursor<'_>) -> Result<Self, Error> {
        let probability = match attributes::text(c, "loss") {
            Some("log" | "log_loss") => one_against_rest(c),
            Some("modified_huber") => Probability::ModifiedHuber,
            _ => Probability::None,
        };
        Self::with(c, probability)
    }

    /// Classifiers without probabilities.
    pub(crate) fn plain(c: Cursor<'_>) -> Result<Self, Error> {
        Self::with(c, Probability::None)
    }

    fn with(c: Cursor<'_>, probability: Probability) -> Result<Self, Error> {
        let binarizer = c.attr("_label_binarizer");
        let labels = match binarizer {
            Some(binarizer) if c.attr("classes_").is_none() => {
                attributes::labels(binarizer, "classes_")?
            }
            _ => attributes::labels(c, "classes_")?,
        };
        let kind = binarizer.and_then(|binarizer| attributes::text(binarizer, "y_type_"));
        let several_labels = kind.is_some_and(|kind| kind.starts_with("multilabel"));
        // before 1.1 a row gets the place of its best label only
        if several_labels && version(c).is_none_or(|version| version < (1, 1)) {
            return Err(Error::Unsupported {
                what: format!("`{}` fitted on several labels a row before 1.1", c.class_name()),
                reason: "it cannot answer with several labels".into(),
                hint: "fit one classifier for each label, or fit it with a later release".into(),
            });
        }
        let weights = Weights::read(c)?;
        let is_one = labels.len() == 2 && weights.outputs() == 1 && !several_labels;
        let expected = if is_one { 1 } else { labels.len() };
        attributes::counted(c, "coef_", weights.outputs(), expected)?;
        if labels.len() < 2 {
            return Err(Error::attribute(c.class_name(), "classes_", "has fewer than two classes"));
        }
        Ok(Self { weights, labels, probability, least_probability: false, several_labels })
    }

    /// Index of the class of each row.
    fn winners(&self, scores: &Scores) -> Vec<usize> {
        match self.weights.outputs() {
            1 => scores.values.iter().map(|&score| usize::from(score > 0.0)).collect(),
            outputs => scores.values.chunks_exact(outputs).map(argmax).collect(),
        }
    }

    fn probabilities(&self, scores: Scores) -> Scores {
        let Scores { mut values, f32 } = scores;
        let outputs = self.weights.outputs();
        if outputs == 1 {
            let two = |score: f64| match self.probability {
                Probability::Softmax => {
                    let mut row = [-score, score];
                    softmax(&mut row);
                    row
                }
                Probability::ModifiedHuber => {
                    let second = f64::midpoint(score.clamp(-1.0, 1.0), 1.0);
                    [1.0 - second, second]
                }
                _ => {
                    let second = link::logistic(score, f32);
                    [1.0 - second, second]
                }
            };
            let values = values.into_iter().flat_map(two).collect();
            return Scores { values, f32 };
        }
        for row in values.chunks_exact_mut(outputs) {
            match self.probability {
                Probability::Softmax => softmax(row),
                Probability::ModifiedHuber => link::modified_huber(row),
                Probability::OneAgainstRest { uniform } => {
                    link::one_against_rest(row, uniform, f32);
                }
                Probability::None => {}
            }
        }
        Scores { values, f32 }
    }
}

fn rounded(value: f64, f32: bool) -> f64 {
    if f32 { f64::from(value as f32) } else { value }
}

fn one_against_rest(c: Cursor<'_>) -> Probability {
    Probability::OneAgainstRest { uniform: version(c).is_some_and(|version| version >= (1, 9)) }
}

impl Predictor for LinearClassifier {
    fn inputs(&self) -> Inputs {
        self.weights.inputs()
    }

    fn methods(&self) -> &[Method] {
        if self.probability == Probability::None { SCORES } else { PROBABILITIES }
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let scores = self.weights.scores(input)?;
        let classes = self.labels.len();
        Ok(match method {
            Method::Predict if self.several_labels => {
                let chosen = scores.values.iter().map(|&score| i64::from(score > 0.0)).collect();
                Output::matrix(input.rows, classes, OutputData::I64(chosen))
            }
            Method::Predict => Output::flat(self.labels.take(self.winners(&scores).into_iter())),
            Method::DecisionFunction => {
                let outputs = self.weights.outputs();
                let data = numbers(scores.values, scores.f32);
                match outputs {
                    1 => Output::flat(data),
                    _ => Output::matrix(input.rows, outputs, data),
                }
            }
            _ => {
                let Scores { mut values, f32 } = self.probabilities(scores);
                if method == Method::PredictLogProba {
                    let least = if f32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
                    for v in &mut values {
                        let p = rounded(*v, f32);
                        *v = if p == 0.0 && self.least_probability { least } else { p }.ln();
                    }
                }
                Output::matrix(input.rows, classes, numbers(values, f32))
            }
        })
    }
}
