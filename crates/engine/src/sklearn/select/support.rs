use crate::{
    Error,
    attributes::{self, Grid},
    read::Cursor,
    sklearn::sparse,
};

/// Coefficients up to which they are worked out.
const MOST_VALUES: usize = 1 << 26;

/// `coef_` of a support vector machine with a linear kernel: for several classes a row for each pair.
///
/// # Errors
/// [`Error::Attribute`] for vectors, weights and counts that do not fit together.
pub(super) fn coefficients(c: Cursor<'_>) -> Result<Grid, Error> {
    let name = if c.attr("_dual_coef_").is_some() { "_dual_coef_" } else { "dual_coef_" };
    let counts = match c.class_name() {
        "SVC" | "NuSVC" => {
            let name = if c.attr("_n_support").is_some() { "_n_support" } else { "n_support_" };
            attributes::numbers(c, name)?
        }
        _ => Vec::new(),
    };
    let rows = counts.len().saturating_sub(1).max(1);
    let (weights, total) = sparse::either(c, name, rows)?;
    let (vectors, columns) = sparse::either(c, "support_vectors_", total)?;
    let pairs = counts.len() * counts.len().saturating_sub(1) / 2;
    if pairs.saturating_mul(columns) > MOST_VALUES {
        return Err(Error::attribute(c.class_name(), "_n_support", "names too many classes"));
    }
    let mut starts = vec![0_usize];
    for count in &counts {
        starts.push(starts.last().copied().unwrap_or(0).saturating_add(*count as usize));
    }
    let mut values = Vec::new();
    let mut add = |parts: &[(usize, usize, usize)]| {
        let mut sums = vec![0.0; columns];
        for &(row, start, end) in parts {
            let weights = weights.get(row * total..(row + 1) * total).unwrap_or_default();
            let all = weights.iter().zip(vectors.chunks_exact(columns.max(1)));
            for (weight, vector) in all.skip(start).take(end.saturating_sub(start)) {
                sums.iter_mut().zip(vector).for_each(|(sum, v)| *sum += weight * v);
            }
        }
        values.extend(sums);
    };
    if rows == 1 {
        add(&[(0, 0, total)]);
        return Ok(Grid { shape: vec![1, columns], values, yields_f32: false });
    }
    let spans: Vec<(usize, usize)> =
        starts.iter().copied().zip(starts.iter().copied().skip(1)).collect();
    for (i, first) in spans.iter().enumerate() {
        for (j, second) in spans.iter().enumerate().skip(i + 1) {
            add(&[(j - 1, first.0, first.1), (i, second.0, second.1)]);
        }
    }
    Ok(Grid { shape: vec![pairs, columns], values, yields_f32: false })
}
