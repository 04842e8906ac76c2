use super::{
    check::{self, Allow},
    scaler::Scaler,
};
use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
};

const CLASS: &str = "PowerTransformer";

/// `PowerTransformer`: a power of each column, then `StandardScaler`.
#[derive(Debug)]
pub(crate) struct PowerTransformer {
    inputs: Inputs,
    power: Power,
    lambdas: Vec<f64>,
    scaler: Option<Scaler>,
    /// Powers of floats are floats.
    narrow: bool,
}

/// A family of powers of a value x, by the parameter λ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    /// (x^λ − 1) / λ of positive values.
    BoxCox,
    /// Box-Cox of x + 1, mirrored for negative values with 2 − λ.
    YeoJohnson,
    /// The same by `expm1` and `log1p`, as scipy computes it.
    ExactYeoJohnson,
}

impl PowerTransformer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let lambdas = attributes::numbers(c, "lambdas_")?;
        let inputs = attributes::inputs(c, Some(lambdas.len()));
        attributes::counted(c, "lambdas_", lambdas.len(), inputs.columns.unwrap_or_default())?;
        let power = match attributes::text(c, "method").unwrap_or("yeo-johnson") {
            "box-cox" => Power::BoxCox,
            // from 1.9 on it is scipy's function
            "yeo-johnson" if version(c).is_some_and(|version| version >= (1, 9)) => {
                Power::ExactYeoJohnson
            }
            "yeo-johnson" => Power::YeoJohnson,
            other => return Err(Error::attribute(CLASS, "method", format!("is `{other}`"))),
        };
        let scaler = if attributes::flag(c, "standardize", true) {
            let inner = Scaler::standard(c.require("_scaler")?);
            Some(inner.map_err(|error| error.at("_scaler"))?)
        } else {
            None
        };
        let narrow = attributes::is_numpy_1(c, (1, 4));
        Ok(Self { inputs, power, lambdas, scaler, narrow })
    }
}

impl Power {
    /// The power of one value.
    pub(crate) fn of(self, x: f64, lambda: f64) -> f64 {
        match self {
            Self::BoxCox => box_cox(x, lambda),
            Self::YeoJohnson => yeo_johnson(x, lambda),
            Self::ExactYeoJohnson => exact_yeo_johnson(x, lambda),
        }
    }
}

/// `scipy.special.boxcox`.
fn box_cox(x: f64, lambda: f64) -> f64 {
    let log = x.ln();
    if lambda.abs() < 1e-19 {
        log
    } else if lambda * log < 709.78 {
        (lambda * log).exp_m1() / lambda
    } else {
        1f64.copysign(lambda) * (lambda * log - lambda.abs().ln()).exp() - 1.0 / lambda
    }
}

fn yeo_johnson(x: f64, lambda: f64) -> f64 {
    let (size, lambda, sign) = if x >= 0.0 { (x, lambda, 1.0) } else { (-x, 2.0 - lambda, -1.0) };
    if lambda.abs() < f64::EPSILON {
        sign * size.ln_1p()
    } else {
        sign * ((size + 1.0).powf(lambda) - 1.0) / lambda
    }
}

/// [`yeo_johnson`] of a float, to which the library adds 1 as a float. What is left when 1 is taken away
/// again has few digits, so they differ from those of doubles.
fn yeo_johnson_of_float(x: f32, lambda: f64, narrow: bool) -> f32 {
    let (size, lambda, sign) = if x >= 0.0 { (x, lambda, 1.0) } else { (-x, 2.0 - lambda, -1.0) };
    if lambda.abs() < f64::EPSILON {
        return sign * size.ln_1p();
    }
    let base = size + 1.0;
    if narrow {
        let lambda = lambda as f32;
        return sign * (base.powf(lambda) - 1.0) / lambda;
    }
    sign * ((f64::from(base).powf(lambda) - 1.0) / lambda) as f32
}

fn exact_yeo_johnson(x: f64, lambda: f64) -> f64 {
    let (size, lambda, sign) = if x >= 0.0 { (x, lambda, 1.0) } else { (-x, 2.0 - lambda, -1.0) };
    if lambda.abs() < f64::EPSILON {
        sign * size.ln_1p()
    } else {
        sign * (lambda * size.ln_1p()).exp_m1() / lambda
    }
}

impl Transform for PowerTransformer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let mut table = check::numeric(input, self.inputs.columns, Allow::Nan, CLASS)?;
        check::dense(&table, CLASS)?;
        let width = self.lambdas.len().max(1);
        if self.power == Power::BoxCox {
            let fault = match &table.data {
                Data::F64(m) => m.values.iter().position(|&v| v <= 0.0),
                Data::F32(m) => m.values.iter().position(|&v| v <= 0.0),
                _ => None,
            };
            if let Some(at) = fault {
                let reason = "is not positive, and the Box-Cox transform takes only positive \
                              values";
                return Err(Error::value(at / width, at % width, reason));
            }
        }
        match &mut table.data {
            Data::F64(m) => {
                for row in m.values.chunks_exact_mut(width) {
                    for (v, &lambda) in row.iter_mut().zip(&self.lambdas) {
                        *v = self.power.of(*v, lambda);
                    }
                }
            }
            Data::F32(m) => {
                for row in m.values.chunks_exact_mut(width) {
                    for (v, &lambda) in row.iter_mut().zip(&self.lambdas) {
                        *v = match self.power {
                            Power::YeoJohnson => yeo_johnson_of_float(*v, lambda, self.narrow),
                            power => power.of(f64::from(*v), lambda) as f32,
                        };
                    }
                }
            }
            _ => {}
        }
        match &self.scaler {
            Some(scaler) => scaler.transform(table),
            None => Ok(table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{box_cox, exact_yeo_johnson, yeo_johnson, yeo_johnson_of_float};

    #[test]
    fn powers_of_floats_lose_the_digits_that_those_of_numpy_lose() {
        // numpy 1.26 and 2.0 give these for `(np.power(-x + 1, 2 - l) - 1) / (2 - l)`
        let (x, lambda) = (-0.039_842_978_f32, 1.983_165_048_788_055_2);
        assert_eq!(yeo_johnson_of_float(x, lambda, true), -0.039_080_366);
        assert_eq!(yeo_johnson_of_float(x, lambda, false), -0.039_082_557);
        assert!((yeo_johnson(x.into(), lambda) + 0.039_082_557).abs() < 1e-7);
        assert_eq!(yeo_johnson_of_float(0.5, 0.0, true), 0.5_f32.ln_1p());
        assert!(yeo_johnson_of_float(f32::NAN, 0.5, true).is_nan());
    }

    #[test]
    fn both_forms_of_yeo_johnson_agree() {
        for x in [-40.0, -1.5, -0.0, 0.0, 0.3, 70.0] {
            for lambda in [-1.5, 0.0, 0.4, 1.0, 2.0, 3.1] {
                let (a, b) = (yeo_johnson(x, lambda), exact_yeo_johnson(x, lambda));
                assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{x} {lambda}: {a} {b}");
            }
        }
        assert!(yeo_johnson(f64::NAN, 0.5).is_nan());
    }

    #[test]
    fn box_cox_is_a_logarithm_at_zero_and_survives_large_powers() {
        assert_eq!(box_cox(3.0, 0.0), 3f64.ln());
        assert!((box_cox(3.0, 2.0) - 4.0).abs() < 1e-15);
        assert!(box_cox(1e10, 40.0).is_infinite());
        assert!(box_cox(1e10, 30.9).is_finite());
    }
}
