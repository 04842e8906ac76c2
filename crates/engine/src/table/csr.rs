/// The numpy type that the values of a [`Csr`] stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scalar {
    /// `float64`.
    #[default]
    F64,
    /// `float32`; every value is one exactly.
    F32,
    /// `int64`; every value is a whole number.
    I64,
}

/// A sparse row-major matrix (compressed sparse rows), held as doubles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csr {
    /// What an answer made of it is typed as.
    pub scalar: Scalar,
    /// Number of columns.
    pub columns: usize,
    /// `rows + 1` offsets into `indices` and `values`.
    pub starts: Vec<usize>,
    /// Column of each stored value; ascending inside a row unless the maker says otherwise.
    pub indices: Vec<u32>,
    /// The stored values.
    pub values: Vec<f64>,
}

impl Csr {
    /// The columns and values stored for `row`; empty when there is no such row.
    pub fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let range = match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        };
        (
            self.indices.get(range.clone()).unwrap_or_default(),
            self.values.get(range).unwrap_or_default(),
        )
    }
}
