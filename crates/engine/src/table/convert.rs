//! Tables as dense row-major matrices of one type, the way numpy's `asarray(X, dtype)` makes them.

use std::borrow::Cow;

use super::LIST;
use crate::{Cell, Column, Csr, Data, Error, Table, TextColumn, error::shown, quantity};

/// A floating-point type that engines compute in.
pub(crate) trait Real:
    Copy + std::fmt::Debug + PartialOrd + Default + Send + Sync + 'static
{
    /// Rounds a double to the nearest value; too large ones become infinite.
    fn from_f64(value: f64) -> Self;
    /// Rounds an integer to the nearest value, once.
    fn from_i64(value: i64) -> Self;
    /// Takes a float as it is.
    fn from_f32(value: f32) -> Self;
    /// Neither NaN nor infinite.
    fn finite(self) -> bool;
    /// Not a number.
    fn nan(self) -> bool;
    /// The value as a double, exactly.
    fn to_f64(self) -> f64;
    /// The type's name in numpy.
    const NAME: &'static str;
    /// Not a number.
    const NAN: Self;
    /// Positive infinity.
    const INFINITY: Self;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as Self
    }
    fn from_i64(value: i64) -> Self {
        value as Self
    }
    fn from_f32(value: f32) -> Self {
        value
    }
    fn finite(self) -> bool {
        self.is_finite()
    }
    fn nan(self) -> bool {
        self.is_nan()
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    const NAME: &'static str = "float32";
    const NAN: Self = Self::NAN;
    const INFINITY: Self = Self::INFINITY;
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn from_i64(value: i64) -> Self {
        value as Self
    }
    fn from_f32(value: f32) -> Self {
        Self::from(value)
    }
    fn finite(self) -> bool {
        self.is_finite()
    }
    fn nan(self) -> bool {
        self.is_nan()
    }
    fn to_f64(self) -> f64 {
        self
    }
    const NAME: &'static str = "float64";
    const NAN: Self = Self::NAN;
    const INFINITY: Self = Self::INFINITY;
}

