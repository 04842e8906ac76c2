use crate::Error;

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
    /// `bool`; every value is 0 or 1.
    Bool,
}

/// A sparse row-major matrix (compressed sparse rows), held as doubles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csr {
    /// The numpy type of an answer that is made of it.
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
    /// Integers and booleans become doubles, as they do wherever numpy divides.
    pub(crate) fn make_floats(&mut self) {
        if self.scalar != Scalar::F32 {
            self.scalar = Scalar::F64;
        }
    }

    /// Rounds the values to the type they stand for, after arithmetic in doubles.
    pub(crate) fn round(&mut self) {
        if self.scalar == Scalar::F32 {
            self.values.iter_mut().for_each(|v| *v = f64::from(*v as f32));
        }
    }

    /// Checks that `rows` filled rows stay within memory that one request may take.
    ///
    /// # Errors
    /// [`Error::Input`] for more than 2^28 values.
    pub(crate) fn may_be_filled(&self, rows: usize) -> Result<(), Error> {
        let values = rows.saturating_mul(self.columns);
        if values <= 1 << 28 {
            return Ok(());
        }
        Err(Error::input(format!(
            "{rows} rows of {} mostly empty columns would be {values} values when filled in; send \
             fewer rows at a time",
            self.columns
        )))
    }

    /// Ends the row whose values were pushed last.
    pub(crate) fn end_row(&mut self) {
        self.starts.push(self.indices.len());
    }

    /// An empty matrix to which rows are pushed.
    pub(crate) fn with_capacity(columns: usize, rows: usize, values: usize) -> Self {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        Self {
            scalar: Scalar::F64,
            columns,
            starts,
            indices: Vec::with_capacity(values),
            values: Vec::with_capacity(values),
        }
    }

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
