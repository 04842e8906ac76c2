use crate::{
    Error,
    attributes::{self, version},
    read::Cursor,
    scores::{sigmoid, sigmoid_f32},
};

/// The first release that only runs with numpy 2, where a stored double widens floats.
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
    /// Straight lines between thresholds.
    Isotonic {
        /// Ascending.
        thresholds: Vec<f64>,
        values: Vec<f64>,
        least: f64,
        most: f64,
        /// Fitted on floats: the arithmetic is in floats.
        narrow: bool,
    },
}

impl Curve {
    pub(super) fn read(c: Cursor<'_>) -> Result<Self, Error> {
        if c.class_name() == "IsotonicRegression" {
            return Self::isotonic(c);
        }
        let number = |name| -> Result<f64, Error> {
            let values = attributes::numbers_of(c, name, 1)?;
            Ok(values.first().copied().unwrap_or(0.0))
        };
        let narrow = version(c).is_some_and(|release| release < NUMPY_2);
        Ok(Self::Sigmoid { slope: number("a_")?, offset: number("b_")?, narrow })
    }

    fn isotonic(c: Cursor<'_>) -> Result<Self, Error> {
        let thresholds = attributes::grid(c, "X_thresholds_")?;
        let values = attributes::numbers_of(c, "y_thresholds_", thresholds.values.len())?;
        if thresholds.values.is_empty() {
            return Err(Error::attribute(c.class_name(), "X_thresholds_", "has no threshold"));
        }
        let limit = |name| -> Result<f64, Error> {
            Ok(attributes::numbers_of(c, name, 1)?.first().copied().unwrap_or(0.0))
        };
        let (least, most) = (limit("X_min_")?, limit("X_max_")?);
        if least > most || least.is_nan() || most.is_nan() {
            return Err(Error::attribute(c.class_name(), "X_min_", "is above `X_max_`"));
        }
        let narrow = thresholds.yields_f32;
        Ok(Self::Isotonic { thresholds: thresholds.values, values, least, most, narrow })
    }

    /// The probability for a score; `f32` says that the score is a float in the library.
    pub(super) fn at(&self, score: f64, f32: bool) -> f64 {
        match self {
            Self::Sigmoid { slope, offset, narrow } if *narrow && f32 => {
                let (slope, offset) = (*slope as f32, *offset as f32);
                f64::from(sigmoid_f32(-(slope * score as f32 + offset)))
            }
            Self::Sigmoid { slope, offset, .. } => sigmoid(-(slope * score + offset)),
            Self::Isotonic { thresholds, values, least, most, narrow } => {
                if *narrow {
                    return narrow_line(
                        thresholds,
                        values,
                        (score as f32).clamp(*least as f32, *most as f32),
                    );
                }
                line(thresholds, values, score.clamp(*least, *most))
            }
        }
    }
}

/// numpy's `interp`, of a value between the first and the last threshold.
fn line(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    let at = xs.partition_point(|&threshold| threshold <= x).saturating_sub(1);
    let (Some(&x0), Some(&y0)) = (xs.get(at), ys.get(at)) else { return f64::NAN };
    let (Some(&x1), Some(&y1)) = (xs.get(at + 1), ys.get(at + 1)) else { return y0 };
    if x0 == x {
        return y0;
    }
    let slope = (y1 - y0) / (x1 - x0);
    let found = slope * (x - x0) + y0;
    if !found.is_nan() {
        return found;
    }
    let other = slope * (x - x1) + y1;
    if other.is_nan() && y0 == y1 { y0 } else { other }
}

/// scipy's `interp1d`, which does floats by itself.
fn narrow_line(xs: &[f64], ys: &[f64], x: f32) -> f64 {
    let below = xs.partition_point(|&threshold| (threshold as f32) < x);
    let high = below.clamp(1, xs.len().saturating_sub(1).max(1));
    let float = |values: &[f64], at: usize| values.get(at).map(|&v| v as f32);
    let (Some(x0), Some(y0)) = (float(xs, high - 1), float(ys, high - 1)) else { return f64::NAN };
    let (Some(x1), Some(y1)) = (float(xs, high), float(ys, high)) else { return f64::from(y0) };
    f64::from((y1 - y0) / (x1 - x0) * (x - x0) + y0)
}