impl Table {
    /// All values as row-major floats; what a sparse row does not store is zero.
    ///
    /// # Errors
    /// [`Error::Input`] naming the row and column of a text.
    pub(crate) fn to_f32(&self) -> Result<Cow<'_, [f32]>, Error> {
        self.to_f32_absent(0.0)
    }

    /// As [`Table::to_f32`], with `absent` where a sparse row stores nothing.
    pub(crate) fn to_f32_absent(&self, absent: f32) -> Result<Cow<'_, [f32]>, Error> {
        match &self.data {
            Data::F32(matrix) => Ok(Cow::Borrowed(self.complete(&matrix.values)?)),
            _ => self.convert(absent).map(Cow::Owned),
        }
    }

    /// All values as row-major doubles; what a sparse row does not store is zero.
    ///
    /// # Errors
    /// [`Error::Input`] naming the row and column of a text.
    pub(crate) fn to_f64(&self) -> Result<Cow<'_, [f64]>, Error> {
        match &self.data {
            Data::F64(matrix) => Ok(Cow::Borrowed(self.complete(&matrix.values)?)),
            _ => self.convert(0.0).map(Cow::Owned),
        }
    }

    /// Checks that the rows have as many columns as the model was trained on.
    ///
    /// # Errors
    /// [`Error::Input`] with both numbers.
    pub(crate) fn expect_columns(&self, expected: usize) -> Result<(), Error> {
        let got = self.columns();
        if got == expected && !matches!(self.data, Data::Documents(_)) {
            return Ok(());
        }
        if matches!(self.data, Data::Documents(_)) {
            return Err(Error::input(format!(
                "the model takes rows of {}, and got texts",
                quantity(expected, "number")
            )));
        }
        Err(Error::input(format!(
            "the rows have {}, and the model takes {expected}",
            quantity(got, "column")
        )))
    }

    /// Checks that `values`, converted from this table, hold no infinity, and no NaN unless
    /// `allow_nan`: what scikit-learn's estimators refuse.
    ///
    /// # Errors
    /// [`Error::Input`] naming the first row and column at fault.
    pub(crate) fn expect_finite<T: Real>(
        &self,
        values: &[T],
        allow_nan: bool,
    ) -> Result<(), Error> {
        // branch-free over chunks, so that the usual case runs at the speed of memory
        let bad = |v: T| !(v.finite() || allow_nan && v.nan());
        let clean = |chunk: &[T]| chunk.iter().fold(true, |ok, &v| ok & !bad(v));
        if values.chunks(256).all(clean) {
            return Ok(());
        }
        let Some(place) = values.iter().position(|&v| bad(v)) else { return Ok(()) };
        let columns = self.columns().max(1);
        let what = match values.get(place) {
            Some(v) if v.nan() => "is NaN, which this model does not accept".to_owned(),
            _ => format!("is infinity, or a value too large for {}", T::NAME),
        };
        Err(Error::value(place / columns, place % columns, what))
    }

    fn complete<'a, T>(&self, values: &'a [T]) -> Result<&'a [T], Error> {
        if Some(values.len()) == self.rows.checked_mul(self.columns()) {
            return Ok(values);
        }
        Err(self.ragged(values.len()))
    }

    fn ragged(&self, values: usize) -> Error {
        Error::input(format!(
            "{} rows of {} columns cannot hold {values} values",
            self.rows,
            self.columns()
        ))
    }

    fn convert<T: Real>(&self, absent: T) -> Result<Vec<T>, Error> {
        match &self.data {
            Data::F64(m) => Ok(self.complete(&m.values)?.iter().map(|&v| T::from_f64(v)).collect()),
            Data::F32(m) => Ok(self.complete(&m.values)?.iter().map(|&v| T::from_f32(v)).collect()),
            Data::I64(m) => Ok(self.complete(&m.values)?.iter().map(|&v| T::from_i64(v)).collect()),
            Data::Columns(columns) => self.interleaved(columns),
            Data::Sparse(csr) => self.filled(csr, absent),
            Data::Documents(_) => {
                Err(Error::input("the model takes rows of numbers, and got texts".to_owned()))
            }
        }
    }

    fn interleaved<T: Real>(&self, columns: &[Column]) -> Result<Vec<T>, Error> {
        let width = columns.len();
        let mut values = vec![T::from_f64(0.0); self.rows.saturating_mul(width)];
        // a frame of integers alone is converted directly; a mixed one becomes doubles first
        let whole = columns.iter().all(|c| matches!(c, Column::I64(_)));
        for (index, column) in columns.iter().enumerate() {
            if column.len() != self.rows {
                return Err(self.ragged(column.len()));
            }
            let cells = values.get_mut(index..).unwrap_or_default().iter_mut().step_by(width);
            match column {
                Column::F64(v) => cells.zip(v).for_each(|(to, &v)| *to = T::from_f64(v)),
                Column::F32(v) => cells.zip(v).for_each(|(to, &v)| *to = T::from_f32(v)),
                Column::I64(v) if whole => {
                    cells.zip(v).for_each(|(to, &v)| *to = T::from_i64(v));
                }
                Column::I64(v) => cells.zip(v).for_each(|(to, &v)| *to = T::from_f64(v as f64)),
                Column::Bool(v) => {
                    cells.zip(v).for_each(|(to, &v)| *to = T::from_f64(f64::from(u8::from(v))));
                }
                Column::Text(texts) => Self::no_text(index, texts)?,
                Column::Any(v) => {
                    for (row, (to, cell)) in cells.zip(v).enumerate() {
                        *to = T::from_f64(match cell {
                            Cell::Null | Cell::Absent => f64::NAN,
                            Cell::Bool(v) => f64::from(u8::from(*v)),
                            Cell::I64(v) => *v as f64,
                            Cell::F64(v) => *v,
                            Cell::Text(text) => return Err(text_at(row, index, text)),
                            Cell::Texts(_) => return Err(Error::value(row, index, LIST)),
                        });
                    }
                }
            }
            if let Column::Text(_) = column {
                let cells = values.get_mut(index..).unwrap_or_default().iter_mut().step_by(width);
                cells.for_each(|to| *to = T::from_f64(f64::NAN));
            }
        }
        Ok(values)
    }

    /// Refuses a column of texts that has any text: only one of missing values can become numbers.
    fn no_text(column: usize, texts: &TextColumn) -> Result<(), Error> {
        match texts.iter().enumerate().find_map(|(row, text)| Some((row, text?))) {
            Some((row, text)) => Err(text_at(row, column, text)),
            None => Ok(()),
        }
    }

    fn filled<T: Real>(&self, csr: &Csr, absent: T) -> Result<Vec<T>, Error> {
        let width = csr.columns;
        let mut values = vec![absent; self.rows.saturating_mul(width)];
        for (row, out) in values.chunks_exact_mut(width.max(1)).enumerate() {
            let (indices, stored) = csr.row(row);
            for (&column, &value) in indices.iter().zip(stored) {
                let cell = out.get_mut(column as usize).ok_or_else(|| {
                    Error::input(format!(
                        "row {row} stores column {column} of a matrix with {}",
                        quantity(width, "column")
                    ))
                })?;
                *cell = T::from_f64(value);
            }
        }
        Ok(values)
    }
}

