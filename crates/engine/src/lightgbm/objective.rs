use super::text::malformed;
use crate::{
    Error,
    scores::{sigmoid, softmax},
};

/// What scores become; named in the file's `objective` line with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Objective {
    /// Scores are the answer.
    Identity,
    /// Probabilities, with the steepness of the curve; `own` when each class has its own score.
    Sigmoid(f64),
    /// Probabilities of classes.
    SoftMax,
    /// Exponential.
    Exponential,
    /// The square with the score's sign.
    Square,
    /// `log(1 + exp(x))`, in two steps before 4.0.
    LogOnePlus { two_steps: bool },
    /// No objective was recorded: it was a function of the user's.
    Custom,
}

impl Objective {
    /// From the value of the `objective` line, such as `binary sigmoid:1`.
    pub(super) fn named(line: Option<&str>, two_steps: bool) -> Result<Self, Error> {
        let Some(line) = line else { return Ok(Self::Custom) };
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let parameters: Vec<&str> = words.collect();
        let sigmoid = || {
            let value = parameters.iter().find_map(|p| p.strip_prefix("sigmoid:"));
            value
                .map_or(Ok(1.0), str::parse)
                .map_err(|_| malformed("`objective`", format!("`{line}` has no numeric sigmoid")))
        };
        Ok(match name {
            "binary" | "multiclassova" => Self::Sigmoid(sigmoid()?),
            "cross_entropy" | "xentropy" => Self::Sigmoid(1.0),
            "cross_entropy_lambda" | "xentlambda" => Self::LogOnePlus { two_steps },
            "multiclass" | "softmax" => Self::SoftMax,
            "poisson" | "gamma" | "tweedie" => Self::Exponential,
            _ if parameters.contains(&"sqrt") => Self::Square,
            "regression" | "regression_l2" | "regression_l1" | "huber" | "fair" | "quantile"
            | "mape" | "lambdarank" | "rank_xendcg" => Self::Identity,
            "" | "custom" | "none" | "null" | "na" => Self::Custom,
            other => {
                return Err(Error::booster(
                    format!("LightGBM's objective `{other}`"),
                    "how its scores become predictions is not known here",
                ));
            }
        })
    }

    /// Turns the scores of all rows into answers, `outputs` a row.
    pub(super) fn transform(self, scores: &mut [f64], outputs: usize) {
        match self {
            Self::Identity | Self::Custom => {}
            Self::Sigmoid(steepness) => {
                for x in scores.iter_mut() {
                    *x = sigmoid(steepness * *x);
                }
            }
            Self::Exponential => scores.iter_mut().for_each(|x| *x = x.exp()),
            Self::Square => {
                let sign = |x: f64| f64::from(i8::from(x > 0.0) - i8::from(x < 0.0));
                for x in scores.iter_mut() {
                    *x = sign(*x) * *x * *x;
                }
            }
            Self::LogOnePlus { two_steps: true } => {
                for x in scores.iter_mut() {
                    *x = (1.0 + x.exp()).ln();
                }
            }
            Self::LogOnePlus { two_steps: false } => {
                for x in scores.iter_mut() {
                    *x = x.exp().ln_1p();
                }
            }
            Self::SoftMax => scores.chunks_exact_mut(outputs.max(1)).for_each(softmax),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Objective;

    #[test]
    fn objectives_are_told_by_name_and_parameters() {
        let named = |line| Objective::named(Some(line), false).unwrap();
        assert_eq!(named("binary sigmoid:0.5"), Objective::Sigmoid(0.5));
        assert_eq!(named("regression sqrt"), Objective::Square);
        assert_eq!(named("regression"), Objective::Identity);
        assert_eq!(Objective::named(None, false).unwrap(), Objective::Custom);
        assert!(Objective::named(Some("cosine"), false).is_err());
    }

    #[test]
    fn square_keeps_the_sign() {
        let mut scores = [-2.0, 0.0, 3.0];
        Objective::Square.transform(&mut scores, 1);
        assert_eq!(scores, [-4.0, 0.0, 9.0]);
    }
}
