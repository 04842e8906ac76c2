//! Piecewise linear functions.

/// `numpy.interp` for one value: linear between the points `(xs, ys)`, of which `xs` ascends, and
/// constant beyond them. NaN stays.
pub(super) fn linear(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    if x.is_nan() {
        return x;
    }
    let after = xs.partition_point(|&known| known <= x);
    let Some(at) = after.checked_sub(1) else { return ys.first().copied().unwrap_or(f64::NAN) };
    let (Some(&x0), Some(&y0)) = (xs.get(at), ys.get(at)) else { return f64::NAN };
    let (Some(&x1), Some(&y1)) = (xs.get(after), ys.get(after)) else {
        return ys.last().copied().unwrap_or(f64::NAN);
    };
    if x0 == x {
        return y0;
    }
    let slope = (y1 - y0) / (x1 - x0);
    let found = slope * (x - x0) + y0;
    if !found.is_nan() {
        return found;
    }
    // infinite points give NaN from one side
    let other = slope * (x - x1) + y1;
    if other.is_nan() && y0 == y1 { y0 } else { other }
}

#[cfg(test)]
mod tests {
    use super::linear;

    #[test]
    fn values_between_points_are_linear_and_others_constant() {
        let (xs, ys) = ([0.0, 1.0, 1.0, 3.0], [0.0, 10.0, 20.0, 0.0]);
        let at = |x| linear(x, &xs, &ys);
        assert_eq!([at(-1.0), at(0.5), at(1.0), at(2.0), at(9.0)], [0.0, 5.0, 20.0, 10.0, 0.0]);
        assert!(at(f64::NAN).is_nan() && linear(1.0, &[], &[]).is_nan());
    }
}
