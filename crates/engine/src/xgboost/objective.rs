use crate::{Error, scores::softmax_f32};

/// How scores start and what they become: XGBoost's own objectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objective {
    /// Scores are the answer.
    Identity,
    /// Probabilities; the base score is one too.
    Logistic,
    /// Scores whose base score is taken as it is.
    Raw,
    /// Zero or one.
    Hinge,
    /// Exponential; the base score is a mean.
    Exponential,
    /// Probabilities of classes.
    SoftProbability,
    /// The most probable class.
    SoftMax,
}

impl Objective {
    pub(super) fn named(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "reg:logistic" | "binary:logistic" => Self::Logistic,
            "binary:logitraw" => Self::Raw,
            "binary:hinge" => Self::Hinge,
            "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
                Self::Exponential
            }
            "multi:softprob" => Self::SoftProbability,
            "multi:softmax" => Self::SoftMax,
            "reg:squarederror"
            | "reg:linear"
            | "reg:squaredlogerror"
            | "reg:absoluteerror"
            | "reg:pseudohubererror"
            | "reg:quantileerror"
            | "reg:expectileerror"
            | "rank:pairwise"
            | "rank:ndcg"
            | "rank:map" => Self::Identity,
            other => {
                return Err(Error::booster(
                    format!("XGBoost's objective `{other}`"),
                    "how its scores become predictions is not known here",
                ));
            }
        })
    }

    /// The answer that a score stands for, by the name of the objective; the score itself for
    /// several classes and for objectives that are not known.
    pub(super) fn answer(name: &str, score: f32) -> f32 {
        let mut score = [score];
        if let Ok(objective) = Self::named(name)
            && !matches!(objective, Self::SoftProbability)
        {
            objective.transform(&mut score, 1);
        }
        score[0]
    }

    /// The score that stands for a base score, which is stored as an answer.
    pub(super) fn margin(self, base: f32) -> f32 {
        match self {
            Self::Logistic => -(1.0 / base - 1.0).ln(),
            Self::Exponential => base.ln(),
            _ => base,
        }
    }

    /// Turns the scores of all rows into answers, `outputs` a row.
    pub(super) fn transform(self, scores: &mut [f32], outputs: usize) {
        match self {
            Self::Identity | Self::Raw | Self::SoftMax => {}
            Self::Logistic => scores.iter_mut().for_each(|x| *x = sigmoid(*x)),
            Self::Hinge => {
                for x in scores.iter_mut() {
                    *x = if *x > 0.0 { 1.0 } else { 0.0 };
                }
            }
            Self::Exponential => scores.iter_mut().for_each(|x| *x = x.exp()),
            Self::SoftProbability => scores.chunks_exact_mut(outputs.max(1)).for_each(softmax_f32),
        }
    }
}

/// The logistic function. Its exponent is bounded so that it does not overflow.
fn sigmoid(x: f32) -> f32 {
    1.0 / ((-x).min(88.7).exp() + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Objective, sigmoid};

    #[test]
    fn base_scores_become_margins_and_back() {
        assert_eq!(Objective::Logistic.margin(0.5), 0.0);
        assert_eq!(Objective::Exponential.margin(1.0), 0.0);
        assert_eq!(Objective::Raw.margin(0.5), 0.5);
        assert_eq!(sigmoid(0.0), 0.5);
        assert!(sigmoid(-200.0) > 0.0);
    }
}