fn text_at(row: usize, column: usize, text: &str) -> Error {
    let reason = format!("is the text `{}` where a number is expected", shown(text));
    Error::value(row, column, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    fn frame(columns: Vec<Column>) -> Table {
        let rows = columns[0].len();
        let names = (0..columns.len()).map(|i| format!("c{i}").into()).collect();
        Table { rows, names: Some(names), data: Data::Columns(columns) }
    }

    #[test]
    fn columns_of_all_types_interleave_by_row() {
        let table = frame(vec![
            Column::F64(vec![1.5, f64::NAN]),
            Column::I64(vec![-3, 4]),
            Column::Bool(vec![true, false]),
            Column::Any(vec![Cell::Null, Cell::I64(7)]),
        ]);
        let values = table.to_f64().unwrap();
        assert_eq!(values[..3], [1.5, -3.0, 1.0]);
        assert!(values[3].is_nan() && values[4].is_nan());
        assert_eq!(values[5..], [4.0, 0.0, 7.0]);
    }

    #[test]
    fn integers_are_rounded_once() {
        // just above the middle of two floats: `f64` drops the 1, and the tie goes down
        let value = (1_i64 << 60) + (1 << 36) + 1;
        let table = Table {
            rows: 1,
            names: None,
            data: Data::I64(Matrix { columns: 1, values: vec![value] }),
        };
        assert_eq!(table.to_f32().unwrap()[0], value as f32);
        assert_ne!(table.to_f32().unwrap()[0], value as f64 as f32);
    }

    #[test]
    fn a_text_is_refused_where_it_stands() {
        let texts = [Some("1.5"), None].into_iter().collect();
        let table = frame(vec![Column::I64(vec![1, 2]), Column::Text(texts)]);
        let message = table.to_f32().unwrap_err().to_string();
        assert!(
            message.contains("row 0, column 1 is the text") && message.contains("`1.5`"),
            "{message}"
        );
    }

    #[test]
    fn absent_values_of_sparse_rows_are_what_the_library_says() {
        let csr = Csr {
            columns: 3,
            starts: vec![0, 1, 1],
            indices: vec![2],
            values: vec![5.0],
            ..Csr::default()
        };
        let table = Table { rows: 2, names: None, data: Data::Sparse(csr) };
        assert_eq!(*table.to_f32().unwrap(), [0.0, 0.0, 5.0, 0.0, 0.0, 0.0]);
        let missing = table.to_f32_absent(f32::NAN).unwrap();
        assert!(missing[0].is_nan() && missing[2] == 5.0);
    }

    #[test]
    fn values_that_overflow_are_named_with_their_place() {
        let table = Table::matrix(2, 2, vec![1.0, 2.0, f64::NAN, 1e39]);
        let values = table.to_f32().unwrap();
        let nan = table.expect_finite(&values, false).unwrap_err().to_string();
        assert!(nan.starts_with("row 1, column 0 is NaN"), "{nan}");
        let large = table.expect_finite(&values, true).unwrap_err().to_string();
        assert_eq!(large, "row 1, column 1 is infinity, or a value too large for float32");
    }

    #[test]
    fn a_wrong_number_of_columns_names_both() {
        let message = Table::matrix(1, 2, vec![1.0, 2.0]).expect_columns(3).unwrap_err();
        assert_eq!(message.to_string(), "the rows have 2 columns, and the model takes 3");
    }
}
