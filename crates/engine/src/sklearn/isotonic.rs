use super::{
    check::{self, Allow},
    interpolate::linear,
};
use crate::{
    Data, Error, Inputs, Method, Output, OutputData, Predictor, Table,
    attributes::{self, version},
    read::Cursor,
};

const CLASS: &str = "IsotonicRegression";

/// `IsotonicRegression`: a monotonic function of one column, linear between thresholds.
#[derive(Debug)]
pub(crate) struct IsotonicRegression {
    xs: Vec<f64>,
    ys: Vec<f64>,
    beyond: Beyond,
    /// True when the thresholds are floats: rows become floats, and so does each step.
    floats: bool,
    /// How the scipy of the file's time interpolates floats: the mean of the thresholds around a
    /// value, weighted by how near they are, or the slope between them.
    weighted: bool,
}

/// What becomes of values beyond the first and the last threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beyond {
    Nan,
    /// The bounds that values are moved into.
    Clipped(f64, f64),
    Refused,
}

impl IsotonicRegression {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let xs = attributes::grid(c, "X_thresholds_")?;
        let ys = attributes::numbers_of(c, "y_thresholds_", xs.values.len())?;
        if xs.values.is_empty() || !xs.values.is_sorted() {
            return Err(Error::attribute(CLASS, "X_thresholds_", "does not ascend"));
        }
        let bound = |name| {
            attributes::number(c, name)
                .ok_or_else(|| Error::attribute(CLASS, name, "is missing: is it fitted?"))
        };
        let beyond = match attributes::text(c, "out_of_bounds").unwrap_or("nan") {
            "nan" => Beyond::Nan,
            "clip" => Beyond::Clipped(bound("X_min_")?, bound("X_max_")?),
            "raise" => Beyond::Refused,
            other => return Err(Error::attribute(CLASS, "out_of_bounds", format!("is `{other}`"))),
        };
        let weighted = version(c).is_some_and(|version| version >= (1, 9));
        Ok(Self { floats: xs.yields_f32, xs: xs.values, ys, beyond, weighted })
    }

    /// The value at `x`, and whether `x` is beyond the thresholds.
    pub(super) fn at(&self, x: f64) -> (f64, bool) {
        if let [only] = self.ys[..] {
            return (only, false);
        }
        let x = match self.beyond {
            Beyond::Clipped(low, _) if x < low => low,
            Beyond::Clipped(_, high) if x > high => high,
            _ => x,
        };
        let first = self.xs.first().is_some_and(|&first| x < first);
        let outside = first || self.xs.last().is_some_and(|&last| x > last);
        if outside {
            return (f64::NAN, true);
        }
        (if self.floats { self.at_float(x as f32) } else { linear(x, &self.xs, &self.ys) }, false)
    }

    /// scipy's own interpolation, which it takes for floats.
    fn at_float(&self, x: f32) -> f64 {
        let above = self.xs.partition_point(|&known| known < f64::from(x));
        let above = above.clamp(1, self.xs.len() - 1);
        let point = |at: usize| {
            let (x, y) = (self.xs.get(at), self.ys.get(at));
            (x.map_or(f32::NAN, |&v| v as f32), y.map_or(f32::NAN, |&v| v as f32))
        };
        let ((x0, y0), (x1, y1)) = (point(above - 1), point(above));
        f64::from(if self.weighted {
            (x - x0) / (x1 - x0) * y1 + (x1 - x) / (x1 - x0) * y0
        } else {
            (y1 - y0) / (x1 - x0) * (x - x0) + y0
        })
    }
}

impl Predictor for IsotonicRegression {
    fn inputs(&self) -> Inputs {
        Inputs { columns: Some(1), ..Inputs::default() }
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::Transform]
    }

    fn transformed(&self, _columns: usize) -> Option<usize> {
        Some(1)
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        check::width(input, Some(1), CLASS)?;
        check::dense(input, CLASS)?;
        let rows = check::floats(input.clone())?;
        let values = if self.floats {
            rows.to_f32()?.iter().map(|&v| f64::from(v)).collect()
        } else {
            rows.to_f64()?.into_owned()
        };
        let rows = Table::matrix(input.rows, 1, values);
        check::finite(&rows.data, Allow::Finite, CLASS)?;
        let Data::F64(m) = rows.data else { return Err(Error::input("the rows are no numbers")) };
        let mut out = m.values;
        for (row, x) in out.iter_mut().enumerate() {
            let (y, outside) = self.at(*x);
            if outside && self.beyond == Beyond::Refused {
                let reason = format!("is {x}, which is beyond what `{CLASS}` was fitted on");
                return Err(Error::value(row, 0, reason));
            }
            *x = y;
        }
        Ok(Output::flat(if self.floats {
            OutputData::F32(out.into_iter().map(|v| v as f32).collect())
        } else {
            OutputData::F64(out)
        }))
    }
}
