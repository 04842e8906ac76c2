use crate::{
    Error, attributes,
    read::Cursor,
    scores::{sigmoid, sigmoid_f32},
    sklearn::isotonic::IsotonicRegression,
};

/// The first release that may run with numpy 2, where a stored double widens floats.
const NUMPY_2: (u32, u32) = (1, 5);

/// From a score to a probability.
#[derive(Debug)]
pub(super) enum Curve {
    /// Platt's sigmoid.
    Sigmoid {
        slope: f64,
        offset: f64,
        /// Scores in floats are answered in floats.
        narrow: bool,
    },
    Isotonic(IsotonicRegression),
}

impl Curve {
    pub(super) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        if c.class_name() == "IsotonicRegression" {
            return IsotonicRegression::build(c).map(Self::Isotonic);
        }
        let number = |name| -> Result<f64, Error> {
            let values = attributes::numbers_of(c, name, 1)?;
            Ok(values.first().copied().unwrap_or(0.0))
        };
        let narrow = attributes::is_numpy_1(c, NUMPY_2);
        Ok(Self::Sigmoid { slope: number("a_")?, offset: number("b_")?, narrow })
    }

    /// The probability for a score; `f32` says that the score is a float in the library.
    pub(super) fn at(&self, score: f64, f32: bool) -> f64 {
        match self {
            Self::Sigmoid { slope, offset, narrow } if *narrow && f32 => {
                let (slope, offset) = (*slope as f32, *offset as f32);
                f64::from(sigmoid_f32(-(slope * score as f32 + offset)))
            }
            Self::Sigmoid { slope, offset, .. } => sigmoid(-(slope * score + offset)),
            Self::Isotonic(curve) => curve.at(score).0,
        }
    }
}
