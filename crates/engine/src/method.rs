use std::{fmt, str::FromStr};

/// A question a model can answer, under the name its library gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Labels or values.
    Predict,
    /// Class probabilities, rows × classes.
    PredictProba,
    /// Natural logarithms of the class probabilities, rows × classes.
    PredictLogProba,
    /// Signed distances or raw scores.
    DecisionFunction,
    /// The transformed features, rows × features.
    Transform,
    /// A booster's scores before the objective's transform.
    Margin,
    /// The index of the leaf each tree ends in, rows × trees.
    Leaf,
    /// What each feature adds to a booster's score, rows × (features + 1), the last column being what is
    /// expected without any feature; for several outputs, as many such blocks side by side.
    Contributions,
    /// How likely or how normal each row is, before an offset or a threshold.
    ScoreSamples,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 9] = [
        Self::Predict,
        Self::PredictProba,
        Self::PredictLogProba,
        Self::DecisionFunction,
        Self::Transform,
        Self::Margin,
        Self::Leaf,
        Self::Contributions,
        Self::ScoreSamples,
    ];

    /// The name used in requests and replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Predict => "predict",
            Self::PredictProba => "predict_proba",
            Self::PredictLogProba => "predict_log_proba",
            Self::DecisionFunction => "decision_function",
            Self::Transform => "transform",
            Self::Margin => "margin",
            Self::Leaf => "leaf",
            Self::Contributions => "contributions",
            Self::ScoreSamples => "score_samples",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|m| m.name() == name).ok_or(())
    }
}
