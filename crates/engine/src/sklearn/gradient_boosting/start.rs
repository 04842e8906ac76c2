use crate::{
    Data, Error, Matrix, Method, OutputData, Predictor, Table,
    read::{Cursor, Kind},
    sklearn::{Place, fields, linear::first_largest, registry},
};

/// The first release that keeps probabilities only a double's precision away from zero and one.
const PRECISE: (u32, u32) = (1, 8);

/// What boosting starts from.
#[derive(Debug)]
pub(super) enum Start {
    /// The same scores for every row.
    Constant(Vec<f64>),
    /// An estimator's answers.
    Estimator(Box<dyn Predictor>, Link),
}

/// How an estimator's answers become scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Link {
    /// Values are scores.
    Identity,
    /// Logarithm of the odds of the second class, times a factor; probabilities keep `eps` away
    /// from zero and one.
    Odds {
        /// One half for the exponential loss.
        factor: f64,
        /// Distance from zero and one.
        eps: f64,
    },
    /// Logarithms of probabilities, less their mean when `centred`.
    Logarithm {
        /// From 1.4 on.
        centred: bool,
        /// Distance from zero and one.
        eps: f64,
    },
}

impl Link {
    /// The link of a classifier with so many scores a row.
    pub(super) fn of(release: (u32, u32), outputs: usize, exponential: bool) -> Self {
        let eps = if release >= PRECISE { f64::EPSILON } else { f64::from(f32::EPSILON) };
        match outputs {
            1 => Self::Odds { factor: if exponential { 0.5 } else { 1.0 }, eps },
            _ => Self::Logarithm { centred: release >= (1, 4), eps },
        }
    }

    /// Turns probabilities, rows × classes, or values into scores, rows × outputs.
    fn scores(self, answers: Vec<f64>, outputs: usize) -> Vec<f64> {
        match self {
            Self::Identity => answers,
            Self::Odds { factor, eps } => {
                let seconds = answers.into_iter().skip(1).step_by(2);
                seconds.map(|p| factor * logit(p.clamp(eps, 1.0 - eps))).collect()
            }
            Self::Logarithm { centred, eps } => {
                let mut scores: Vec<f64> =
                    answers.into_iter().map(|p| p.clamp(eps, 1.0 - eps).ln()).collect();
                if centred {
                    for row in scores.chunks_exact_mut(outputs) {
                        let mean = row.iter().sum::<f64>() / outputs as f64;
                        for score in row {
                            *score -= mean;
                        }
                    }
                }
                scores
            }
        }
    }
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

impl Start {
    /// Reads `init_`: the text `zero`, or an estimator.
    pub(super) fn read(
        c: Cursor<'_>,
        place: &Place,
        outputs: usize,
        link: Link,
    ) -> Result<Self, Error> {
        let init = c.require("init_")?;
        if matches!(init.kind(), Kind::Text("zero")) {
            return Ok(Self::Constant(vec![0.0; outputs]));
        }
        // what boosting starts from unless it is told otherwise answers every row alike
        let constant = match init.class_name() {
            "DummyRegressor" => Some(fields::numbers(init, "constant_")?),
            "DummyClassifier" => Some(prior(init)?),
            _ => None,
        };
        if let Some(answers) = constant {
            let scores = link.scores(answers, outputs);
            fields::counted(c, "init_", scores.len(), outputs)?;
            return Ok(Self::Constant(scores));
        }
        let estimator = registry::build(init, place).map_err(|error| error.at("init_"))?;
        Ok(Self::Estimator(estimator.into_predictor(), link))
    }

    /// The start of each of `count` rows of floats, rows × outputs.
    pub(super) fn of(
        &self,
        rows: &[f32],
        count: usize,
        features: usize,
        outputs: usize,
    ) -> Result<Vec<f64>, Error> {
        let (estimator, link) = match self {
            Self::Constant(scores) => return Ok(scores.repeat(count)),
            Self::Estimator(estimator, link) => (estimator, *link),
        };
        let table = Table {
            rows: count,
            names: None,
            data: Data::F32(Matrix { columns: features, values: rows.to_vec() }),
        };
        let method = if link == Link::Identity { Method::Predict } else { Method::PredictProba };
        let answer = estimator.run(method, &table).map_err(|error| error.at("init_"))?;
        let per_row = match link {
            Link::Identity | Link::Logarithm { .. } => outputs,
            Link::Odds { .. } => 2,
        };
        let answers = numbers(answer.data)
            .filter(|answers| answers.len() == count.saturating_mul(per_row))
            .ok_or_else(|| {
                Error::attribute(
                    "GradientBoosting",
                    "init_",
                    format!("does not answer with {per_row} numbers a row"),
                )
            })?;
        Ok(link.scores(answers, outputs))
    }
}

/// The probabilities of `DummyClassifier`, as far as it draws no random numbers.
fn prior(dummy: Cursor<'_>) -> Result<Vec<f64>, Error> {
    let prior = fields::numbers(dummy, "class_prior_")?;
    match fields::text(dummy, "strategy") {
        Some("prior") => Ok(prior),
        Some("most_frequent") => {
            let winner = first_largest(&prior);
            Ok((0..prior.len()).map(|class| f64::from(u8::from(class == winner))).collect())
        }
        other => Err(Error::Unsupported {
            what: format!("`DummyClassifier` with the strategy `{}`", other.unwrap_or("?")),
            reason: "only `prior` and `most_frequent` answer the same every time".into(),
            hint: "start boosting from one of these".into(),
        }),
    }
}

fn numbers(data: OutputData) -> Option<Vec<f64>> {
    Some(match data {
        OutputData::F64(v) => v,
        OutputData::F32(v) => v.into_iter().map(f64::from).collect(),
        OutputData::I64(v) => v.into_iter().map(|v| v as f64).collect(),
        OutputData::I32(v) => v.into_iter().map(f64::from).collect(),
        OutputData::Bool(v) => v.into_iter().map(|v| f64::from(u8::from(v))).collect(),
        OutputData::Text(_) => return None,
    })
}
