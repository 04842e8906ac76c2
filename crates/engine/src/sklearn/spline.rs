use basis::{Basis, Work};

use super::check::{self, Allow};
use crate::{
    Csr, Data, Error, Inputs, Matrix, Table, attributes, estimator::Transform, quantity,
    read::Cursor,
};

mod basis;

const CLASS: &str = "SplineTransformer";

/// `SplineTransformer`: the values of the B-splines of each column.
#[derive(Debug)]
pub(crate) struct SplineTransformer {
    inputs: Inputs,
    columns: Vec<Column>,
    beyond: Beyond,
    /// Whether the last spline of each column is given.
    bias: bool,
    sparse: bool,
    /// NaN where missing values become zeros; they are refused otherwise.
    allow: Allow,
    /// Under numpy 1, bounds are compared with floats as floats.
    narrow: bool,
}

/// What becomes of values beyond the first and the last knot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beyond {
    Refused,
    Constant,
    Linear,
    Continued,
    Periodic,
}

#[derive(Debug)]
struct Column {
    basis: Basis,
    low: Edge,
    high: Edge,
    /// Splines at either end that go on linearly.
    linear: usize,
}

/// The first or the last knot: the values of the splines there, and their slopes.
#[derive(Debug)]
struct Edge {
    at: f64,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

impl Edge {
    fn new(basis: &Basis, at: f64) -> Self {
        let evaluated = |derivative| {
            let mut out = vec![0.0; basis.outputs()];
            basis.at(at, derivative, false, &mut Work::default(), &mut out);
            out
        };
        Self { at, values: evaluated(0), slopes: evaluated(1) }
    }
}

impl SplineTransformer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let splines = attributes::list(c, "bsplines_")?;
        let inputs = attributes::inputs(c, Some(splines.len()));
        attributes::counted(c, "bsplines_", splines.len(), inputs.columns.unwrap_or_default())?;
        let wrong = |reason: &str| Error::attribute(CLASS, "bsplines_", reason);
        let linear = attributes::text(c, "extrapolation") == Some("linear");
        let mut columns: Vec<Column> = Vec::with_capacity(splines.len());
        for spline in splines {
            let basis = Basis::read(spline).map_err(wrong)?;
            // for degrees up to 1 the library counts one more at every column, and goes on from there
            let before = columns.last().map_or(basis.degree(), |column| column.linear);
            let outer = if linear { before } else { basis.degree() };
            let (low, high) = basis.knots_at(outer);
            let (low, high) = (Edge::new(&basis, low), Edge::new(&basis, high));
            columns.push(Column { basis, low, high, linear: outer + usize::from(outer <= 1) });
        }
        let (degree, outputs) =
            columns.first().map_or((0, 1), |first| (first.basis.degree(), first.basis.outputs()));
        let alike =
            |column: &Column| column.basis.degree() == degree && column.basis.outputs() == outputs;
        if !columns.iter().all(alike) {
            return Err(wrong("has splines of several degrees or sizes"));
        }
        let beyond = match attributes::text(c, "extrapolation").unwrap_or("constant") {
            "error" => Beyond::Refused,
            "constant" => Beyond::Constant,
            "linear" => Beyond::Linear,
            "continue" => Beyond::Continued,
            "periodic" => Beyond::Periodic,
            other => return Err(Error::attribute(CLASS, "extrapolation", format!("is `{other}`"))),
        };
        if beyond == Beyond::Constant && outputs < degree {
            let have = quantity(outputs, "spline");
            return Err(wrong(&format!("has {have} of degree {degree}")));
        }
        Ok(Self {
            inputs,
            columns,
            beyond,
            bias: attributes::flag(c, "include_bias", true),
            sparse: attributes::flag(c, "sparse_output", false),
            allow: match attributes::text(c, "handle_missing") {
                Some("zeros") => Allow::Nan,
                _ => Allow::Finite,
            },
            narrow: attributes::is_numpy_1(c, (1, 4)),
        })
    }

    /// Splines of each column that are given.
    fn given(&self) -> usize {
        let all = self.columns.first().map_or(0, |column| column.basis.outputs());
        all - usize::from(!self.bias && all > 0)
    }

    /// Writes the splines of one value into `out`, which holds zeros. `float` tells that the value
    /// is one.
    fn fill(
        &self,
        column: &Column,
        x: f64,
        float: bool,
        work: &mut Work,
        out: &mut [f64],
    ) -> Result<(), &'static str> {
        if x.is_nan() {
            return Ok(());
        }
        let narrow = float && self.narrow;
        let bound = |v: f64| if narrow { f64::from(v as f32) } else { v };
        let (low, high) = (bound(column.low.at), bound(column.high.at));
        match self.beyond {
            Beyond::Continued => column.basis.at(x, 0, true, work, out),
            Beyond::Periodic => {
                let x = self.wrapped(x, column.low.at, column.high.at, narrow);
                column.basis.at(x, 0, true, work, out);
            }
            Beyond::Refused => {
                column.basis.at(x, 0, false, work, out);
                if out.iter().any(|v| v.is_nan()) {
                    return Err("is beyond the knots, which this `SplineTransformer` refuses");
                }
            }
            Beyond::Constant if x < low => {
                let kept = column.basis.degree();
                out.iter_mut().zip(&column.low.values).take(kept).for_each(|(to, v)| *to = *v);
            }
            Beyond::Constant if x > high => {
                let degree = column.basis.degree();
                if degree == 0 && !self.sparse {
                    // the library has no place to write the value to
                    return Err("is above the last knot, where splines of degree 0 have no value");
                }
                let skipped = if degree == 0 { 0 } else { out.len() - degree };
                let kept = out.iter_mut().zip(&column.high.values).skip(skipped);
                kept.for_each(|(to, v)| *to = *v);
            }
            Beyond::Linear if x < low || x > high => {
                let some = column.linear;
                let (edge, skipped) = if x < low {
                    (&column.low, 0)
                } else {
                    (&column.high, out.len().saturating_sub(some))
                };
                let points = edge.values.iter().zip(&edge.slopes);
                for (to, (&value, &slope)) in out.iter_mut().zip(points).skip(skipped).take(some) {
                    *to = if narrow {
                        let run = (x as f32 - edge.at as f32) * slope as f32;
                        f64::from(value as f32 + run)
                    } else {
                        value + (x - edge.at) * slope
                    };
                }
            }
            Beyond::Constant | Beyond::Linear => column.basis.at(x, 0, false, work, out),
        }
        Ok(())
    }

    /// The value in the first period that is as far into it.
    fn wrapped(&self, x: f64, start: f64, end: f64, narrow: bool) -> f64 {
        let period = end - start;
        // only a column of one value, the others missing, has an empty period
        if period <= 0.0 && self.allow == Allow::Nan {
            return 0.0;
        }
        if narrow {
            let (start, period) = (start as f32, period as f32);
            let rest = (x as f32 - start) % period;
            let rest = if rest < 0.0 { rest + period } else { rest };
            return f64::from(start + rest);
        }
        let rest = (x - start) % period;
        start + if rest < 0.0 { rest + period } else { rest }
    }

    /// Calls `give` with the splines of every value, row after row.
    fn each(
        &self,
        values: impl Iterator<Item = f64>,
        float: bool,
        mut give: impl FnMut(usize, &[f64]),
    ) -> Result<(), Error> {
        let width = self.columns.len();
        let mut work = Work::default();
        let mut out = vec![0.0; self.columns.first().map_or(0, |column| column.basis.outputs())];
        for ((at, x), column) in values.enumerate().zip(self.columns.iter().cycle()) {
            out.fill(0.0);
            self.fill(column, x, float, &mut work, &mut out)
                .map_err(|reason| Error::value(at / width, at % width, reason))?;
            give(at, out.get(..self.given()).unwrap_or_default());
        }
        Ok(())
    }
}

