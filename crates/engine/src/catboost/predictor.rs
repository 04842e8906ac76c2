use super::{
    exponential::{LEAST, exponential},
    model::Model,
    parts::Classes,
};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, quantity, scores::sigmoid,
};

/// The class whose answers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    /// `CatBoostClassifier`: labels and probabilities.
    Classifier,
    /// `CatBoostRegressor`: what is expected of the target.
    Regressor,
    /// `CatBoostRanker` and `CatBoost`: scores.
    Scores,
}

impl Interface {
    /// From the name of a Python class, such as `catboost.core.CatBoostClassifier`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other classes.
    pub(super) fn of_class(class: &str) -> Result<Self, Error> {
        Ok(match class.rsplit('.').next().unwrap_or_default() {
            "CatBoostClassifier" => Self::Classifier,
            "CatBoostRegressor" => Self::Regressor,
            "CatBoostRanker" | "CatBoost" => Self::Scores,
            _ => {
                return Err(Error::booster(
                    format!("CatBoost's class `{class}`"),
                    "it has no native implementation",
                ));
            }
        })
    }

    /// Of a file without a class: that of the loss it was trained for.
    fn of_loss(loss: &str) -> Self {
        match loss {
            "Logloss" | "CrossEntropy" | "MultiClass" | "MultiClassOneVsAll" | "MultiLogloss"
            | "MultiCrossEntropy" | "Focal" => Self::Classifier,
            _ => Self::Regressor,
        }
    }
}

/// How the scores of a classifier become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// The probability of the second class.
    Binary,
    /// Probabilities of classes that exclude each other.
    SoftMax,
    /// A probability for each class.
    Each,
}

/// How the scores of a regressor become answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Scores,
    Exponential,
    /// The first score is the answer, the second the logarithm of its deviation.
    Deviation,
}

/// A model behind one of its interfaces.
#[derive(Debug)]
pub(super) struct CatBoost {
    model: Model,
    interface: Interface,
    link: Link,
    answer: Answer,
    /// The classes of a classifier; `None` for several independent labels.
    labels: Option<Labels>,
    /// The class of each score, when some classes have none.
    places: Option<Vec<usize>>,
    /// The score above which the second class is predicted.
    border: f64,
}

impl CatBoost {
    pub(super) fn new(mut model: Model, interface: Option<Interface>) -> Result<Self, Error> {
        let loss = model.info.loss.as_str();
        let interface = interface.unwrap_or_else(|| Interface::of_loss(loss));
        let independent = matches!(loss, "MultiLogloss" | "MultiCrossEntropy");
        let link = match loss {
            _ if model.outputs == 1 => Link::Binary,
            "MultiClassOneVsAll" | "MultiLogloss" | "MultiCrossEntropy" => Link::Each,
            _ => Link::SoftMax,
        };
        let answer = match loss {
            "Poisson" | "Tweedie" if interface == Interface::Regressor => Answer::Exponential,
            "RMSEWithUncertainty" if interface == Interface::Regressor && model.outputs == 2 => {
                Answer::Deviation
            }
            _ => Answer::Scores,
        };
        let classes = model.info.classes.take();
        let border = match model.info.threshold {
            Some(threshold) if threshold > 0.0 && threshold < 1.0 => -(1.0 / threshold - 1.0).ln(),
            _ => 0.0,
        };
        let outputs = model.outputs;
        let (labels, places) = if independent || interface == Interface::Regressor {
            (None, None)
        } else {
            let numbered = if outputs == 1 { 2 } else { outputs };
            let Classes { labels, of_outputs, count } = classes.unwrap_or_else(|| Classes {
                labels: None,
                of_outputs: Vec::new(),
                count: numbered,
            });
            let spread = outputs > 1 && count > outputs;
            if !spread && interface == Interface::Classifier && count != numbered {
                return Err(Error::attribute(
                    "CatBoostClassifier",
                    "class_params",
                    format!("has {} where the trees have {numbered}", quantity(count, "class")),
                ));
            }
            let labels = labels.unwrap_or_else(|| Labels::I64((0..count as i64).collect()));
            let fits = of_outputs.len() == outputs && of_outputs.iter().all(|&at| at < count);
            if spread && !fits {
                return Err(Error::attribute(
                    "CatBoostClassifier",
                    "class_params",
                    "does not say which class each score is of",
                ));
            }
            (Some(labels), spread.then_some(of_outputs))
        };
        Ok(Self { model, interface, link, answer, labels, places, border })
    }

    /// Scores with a place for every class: those of classes that were not in training are the least
    /// of all.
    fn spread(&self, scores: Vec<f64>) -> (usize, Vec<f64>) {
        let outputs = self.model.outputs;
        let (Some(places), Some(labels)) = (&self.places, &self.labels) else {
            return (outputs, scores);
        };
        let all = labels.len();
        let mut spread = vec![f64::NEG_INFINITY; scores.len() / outputs * all];
        for (to, from) in spread.chunks_exact_mut(all).zip(scores.chunks_exact(outputs)) {
            for (&place, &score) in places.iter().zip(from) {
                if let Some(to) = to.get_mut(place) {
                    *to = score;
                }
            }
        }
        (all, spread)
    }

