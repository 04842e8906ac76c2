use super::{
    check::{self, Allow},
    interpolate::linear,
};
use crate::{
    Data, Error, Inputs, Scalar, Table, attributes, estimator::Transform, read::Cursor,
    sklearn::quantile::normal::inverse,
};

mod normal;

const CLASS: &str = "QuantileTransformer";
/// How near to the bounds of training a value counts as one of them.
const THRESHOLD: f64 = 1e-7;

/// `QuantileTransformer`: the share of training values below a value, or the value of the standard
/// normal distribution that has this share below it.
#[derive(Debug)]
pub(crate) struct QuantileTransformer {
    inputs: Inputs,
    columns: Vec<Column>,
    /// The share of each quantile, and these from the other side.
    shares: Sides,
    normal: bool,
    /// Whether sparse rows may hold negative values.
    any_sparse: bool,
    /// Under numpy 1, bounds are compared with floats as floats.
    narrow: bool,
}

#[derive(Debug)]
struct Column {
    quantiles: Sides,
    low: f64,
    high: f64,
}

/// Ascending numbers, and the same backwards with their signs changed.
#[derive(Debug)]
struct Sides {
    forward: Vec<f64>,
    backward: Vec<f64>,
}

impl Sides {
    fn new(forward: Vec<f64>) -> Self {
        let backward = forward.iter().rev().map(|v| -v).collect();
        Self { forward, backward }
    }
}

impl QuantileTransformer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let shares = attributes::numbers(c, "references_")?;
        let grid = attributes::grid(c, "quantiles_")?;
        let &[count, width] = &grid.shape[..] else {
            return Err(Error::attribute(CLASS, "quantiles_", "has not two dimensions"));
        };
        attributes::counted(c, "references_", shares.len(), count)?;
        let inputs = attributes::inputs(c, Some(width));
        attributes::counted(c, "quantiles_", width, inputs.columns.unwrap_or_default())?;
        let columns = (0..width).map(|column| {
            let of_column = grid.values.iter().skip(column).step_by(width).copied();
            let quantiles = Sides::new(of_column.collect());
            let low = quantiles.forward.first().copied().unwrap_or(f64::NAN);
            let high = quantiles.forward.last().copied().unwrap_or(f64::NAN);
            Column { quantiles, low, high }
        });
        let normal = match attributes::text(c, "output_distribution").unwrap_or("uniform") {
            "uniform" => false,
            "normal" => true,
            other => {
                return Err(Error::attribute(
                    CLASS,
                    "output_distribution",
                    format!("is `{other}`"),
                ));
            }
        };
        Ok(Self {
            columns: columns.collect(),
            inputs,
            shares: Sides::new(shares),
            normal,
            any_sparse: attributes::flag(c, "ignore_implicit_zeros", false),
            narrow: attributes::is_numpy_1(c, (1, 4)),
        })
    }

    /// The mean of the shares that are found from either side, which differ where quantiles repeat.
    fn share(&self, column: &Column, x: f64) -> f64 {
        let forward = linear(x, &column.quantiles.forward, &self.shares.forward);
        let backward = linear(-x, &column.quantiles.backward, &self.shares.backward);
        0.5 * (forward - backward)
    }

    fn f64(&self, column: &Column, x: f64) -> f64 {
        if self.normal {
            let share = if x - THRESHOLD < column.low {
                0.0
            } else if x + THRESHOLD > column.high {
                1.0
            } else {
                self.share(column, x)
            };
            return normal::clipped(inverse(share));
        }
        if x == column.low {
            0.0
        } else if x == column.high {
            1.0
        } else {
            self.share(column, x)
        }
    }

    /// Floats: every step but the interpolation rounds to floats.
    fn f32(&self, column: &Column, x: f32) -> f32 {
        let bound = |v: f64| if self.narrow { f64::from(v as f32) } else { v };
        let (low, high) = (bound(column.low), bound(column.high));
        let share = |below: bool, above: bool| {
            if below {
                0.0
            } else if above {
                1.0
            } else {
                self.share(column, f64::from(x)) as f32
            }
        };
        if !self.normal {
            return share(f64::from(x) == low, f64::from(x) == high);
        }
        let near = THRESHOLD as f32;
        let share = share(f64::from(x - near) < low, f64::from(x + near) > high);
        normal::clipped(f64::from(inverse(f64::from(share)) as f32)) as f32
    }
}

impl Transform for QuantileTransformer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let mut table = check::numeric(input, self.inputs.columns, Allow::Nan, CLASS)?;
        let width = self.columns.len().max(1);
        match &mut table.data {
            Data::F64(m) => {
                for row in m.values.chunks_exact_mut(width) {
                    for (v, column) in row.iter_mut().zip(&self.columns) {
                        *v = self.f64(column, *v);
                    }
                }
            }
            Data::F32(m) => {
                for row in m.values.chunks_exact_mut(width) {
                    for (v, column) in row.iter_mut().zip(&self.columns) {
                        *v = self.f32(column, *v);
                    }
                }
            }
            Data::Sparse(csr) => {
                if !self.any_sparse && csr.values.iter().any(|&v| v < 0.0) {
                    return Err(Error::input(format!(
                        "`{CLASS}` takes no negative values in sparse rows; fit it with \
                         `ignore_implicit_zeros=True`, or send dense rows"
                    )));
                }
                csr.make_floats();
                for (v, &column) in csr.values.iter_mut().zip(&csr.indices) {
                    let Some(column) = self.columns.get(column as usize) else { continue };
                    *v = match csr.scalar {
                        Scalar::F32 => f64::from(self.f32(column, *v as f32)),
                        _ => self.f64(column, *v),
                    };
                }
            }
            _ => {}
        }
        Ok(table)
    }
}
