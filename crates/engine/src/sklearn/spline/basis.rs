//! The B-splines of one column, as scipy's `BSpline` evaluates them (de Boor's recurrence).

use crate::read::{Cursor, Kind};

/// The basis splines of a degree over knots.
#[derive(Debug)]
pub(super) struct Basis {
    knots: Vec<f64>,
    degree: usize,
    /// The output column of each spline: those that go around a period share one.
    columns: Vec<usize>,
    outputs: usize,
}

/// Room for the values of the splines at one place.
#[derive(Debug, Default)]
pub(super) struct Work {
    values: Vec<f64>,
    before: Vec<f64>,
}

/// Knots and coefficients ascend, and there are as many as the degree asks for: what
/// [`Basis::read`] refuses otherwise.
const WRONG: &str = "holds no spline with ascending knots and a column for each basis function";

impl Basis {
    /// Reads scipy's `BSpline`.
    pub(super) fn read(spline: Cursor<'_>) -> Result<Self, &'static str> {
        let spline = inner(spline);
        let array = |name| {
            let array = spline.attr(name)?.as_array()?;
            Some((array.shape.clone(), array.f64s(spline.document()).ok()?))
        };
        let (Some((_, knots)), Some((shape, coefficients))) = (array("t"), array("c")) else {
            return Err(WRONG);
        };
        let degree =
            spline.attr("k").and_then(Cursor::as_i64).and_then(|k| usize::try_from(k).ok());
        let (Some(degree), &[splines, outputs]) = (degree, &shape[..]) else { return Err(WRONG) };
        let enough = knots.len() > 2 * degree + 1 && knots.len() - degree - 1 == splines;
        if !enough || outputs == 0 || !knots.is_sorted() {
            return Err(WRONG);
        }
        let one = |row: &[f64]| {
            let mut set = row.iter().enumerate().filter(|&(_, &v)| v != 0.0);
            let (at, &value) = set.next()?;
            (value == 1.0 && set.next().is_none()).then_some(at)
        };
        let columns: Option<Vec<_>> = coefficients.chunks_exact(outputs).map(one).collect();
        match columns {
            Some(columns) if columns.len() == splines => {
                Ok(Self { knots, degree, columns, outputs })
            }
            _ => Err(WRONG),
        }
    }

    /// Number of output columns.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn degree(&self) -> usize {
        self.degree
    }

    /// The first and the last knot of training.
    fn bounds(&self) -> (f64, f64) {
        self.knots_at(self.degree)
    }

    /// The knots that have so many before and after them.
    pub(super) fn knots_at(&self, outer: usize) -> (f64, f64) {
        let at = |place: usize| self.knots.get(place).copied().unwrap_or(f64::NAN);
        (at(outer), at(self.knots.len().saturating_sub(outer + 1)))
    }

    /// Writes the values at `x` into `out`, which has [`Basis::outputs`] zeros, or those of their
    /// derivative of an order; NaN where `x` is NaN, or beyond the knots unless it extrapolates.
    pub(super) fn at(
        &self,
        x: f64,
        derivative: usize,
        extrapolates: bool,
        work: &mut Work,
        out: &mut [f64],
    ) {
        let (low, high) = self.bounds();
        if x.is_nan() || !extrapolates && !(low..=high).contains(&x) {
            out.fill(f64::NAN);
            return;
        }
        let last = self.knots.len() - self.degree - 2;
        let interval = self.knots.partition_point(|&knot| knot <= x).saturating_sub(1);
        let interval = interval.clamp(self.degree, last);
        self.recur(x, derivative, interval, work);
        for (at, &value) in work.values.iter().enumerate().take(self.degree + 1) {
            let column = self.columns.get(interval + at - self.degree);
            if let Some(cell) = column.and_then(|&column| out.get_mut(column)) {
                *cell += value;
            }
        }
    }

    fn recur(&self, x: f64, derivative: usize, interval: usize, work: &mut Work) {
        let Work { values, before } = work;
        values.clear();
        values.resize(self.degree + 2, 0.0);
        if let Some(first) = values.first_mut() {
            *first = 1.0;
        }
        for order in 1..=self.degree {
            before.clear();
            before.extend_from_slice(values.get(..order).unwrap_or_default());
            let differs = order + derivative > self.degree;
            if let Some(first) = values.first_mut() {
                *first = 0.0;
            }
            for (at, &old) in before.iter().enumerate() {
                let (Some(&above), Some(&below)) = (
                    self.knots.get(interval + at + 1),
                    (interval + at + 1).checked_sub(order).and_then(|at| self.knots.get(at)),
                ) else {
                    continue;
                };
                let Some([left, right]) = values.get_mut(at..at + 2) else { continue };
                if above == below {
                    *right = 0.0;
                } else if differs {
                    let share = order as f64 * old / (above - below);
                    *left -= share;
                    *right = share;
                } else {
                    let share = old / (above - below);
                    *left += share * (above - x);
                    *right = share * (x - below);
                }
            }
        }
        if derivative > self.degree {
            values.fill(0.0);
        }
    }
}

/// From scipy 1.16 on, a spline's state is a tuple, and its first part holds the spline.
fn inner(spline: Cursor<'_>) -> Cursor<'_> {
    let Kind::Object(object) = spline.kind() else { return spline };
    let parts = object.state.and_then(|state| spline.go(state).items());
    match parts.and_then(|parts| parts.first()) {
        Some(&first) if spline.go(first).attr("t").is_some() => spline.go(first),
        _ => spline,
    }
}

#[cfg(test)]
mod tests {
    use super::{Basis, Work};

    fn basis(knots: &[f64], degree: usize) -> Basis {
        let splines = knots.len() - degree - 1;
        let columns = (0..splines).collect();
        Basis { knots: knots.to_vec(), degree, columns, outputs: splines }
    }

    fn values(basis: &Basis, x: f64, derivative: usize) -> Vec<f64> {
        let mut out = vec![0.0; basis.outputs()];
        basis.at(x, derivative, true, &mut Work::default(), &mut out);
        out
    }

    #[test]
    fn splines_share_one_and_their_slopes_cancel() {
        let basis = basis(&[-3.0, -2.0, -1.0, 0.0, 0.5, 0.5, 2.0, 3.0, 4.0, 5.0], 3);
        for x in [0.0, 0.25, 0.5, 1.9, 2.0] {
            assert!((values(&basis, x, 0).iter().sum::<f64>() - 1.0).abs() < 1e-14, "{x}");
            assert!(values(&basis, x, 1).iter().sum::<f64>().abs() < 1e-14, "{x}");
        }
        assert!(values(&basis, 1.0, 4).iter().all(|&v| v == 0.0));
    }

    #[test]
    fn beyond_the_knots_there_is_no_value_unless_it_extrapolates() {
        let basis = basis(&[0.0, 1.0, 2.0, 3.0], 1);
        let mut out = [0.0; 2];
        basis.at(2.5, 0, false, &mut Work::default(), &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
        assert_eq!(values(&basis, 3.0, 0), [-1.0, 2.0]);
    }
}
