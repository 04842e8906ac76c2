//! Small dense systems of equations, solved once when a model is read.

/// The largest system that is solved: what takes seconds is no model that a library would train.
pub(crate) const MOST_UNKNOWNS: usize = 2048;

/// Solves `matrix · x = right` for several right-hand sides, by elimination with row exchanges.
///
/// `matrix` is `size × size`, `right` is `size × sides`, both row-major. `None` when the matrix is
/// singular or the sizes do not agree.
pub(crate) fn solve(
    mut matrix: Vec<f64>,
    mut right: Vec<f64>,
    size: usize,
    sides: usize,
) -> Option<Vec<f64>> {
    if size > MOST_UNKNOWNS
        || Some(matrix.len()) != size.checked_mul(size)
        || Some(right.len()) != size.checked_mul(sides)
    {
        return None;
    }
    for step in 0..size {
        let column = |row: usize| matrix.get(row * size + step).map_or(0.0, |v| v.abs());
        let pivot = (step..size).fold(
            step,
            |best, row| {
                if column(row) > column(best) { row } else { best }
            },
        );
        exchange(&mut matrix, size, step, pivot);
        exchange(&mut right, sides, step, pivot);
        let (done, below) = matrix.split_at_mut_checked((step + 1) * size)?;
        let top = done.get(step * size..)?;
        let head = *top.get(step)?;
        if head == 0.0 || !head.is_finite() {
            return None;
        }
        let (right_done, right_below) = right.split_at_mut_checked((step + 1) * sides)?;
        let right_top = right_done.get(step * sides..)?;
        for (row, right) in
            below.chunks_exact_mut(size).zip(right_below.chunks_exact_mut(sides.max(1)))
        {
            let factor = row.get(step)? / head;
            row.iter_mut().zip(top).for_each(|(v, t)| *v -= factor * t);
            right.iter_mut().zip(right_top).for_each(|(v, t)| *v -= factor * t);
        }
    }
    for step in (0..size).rev() {
        let row = matrix.get(step * size..(step + 1) * size)?;
        let (above, below) = right.split_at_mut_checked((step + 1) * sides)?;
        let own = above.get_mut(step * sides..)?;
        for (weight, solved) in row.iter().skip(step + 1).zip(below.chunks_exact(sides.max(1))) {
            own.iter_mut().zip(solved).for_each(|(v, s)| *v -= weight * s);
        }
        let head = *row.get(step)?;
        for v in own {
            *v /= head;
        }
    }
    Some(right)
}

/// The inverse of a `size × size` matrix; `None` when it is singular.
pub(crate) fn inverse(matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    solve(matrix, identity(size), size, size)
}

fn identity(size: usize) -> Vec<f64> {
    let mut out = vec![0.0; size * size];
    for v in out.iter_mut().step_by(size + 1) {
        *v = 1.0;
    }
    out
}

fn exchange(values: &mut [f64], width: usize, a: usize, b: usize) {
    if a == b {
        return;
    }
    for at in 0..width {
        let (a, b) = (a * width + at, b * width + at);
        if a.max(b) < values.len() {
            values.swap(a, b);
        }
    }
}

/// `a · bᵀ` for row-major `a` and `b` whose rows have `columns` values.
pub(crate) fn times_transposed(a: &[f64], b: &[f64], columns: usize) -> Vec<f64> {
    let columns = columns.max(1);
    let rows = a.chunks_exact(columns);
    rows.flat_map(|x| {
        b.chunks_exact(columns).map(move |y| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{inverse, solve, times_transposed};

    proptest! {
        #[test]
        fn an_inverse_times_its_matrix_is_one(values in prop::collection::vec(-3f64..3.0, 16)) {
            let mut matrix = values;
            for v in matrix.iter_mut().step_by(5) {
                *v += 15.0;
            }
            let other = inverse(matrix.clone(), 4).unwrap();
            for (row, line) in matrix.chunks_exact(4).enumerate() {
                for column in 0..4 {
                    let value: f64 = (0..4).map(|k| line[k] * other[k * 4 + column]).sum();
                    let expected = if row == column { 1.0 } else { 0.0 };
                    prop_assert!((value - expected).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn rows_are_exchanged_and_singular_ones_found() {
        assert_eq!(solve(vec![0.0, 2.0, 4.0, 0.0], vec![6.0, 8.0], 2, 1), Some(vec![2.0, 3.0]));
        assert_eq!(solve(vec![1.0, 2.0, 2.0, 4.0], vec![1.0, 2.0], 2, 1), None);
        assert_eq!(solve(vec![1.0], vec![1.0], 2, 1), None);
        assert_eq!(times_transposed(&[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0], 2), [11.0, 17.0]);
    }
}
