use crate::{
    Data, Error, Matrix, Method, OutputData, Predictor, Table,
    attributes::{self, version},
    quantity,
    read::{Cursor, Kind},
    scores::argmax,
    sklearn::{building::Building, logit::Logit},
};

/// The first release whose start comes from the links of its loss functions, in doubles.
const SYMMETRIC: (u32, u32) = (1, 4);
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
    /// Probabilities, whose logarithms or odds are scores.
    Probability {
        /// What becomes of them.
        scale: Scale,
        /// How far they are kept away from zero and one.
        eps: f64,
        /// Floats stay floats until they are scores: releases up to 1.3.
        float: bool,
    },
}

/// From probabilities to scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Logarithm of the odds of the second class, times a factor.
    Odds {
        /// One half for the exponential loss.
        factor: f64,
        /// The formula.
        logit: Logit,
    },
    /// Logarithms.
    Logarithm,
    /// Logarithms of the probabilities over their geometric mean: from 1.4 on.
    Centred,
}

impl Link {
    /// The link of a classifier with so many scores a row.
    pub(super) fn of(classifier: Cursor<'_>, outputs: usize, exponential: bool) -> Self {
        let release = version(classifier).unwrap_or((0, 0));
        let scale = match outputs {
            1 => Scale::Odds {
                factor: if exponential { 0.5 } else { 1.0 },
                logit: Logit::of(classifier),
            },
            _ if release >= SYMMETRIC => Scale::Centred,
            _ => Scale::Logarithm,
        };
        let eps = if release >= PRECISE { f64::EPSILON } else { f64::from(f32::EPSILON) };
        Self::Probability { scale, eps, float: release < SYMMETRIC }
    }

    /// Turns probabilities, rows × classes, or values into scores, rows × outputs; `None` when
    /// they are no numbers.
    fn scores(self, answers: OutputData, outputs: usize) -> Option<Vec<f64>> {
        let Self::Probability { scale, eps, float } = self else { return numbers(answers) };
        if let (true, OutputData::F32(floats)) = (float, &answers) {
            let eps = eps as f32;
            let clipped = floats.iter().map(|p| p.clamp(eps, 1.0 - eps));
            return Some(match scale {
                Scale::Odds { factor, logit } => {
                    let seconds = clipped.skip(1).step_by(2);
                    seconds.map(|p| f64::from(factor as f32 * logit.f32(p))).collect()
                }
                Scale::Logarithm | Scale::Centred => clipped.map(|p| f64::from(p.ln())).collect(),
            });
        }
        let clipped = numbers(answers)?.into_iter().map(|p| p.clamp(eps, 1.0 - eps));
        Some(match scale {
            Scale::Odds { factor, logit } => {
                clipped.skip(1).step_by(2).map(|p| factor * logit.f64(p)).collect()
            }
            Scale::Logarithm => clipped.map(f64::ln).collect(),
            Scale::Centred => {
                let mut scores: Vec<f64> = clipped.collect();
                for row in scores.chunks_exact_mut(outputs) {
                    let logarithms: f64 = row.iter().map(|p| p.ln()).sum();
                    let mean = (logarithms / outputs as f64).exp();
                    for p in row {
                        *p = (*p / mean).ln();
                    }
                }
                scores
            }
        })
    }
}

impl Start {
    /// Reads `init_`: the text `zero`, or an estimator.
    pub(super) fn read(
        c: Cursor<'_>,
        building: &Building,
        outputs: usize,
        link: Link,
    ) -> Result<Self, Error> {
        let init = c.require("init_")?;
        if matches!(init.kind(), Kind::Text("zero")) {
            return Ok(Self::Constant(vec![0.0; outputs]));
        }
        // the estimator that boosting starts from by default answers every row alike
        let constant = match init.class_name() {
            "DummyRegressor" => Some(attributes::numbers(init, "constant_")?),
            "DummyClassifier" => Some(prior(init)?),
            _ => None,
        };
        if let Some(answers) = constant {
            let scores = link.scores(OutputData::F64(answers), outputs).unwrap_or_default();
            attributes::counted(c, "init_", scores.len(), outputs)?;
            return Ok(Self::Constant(scores));
        }
        let estimator = building.build(init).map_err(|error| error.at("init_"))?;
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
            Link::Probability { scale: Scale::Odds { .. }, .. } => 2,
            _ => outputs,
        };
        Some(answer.data)
            .filter(|answers| answers.len() == count.saturating_mul(per_row))
            .and_then(|answers| link.scores(answers, outputs))
            .ok_or_else(|| {
                Error::attribute(
                    "GradientBoosting",
                    "init_",
                    format!("does not answer with {} a row", quantity(per_row, "number")),
                )
            })
    }
}

/// The probabilities of `DummyClassifier`, as far as it draws no random numbers.
fn prior(dummy: Cursor<'_>) -> Result<Vec<f64>, Error> {
    let prior = attributes::numbers(dummy, "class_prior_")?;
    let only = |sure| (0..prior.len()).map(|class| f64::from(u8::from(class == sure))).collect();
    match attributes::text(dummy, "strategy") {
        Some("prior") => Ok(prior),
        Some("most_frequent") => Ok(only(argmax(&prior))),
        Some("uniform") => Ok(vec![1.0 / prior.len() as f64; prior.len()]),
        Some("constant") => constant(dummy).map(only),
        other => Err(Error::Unsupported {
            what: format!("`DummyClassifier` with the strategy `{}`", other.unwrap_or("?")),
            reason: "it draws its probabilities at random".into(),
            hint: "start boosting from the strategy `prior`".into(),
        }),
    }
}

/// The class that `DummyClassifier` was told to answer; boosting numbers its classes first.
fn constant(dummy: Cursor<'_>) -> Result<usize, Error> {
    let told = attributes::numbers(dummy, "constant")?;
    let classes = attributes::numbers(dummy, "classes_")?;
    let place = classes.iter().position(|class| told.first() == Some(class));
    place.ok_or_else(|| {
        Error::attribute(
            dummy.class_name(),
            "constant",
            "is none of the classes that it was fitted on",
        )
    })
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