    /// Labels, or a 0 or 1 for each of several independent ones.
    fn classes(&self, rows: usize, scores: Vec<f64>) -> Output {
        let Some(labels) = &self.labels else {
            let chosen = scores.iter().map(|&score| i64::from(score > self.border)).collect();
            return Output::matrix(rows, self.model.outputs, OutputData::I64(chosen));
        };
        if self.model.outputs == 1 {
            let second = scores.iter().map(|&score| usize::from(score > self.border));
            return Output::flat(labels.take(second));
        }
        let (width, scores) = self.spread(scores);
        Output::matrix(rows, 1, labels.take(scores.chunks_exact(width).map(greatest)))
    }

    fn probabilities(&self, rows: usize, scores: Vec<f64>) -> Output {
        if self.link == Link::Binary {
            let mut both = vec![0.0; scores.len() * 2];
            for (both, score) in both.as_chunks_mut().0.iter_mut().zip(scores) {
                let second = sigmoid(score);
                *both = [1.0 - second, second];
            }
            return Output::matrix(rows, 2, OutputData::F64(both));
        }
        let (width, mut scores) = self.spread(scores);
        match self.link {
            Link::SoftMax => scores.chunks_exact_mut(width).for_each(softmax),
            _ => scores.iter_mut().for_each(|score| *score = sigmoid(*score)),
        }
        Output::matrix(rows, width, OutputData::F64(scores))
    }

    fn log_probabilities(&self, rows: usize, scores: Vec<f64>) -> Output {
        if self.link == Link::Binary {
            let both =
                scores.into_iter().flat_map(|score| [log_sigmoid(-score), log_sigmoid(score)]);
            return Output::matrix(rows, 2, OutputData::F64(both.collect()));
        }
        let (width, mut scores) = self.spread(scores);
        match self.link {
            Link::SoftMax => scores.chunks_exact_mut(width).for_each(log_softmax),
            _ => scores.iter_mut().for_each(|score| *score = log_sigmoid(*score)),
        }
        Output::matrix(rows, width, OutputData::F64(scores))
    }

    fn shaped(&self, rows: usize, scores: Vec<f64>) -> Output {
        match self.spread(scores) {
            (1, scores) => Output::flat(OutputData::F64(scores)),
            (width, scores) => Output::matrix(rows, width, OutputData::F64(scores)),
        }
    }
}

/// The first of the greatest scores, the first one if none is a number.
fn greatest(row: &[f64]) -> usize {
    let mut best = 0;
    for (at, score) in row.iter().enumerate() {
        if row.get(best).is_some_and(|most| score > most) {
            best = at;
        }
    }
    best
}

fn softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // four at a time, and the rest by a function that does reach zero
    let whole = row.len() / 4 * 4;
    for (at, score) in row.iter_mut().enumerate() {
        let shifted = *score - most;
        *score = if at >= whole && shifted <= LEAST { 0.0 } else { exponential(shifted) };
    }
    let sum: f64 = row.iter().sum();
    for score in row.iter_mut() {
        *score /= sum;
    }
}

fn log_sigmoid(score: f64) -> f64 {
    -(1.0 + (-score).exp()).ln()
}

fn log_softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|score| exponential(score - most)).sum();
    let sum = sum.ln();
    for score in row.iter_mut() {
        *score = *score - most - sum;
    }
}

impl Predictor for CatBoost {
    fn inputs(&self) -> Inputs {
        Inputs {
            columns: Some(self.model.features()),
            names: self.model.names.clone(),
            documents: false,
            dicts: false,
            uses: Some(self.model.uses()),
        }
    }

    fn methods(&self) -> &[Method] {
        const CLASSIFIER: &[Method] = &[
            Method::Predict,
            Method::PredictProba,
            Method::PredictLogProba,
            Method::Margin,
            Method::Leaf,
            Method::Contributions,
        ];
        const OTHER: &[Method] =
            &[Method::Predict, Method::Margin, Method::Leaf, Method::Contributions];
        let all = if self.interface == Interface::Classifier { CLASSIFIER } else { OTHER };
        // contributions are the last one
        match all.split_last() {
            Some((_, rest)) if !self.model.explains() => rest,
            _ => all,
        }
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.model.typical(column)
    }

    fn classes(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.model.facts();
        if let (Some(labels), Interface::Classifier) = (&self.labels, self.interface) {
            facts.push(("classes", labels.listed()));
        } else if self.model.outputs > 1 {
            facts.push(("outputs", self.model.outputs.to_string()));
        }
        facts
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let rows = input.rows;
        if method == Method::Leaf {
            let numbers = self.model.leaf_numbers(input)?;
            return Ok(Output::matrix(rows, self.model.trees(), OutputData::I32(numbers)));
        }
        if method == Method::Contributions {
            let (width, values) = self.model.contributions(input)?;
            return Ok(Output::matrix(rows, width, OutputData::F64(values)));
        }
        let mut scores = self.model.scores(input)?;
        Ok(match method {
            Method::PredictProba => self.probabilities(rows, scores),
            Method::PredictLogProba => self.log_probabilities(rows, scores),
            Method::Predict if self.interface == Interface::Classifier => {
                self.classes(rows, scores)
            }
            Method::Predict => {
                match self.answer {
                    Answer::Scores => {}
                    Answer::Exponential => {
                        for score in &mut scores {
                            *score = exponential(*score);
                        }
                    }
                    Answer::Deviation => {
                        for score in scores.iter_mut().skip(1).step_by(2) {
                            *score = exponential(*score);
                            *score *= *score;
                        }
                    }
                }
                self.shaped(rows, scores)
            }
            _ => self.shaped(rows, scores),
        })
    }
}
