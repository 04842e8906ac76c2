//! Scalers: one or two operations a column, in the order and precision of numpy.

use crate::{
    Data, Error, Inputs, Table,
    attributes::{self, version},
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// One operation, with its operand for each column.
#[derive(Debug)]
enum Op {
    Subtract(Vec<f64>),
    Divide(Vec<f64>),
    Multiply(Vec<f64>),
    Add(Vec<f64>),
    Clip(f64, f64),
}

/// A column-wise affine transform: every operation rounds to the type of the rows before the next.
#[derive(Debug)]
pub(crate) struct Scaler {
    class: &'static str,
    inputs: Inputs,
    ops: Vec<Op>,
    /// What sparse rows are multiplied by; they cannot be shifted.
    sparse_scale: Option<Vec<f64>>,
    /// Why sparse rows are refused.
    sparse_refusal: Option<&'static str>,
    /// For rows of floats, operands are rounded to floats before they are used.
    casts: bool,
}

impl Scaler {
    /// `StandardScaler`: (x − mean) / scale.
    pub(crate) fn standard(c: Cursor<'_>) -> Result<Self, Error> {
        let mean = attributes::flag(c, "with_mean", true).then(|| attributes::numbers(c, "mean_"));
        let scale = attributes::flag(c, "with_std", true).then(|| attributes::numbers(c, "scale_"));
        let (mean, scale) = (mean.transpose()?, scale.transpose()?);
        let mut scaler = Self::new("StandardScaler", c)?;
        scaler.sparse_scale = scale.as_ref().map(|scale| reciprocals(scale));
        if mean.is_some() {
            scaler.sparse_refusal = Some("it subtracts the mean, which sparse rows cannot express");
        }
        scaler.ops.extend(mean.map(Op::Subtract));
        scaler.ops.extend(scale.map(Op::Divide));
        // from 1.8 on the parameters are cast to the type of the rows first
        scaler.casts = version(c).is_some_and(|version| version >= (1, 8));
        scaler.checked(c)
    }

    /// `MinMaxScaler`: x · scale + min, then a clip.
    pub(crate) fn min_max(c: Cursor<'_>) -> Result<Self, Error> {
        let mut scaler = Self::new("MinMaxScaler", c)?;
        scaler.ops = vec![
            Op::Multiply(attributes::numbers(c, "scale_")?),
            Op::Add(attributes::numbers(c, "min_")?),
        ];
        if attributes::flag(c, "clip", false) {
            let range = attributes::numbers_of(c, "feature_range", 2)?;
            if let [low, high] = range[..] {
                scaler.ops.push(Op::Clip(low, high));
            }
        }
        scaler.sparse_refusal = Some("it shifts values, which sparse rows cannot express");
        scaler.checked(c)
    }

    /// `RobustScaler`: (x − center) / scale.
    pub(crate) fn robust(c: Cursor<'_>) -> Result<Self, Error> {
        let mut scaler = Self::new("RobustScaler", c)?;
        if attributes::flag(c, "with_centering", true) {
            scaler.ops.push(Op::Subtract(attributes::numbers(c, "center_")?));
        }
        if attributes::flag(c, "with_scaling", true) {
            let scale = attributes::numbers(c, "scale_")?;
            scaler.sparse_scale = Some(reciprocals(&scale));
            scaler.ops.push(Op::Divide(scale));
        }
        scaler.checked(c)
    }

    /// `MaxAbsScaler`: x / scale, then (from 1.9 on, if asked) a clip.
    pub(crate) fn max_abs(c: Cursor<'_>) -> Result<Self, Error> {
        let mut scaler = Self::new("MaxAbsScaler", c)?;
        let scale = attributes::numbers(c, "scale_")?;
        scaler.sparse_scale = Some(reciprocals(&scale));
        scaler.ops.push(Op::Divide(scale));
        if attributes::flag(c, "clip", false) {
            scaler.ops.push(Op::Clip(-1.0, 1.0));
        }
        scaler.checked(c)
    }

    /// What undoes it, a clip aside; dense rows only.
    pub(crate) fn inverse(mut self) -> Self {
        let ops = self.ops.into_iter().rev().filter_map(|op| match op {
            Op::Subtract(v) => Some(Op::Add(v)),
            Op::Divide(v) => Some(Op::Multiply(v)),
            Op::Multiply(v) => Some(Op::Divide(v)),
            Op::Add(v) => Some(Op::Subtract(v)),
            Op::Clip(..) => None,
        });
        self.ops = ops.collect();
        self.sparse_refusal = Some("only dense rows are transformed back");
        self
    }

    fn new(class: &'static str, c: Cursor<'_>) -> Result<Self, Error> {
        let columns = ["scale_", "mean_", "center_", "var_"]
            .into_iter()
            .find_map(|name| attributes::numbers_if_any(c, name).ok().flatten())
            .map(|values| values.len());
        let inputs = attributes::inputs(c, columns);
        if inputs.columns.is_none() {
            return Err(Error::attribute(class, "n_features_in_", "is missing: is it fitted?"));
        }
        Ok(Self {
            class,
            inputs,
            ops: Vec::new(),
            sparse_scale: None,
            sparse_refusal: None,
            casts: false,
        })
    }

    fn checked(self, c: Cursor<'_>) -> Result<Self, Error> {
        let columns = self.inputs.columns.unwrap_or_default();
        for op in &self.ops {
            match op {
                Op::Subtract(v) => attributes::counted(c, "mean_", v.len(), columns)?,
                Op::Add(v) => attributes::counted(c, "min_", v.len(), columns)?,
                Op::Divide(v) | Op::Multiply(v) => {
                    attributes::counted(c, "scale_", v.len(), columns)?;
                }
                Op::Clip(..) => {}
            }
        }
        Ok(self)
    }

    /// Floats: each operation in double precision, then rounded. For one operation on two floats
    /// that is what float arithmetic gives, as a double holds more than twice as many digits.
    fn apply_f32(&self, row: &mut [f32]) {
        let operand = |p: f64| if self.casts { f64::from(p as f32) } else { p };
        let each = |row: &mut [f32], operands: &[f64], f: fn(f64, f64) -> f64| {
            for (v, &p) in row.iter_mut().zip(operands) {
                *v = f(f64::from(*v), operand(p)) as f32;
            }
        };
        for op in &self.ops {
            match op {
                Op::Subtract(p) => each(row, p, |v, p| v - p),
                Op::Divide(p) => each(row, p, |v, p| v / p),
                Op::Multiply(p) => each(row, p, |v, p| v * p),
                Op::Add(p) => each(row, p, |v, p| v + p),
                Op::Clip(low, high) => {
                    let (low, high) = (*low as f32, *high as f32);
                    for v in row.iter_mut() {
                        *v = clip(*v, low, high);
                    }
                }
            }
        }
    }

    fn apply_f64(&self, row: &mut [f64]) {
        for op in &self.ops {
            match op {
                Op::Subtract(p) => row.iter_mut().zip(p).for_each(|(v, p)| *v -= p),
                Op::Divide(p) => row.iter_mut().zip(p).for_each(|(v, p)| *v /= p),
                Op::Multiply(p) => row.iter_mut().zip(p).for_each(|(v, p)| *v *= p),
                Op::Add(p) => row.iter_mut().zip(p).for_each(|(v, p)| *v += p),
                Op::Clip(low, high) => row.iter_mut().for_each(|v| *v = clip(*v, *low, *high)),
            }
        }
    }
}

/// numpy's clip: NaN stays.
fn clip<T: PartialOrd>(value: T, low: T, high: T) -> T {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

fn reciprocals(scale: &[f64]) -> Vec<f64> {
    scale.iter().map(|s| 1.0 / s).collect()
}

impl Transform for Scaler {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn typical(&self, column: usize, _columns: usize) -> Option<f64> {
        match &self.ops[..] {
            // the mean, or the median
            [Op::Subtract(centres), ..] => centres.get(column).copied(),
            // the middle of what was scaled to 0 and 1
            [Op::Multiply(scales), Op::Add(least), ..] => {
                let middle = (0.5 - least.get(column)?) / scales.get(column)?;
                Some(middle).filter(|middle| middle.is_finite())
            }
            _ => None,
        }
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let mut table = check::numeric(input, self.inputs.columns, Allow::Nan, self.class)?;
        let width = self.inputs.columns.unwrap_or_default().max(1);
        match &mut table.data {
            Data::F64(m) => m.values.chunks_exact_mut(width).for_each(|row| self.apply_f64(row)),
            Data::F32(m) => m.values.chunks_exact_mut(width).for_each(|row| self.apply_f32(row)),
            Data::Sparse(csr) => {
                if let Some(why) = self.sparse_refusal {
                    return Err(Error::input(format!(
                        "`{}` cannot take sparse rows: {why}",
                        self.class
                    )));
                }
                csr.make_floats();
                if let Some(scale) = &self.sparse_scale {
                    for (value, &column) in csr.values.iter_mut().zip(&csr.indices) {
                        *value *= scale.get(column as usize).copied().unwrap_or(1.0);
                    }
                }
                for op in &self.ops {
                    if let Op::Clip(low, high) = op {
                        for v in &mut csr.values {
                            *v = clip(*v, *low, *high);
                        }
                    }
                }
                csr.round();
            }
            _ => {}
        }
        Ok(table)
    }
}
