use crate::{
    Error, attributes,
    processor::{self, Work},
    read::Cursor,
    sklearn::{
        exponential::{self, Exp, Float, Logistic, Tanh},
        panels::Number,
    },
};

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

    /// Adds the intercepts of a layer to whole rows of sums, which are as long, and applies the
    /// function, in place; what stands behind the first `outputs` of a row means nothing.
    pub(super) fn apply<T: Functions>(self, rows: &mut [T], intercepts: &[T], outputs: usize) {
        let width = intercepts.len().max(1);
        processor::run(Add { rows, intercepts, is_relu: self == Self::Relu });
        match self {
            Self::Identity | Self::Relu => {}
            Self::Logistic => exponential::apply(rows, Logistic),
            Self::Tanh => exponential::apply(rows, Tanh),
            Self::Softmax => {
                for row in rows.chunks_exact_mut(width) {
                    softmax(row.get_mut(..outputs).unwrap_or_default());
                }
            }
            Self::Exponential => exponential::apply(rows, Exp(1.0)),
        }
    }
}

/// Adds intercepts to rows, and replaces what is negative by zero if it is asked to.
struct Add<'r, T> {
    rows: &'r mut [T],
    intercepts: &'r [T],
    is_relu: bool,
}

impl<T: Functions> Work for Add<'_, T> {
    type Out = ();

    #[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
    #[inline(always)]
    fn run(self) {
        let zero = T::default();
        for row in self.rows.chunks_exact_mut(self.intercepts.len().max(1)) {
            if self.is_relu {
                for (v, &intercept) in row.iter_mut().zip(self.intercepts) {
                    let sum = *v + intercept;
                    *v = if sum < zero { zero } else { sum };
                }
            } else {
                row.iter_mut().zip(self.intercepts).for_each(|(v, &it)| *v = *v + it);
            }
        }
    }
}

/// A number of a network.
pub(super) trait Functions: Number + Float + std::ops::Div<Output = Self> {}

impl Functions for f64 {}
impl Functions for f32 {}

/// Exponentials divided by their sum, each step in the width of the number.
fn softmax<T: Functions>(row: &mut [T]) {
    let mut most = T::from_f64(f64::NEG_INFINITY);
    for &v in &*row {
        most = if v > most { v } else { most };
    }
    for v in row.iter_mut() {
        *v = *v - most;
    }
    exponential::apply(row, Exp(1.0));
    let sum = row.iter().fold(T::default(), |sum, &v| sum + v);
    for v in row {
        *v = *v / sum;
    }
}
