//! The way back from a transformed target.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::{
    Data, Error, Table, attributes,
    attributes::version,
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::{
        check::{self, Allow},
        function::FunctionTransformer,
        interpolate::linear,
        part,
        scaler::Scaler,
    },
};

/// Deepest nesting of pipelines.
const DEPTH: usize = 8;
/// How near to zero and one a share counts as a bound: `QuantileTransformer`'s.
const THRESHOLD: f64 = 1e-7;

/// The inverse of a fitted transformer.
#[derive(Debug)]
pub(super) enum Inverse {
    Function(FunctionTransformer),
    Scaler(Scaler),
    Power {
        /// One for each column.
        lambdas: Vec<f64>,
        kind: Power,
        scaler: Option<Scaler>,
    },
    Quantile {
        /// The quantiles of each column.
        columns: Vec<Vec<f64>>,
        shares: Vec<f64>,
        normal: bool,
    },
    /// One after another.
    Steps(Vec<Inverse>),
}

/// What a power transform undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    BoxCox,
    /// The same as scipy computes it.
    ExactBoxCox,
    YeoJohnson,
}

impl Inverse {
    pub(super) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        Self::at_depth(c, DEPTH)
    }

    fn at_depth(c: Cursor<'_>, depth: usize) -> Result<Self, Error> {
        match c.class_name() {
            "FunctionTransformer" => FunctionTransformer::inverse(c).map(Self::Function),
            "StandardScaler" => Scaler::standard(c).map(|s| Self::Scaler(s.inverse())),
            "MinMaxScaler" => Scaler::min_max(c).map(|s| Self::Scaler(s.inverse())),
            "RobustScaler" => Scaler::robust(c).map(|s| Self::Scaler(s.inverse())),
            "MaxAbsScaler" => Scaler::max_abs(c).map(|s| Self::Scaler(s.inverse())),
            "PowerTransformer" => Self::power(c),
            "QuantileTransformer" => Self::quantile(c),
            "Pipeline" => {
                let Some(depth) = depth.checked_sub(1) else {
                    return Err(Error::attribute("Pipeline", "steps", "are nested too deep"));
                };
                let mut steps = Vec::new();
                for step in attributes::list(c, "steps")?.into_iter().rev() {
                    let (name, inner) = part::named(step).ok_or_else(|| {
                        Error::attribute("Pipeline", "steps", "has no name and estimator")
                    })?;
                    if !part::is_skipped(inner) {
                        let built = Self::at_depth(inner, depth);
                        steps.push(built.map_err(|error| error.at(format!("step \"{name}\"")))?);
                    }
                }
                Ok(Self::Steps(steps))
            }
            _ => Err(Error::Unsupported {
                what: match c.kind() {
                    Kind::Object(_) => format!("`{}.inverse_transform`", c.class_name()),
                    _ => c.describe(),
                },
                reason: "it has no native implementation".into(),
                hint: "Options: transform the target with `func` and `inverse_func` of numpy \
                       (log1p and expm1 …), a scaler, `PowerTransformer` or `QuantileTransformer`"
                    .into(),
            }),
        }
    }

    fn power(c: Cursor<'_>) -> Result<Self, Error> {
        let lambdas = attributes::numbers(c, "lambdas_")?;
        let kind = match attributes::text(c, "method") {
            Some("box-cox") if version(c).is_some_and(|release| release >= (1, 5)) => {
                Power::ExactBoxCox
            }
            Some("box-cox") => Power::BoxCox,
            _ => Power::YeoJohnson,
        };
        let scaler = if attributes::flag(c, "standardize", true) {
            let inner = Scaler::standard(c.require("_scaler")?);
            Some(inner.map_err(|error| error.at("_scaler"))?.inverse())
        } else {
            None
        };
        Ok(Self::Power { lambdas, kind, scaler })
    }

    fn quantile(c: Cursor<'_>) -> Result<Self, Error> {
        let shares = attributes::numbers(c, "references_")?;
        let grid = attributes::grid(c, "quantiles_")?;
        let &[count, width] = &grid.shape[..] else {
            let reason = "has not two dimensions";
            return Err(Error::attribute(c.class_name(), "quantiles_", reason));
        };
        attributes::counted(c, "references_", shares.len(), count)?;
        if count == 0 || width == 0 {
            return Err(Error::attribute(c.class_name(), "quantiles_", "has no quantile"));
        }
        let column = |at| grid.values.iter().skip(at).step_by(width).copied().collect();
        let normal = attributes::text(c, "output_distribution") == Some("normal");
        Ok(Self::Quantile { columns: (0..width).map(column).collect(), shares, normal })
    }

    /// The values before the transform.
    pub(super) fn apply(&self, table: Table) -> Result<Table, Error> {
        match self {
            Self::Function(function) => function.transform(table),
            Self::Scaler(scaler) => scaler.transform(table),
            Self::Power { lambdas, kind, scaler } => {
                let mut table = numeric(table, lambdas.len(), "PowerTransformer")?;
                if let Some(scaler) = scaler {
                    table = scaler.transform(table)?;
                }
                each(&mut table, lambdas, |x, &lambda| kind.undo(x, lambda));
                Ok(table)
            }
            Self::Quantile { columns, shares, normal } => {
                let mut table = numeric(table, columns.len(), "QuantileTransformer")?;
                each(&mut table, columns, |x, quantiles| {
                    let share = if *normal { normal_share(x) } else { x };
                    let near = if *normal { THRESHOLD } else { 0.0 };
                    let below = if *normal { share - near < 0.0 } else { share == 0.0 };
                    let above = if *normal { share + near > 1.0 } else { share == 1.0 };
                    let bound = if below {
                        quantiles.first()
                    } else if above {
                        quantiles.last()
                    } else {
                        None
                    };
                    bound.copied().unwrap_or_else(|| linear(share, shares, quantiles))
                });
                Ok(table)
            }
            Self::Steps(steps) => steps.iter().try_fold(table, |table, step| step.apply(table)),
        }
    }
}