impl Transform for SplineTransformer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, columns: usize) -> usize {
        columns * self.given()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        output.checked_div(self.given())
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        let table = check::numeric(input, self.inputs.columns, self.allow, CLASS)?;
        check::dense(&table, CLASS)?;
        let rows = table.rows;
        let (float, values) = (matches!(table.data, Data::F32(_)), table.to_f64()?);
        let (width, given) = (self.columns.len(), self.given());
        let values = values.iter().copied();
        let data = if self.sparse {
            let mut csr = Csr::with_capacity(width * given, rows, 0);
            self.each(values, float, |at, splines| {
                let start = at % width * given;
                for (place, &value) in splines.iter().enumerate().filter(|&(_, &v)| v != 0.0) {
                    csr.indices.push((start + place) as u32);
                    csr.values.push(value);
                }
                if (at + 1) % width == 0 {
                    csr.end_row();
                }
            })?;
            Data::Sparse(csr)
        } else if float {
            let mut out: Vec<f32> = Vec::with_capacity(rows * width * given);
            self.each(values, float, |_, splines| out.extend(splines.iter().map(|&v| v as f32)))?;
            Data::F32(Matrix { columns: width * given, values: out })
        } else {
            let mut out = Vec::with_capacity(rows * width * given);
            self.each(values, float, |_, splines| out.extend_from_slice(splines))?;
            Data::F64(Matrix { columns: width * given, values: out })
        };
        Ok(Table { rows, names: None, data })
    }
}
