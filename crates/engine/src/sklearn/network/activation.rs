use crate::{Error, attributes, read::Cursor, scores, sklearn::panels::Number};

/// What becomes of the sums of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Identity,
    Logistic,
    Tanh,
    Relu,
    Softmax,
    Exponential,
}

impl Activation {
    pub(super) fn read(c: Cursor<'_>, name: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::attribute(c.class_name(), name, reason);
        let text = attributes::text(c, name)
            .ok_or_else(|| wrong("is missing, or no text: is the model fitted?".into()))?;
        Ok(match text {
            "identity" => Self::Identity,
            "logistic" => Self::Logistic,
            "tanh" => Self::Tanh,
            "relu" => Self::Relu,
            "softmax" => Self::Softmax,
            "exp" => Self::Exponential,
            other => {
                return Err(wrong(format!(
                    "is `{other}`, and the activations are `identity`, `logistic`, `tanh`, `relu`, \
                     `softmax` and `exp`"
                )));
            }
        })
    }

    /// Applies it to one row, in place.
    pub(super) fn apply<T: Functions>(self, row: &mut [T]) {
        match self {
            Self::Identity => {}
            Self::Logistic => each(row, T::logistic),
            Self::Tanh => each(row, T::tanh),
            Self::Relu => {
                let zero = T::default();
                each(row, |v| if v < zero { zero } else { v });
            }
            Self::Softmax => T::softmax(row),
            Self::Exponential => each(row, T::exp),
        }
    }
}

fn each<T: Copy>(row: &mut [T], function: impl Fn(T) -> T) {
    for v in row {
        *v = function(*v);
    }
}

/// The functions of activations, each step in the width of the number.
pub(super) trait Functions: Number {
    fn logistic(self) -> Self;
    fn tanh(self) -> Self;
    fn exp(self) -> Self;
    fn softmax(row: &mut [Self]);
}

impl Functions for f64 {
    fn logistic(self) -> Self {
        scores::sigmoid(self)
    }

    fn tanh(self) -> Self {
        self.tanh()
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn softmax(row: &mut [Self]) {
        scores::softmax(row);
    }
}

impl Functions for f32 {
    fn logistic(self) -> Self {
        scores::sigmoid_f32(self)
    }

    fn tanh(self) -> Self {
        self.tanh()
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn softmax(row: &mut [Self]) {
        let most = row.iter().copied().fold(Self::NEG_INFINITY, Self::max);
        each(row, |v| (v - most).exp());
        let sum: Self = row.iter().sum();
        each(row, |v| v / sum);
    }
}