fn numeric(table: Table, columns: usize, class: &str) -> Result<Table, Error> {
    check::numeric(table, Some(columns), Allow::Nan, class)
}

/// Changes each value with what belongs to its column.
fn each<T>(table: &mut Table, columns: &[T], change: impl Fn(f64, &T) -> f64) {
    let width = columns.len().max(1);
    match &mut table.data {
        Data::F64(m) => m.values.chunks_exact_mut(width).for_each(|row| {
            row.iter_mut().zip(columns).for_each(|(v, column)| *v = change(*v, column));
        }),
        Data::F32(m) => m.values.chunks_exact_mut(width).for_each(|row| {
            row.iter_mut().zip(columns).for_each(|(v, column)| {
                *v = change(f64::from(*v), column) as f32;
            });
        }),
        _ => {}
    }
}

impl Power {
    fn undo(self, x: f64, lambda: f64) -> f64 {
        match self {
            Self::BoxCox | Self::ExactBoxCox if lambda == 0.0 => x.exp(),
            Self::BoxCox => (x * lambda + 1.0).powf(1.0 / lambda),
            Self::ExactBoxCox => ((lambda * x).ln_1p() / lambda).exp(),
            Self::YeoJohnson if x >= 0.0 => {
                if lambda.abs() < f64::EPSILON {
                    x.exp() - 1.0
                } else {
                    (x * lambda + 1.0).powf(1.0 / lambda) - 1.0
                }
            }
            Self::YeoJohnson => {
                let lambda = 2.0 - lambda;
                if lambda.abs() > f64::EPSILON {
                    1.0 - (-lambda * x + 1.0).powf(1.0 / lambda)
                } else {
                    1.0 - (-x).exp()
                }
            }
        }
    }
}

/// The share of the standard normal distribution below `x`.
fn normal_share(x: f64) -> f64 {
    let z = x.abs() * FRAC_1_SQRT_2;
    let tail = if z < 2.5 { 0.5 - 0.5 * error_function(z) } else { 0.5 * error_tail(z) };
    if x.is_nan() {
        x
    } else if x > 0.0 {
        1.0 - tail
    } else {
        tail
    }
}

/// The error function of a small number, by its series of positive terms (Abramowitz and Stegun,
/// 7.1.6).
fn error_function(z: f64) -> f64 {
    let (mut term, mut sum) = (z, z);
    for n in 1..100 {
        term *= 2.0 * z * z / f64::from(2 * n + 1);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    2.0 / PI.sqrt() * (-z * z).exp() * sum
}

/// One less the error function of a large number, by its continued fraction (Abramowitz and Stegun,
/// 7.1.14).
fn error_tail(z: f64) -> f64 {
    let fraction = (1..=80).rev().fold(z, |below, n| z + 0.5 * f64::from(n) / below);
    (-z * z).exp() / (PI.sqrt() * fraction)
}

#[cfg(test)]
mod tests {
    use super::{Power, error_function, error_tail, normal_share};

    #[test]
    fn the_normal_distribution_has_known_shares() {
        for (x, share) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.959_963_984_540_054, 0.025),
            (-5.0, 2.866_515_718_791_939e-7),
            (8.5, 1.0),
        ] {
            let found = normal_share(x);
            assert!((found - share).abs() <= 1e-14 * share, "{x}: {found}");
        }
        assert!(normal_share(f64::NAN).is_nan());
        // both forms meet
        let (series, fraction) = (1.0 - error_function(2.5), error_tail(2.5));
        assert!((series - fraction).abs() < 1e-15, "{series} {fraction}");
    }

    #[test]
    fn both_forms_of_box_cox_agree() {
        for (x, lambda) in [(0.3, 0.5), (1.7, -0.2), (-0.4, 1.5), (2.0, 0.0)] {
            let (old, new) = (Power::BoxCox.undo(x, lambda), Power::ExactBoxCox.undo(x, lambda));
            assert!((old - new).abs() < 1e-13 * old, "{x} {lambda}");
        }
    }
}
