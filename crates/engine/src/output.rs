use std::{fmt::Write, ops::Range, sync::Arc};

use crate::{Data, Error, Matrix, Scalar, Table, TextColumn};

mod columns;

/// What a model answered: one value or one row of values for each row asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Number of rows answered.
    pub rows: usize,
    /// Values a row; `None` for a one-dimensional answer (labels, single scores).
    pub columns: Option<usize>,
    /// The values, row after row.
    pub data: OutputData,
}

/// The values of an [`Output`] in the type the library would return.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputData {
    /// Doubles.
    F64(Vec<f64>),
    /// Floats.
    F32(Vec<f32>),
    /// Integers.
    I64(Vec<i64>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Texts.
    Text(TextColumn),
}

impl OutputData {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// True when there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the values, in a word: `f64`, `f32`, `i64`, `i32`, `bool` or `text`.
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::F64(_) => "f64",
            Self::F32(_) => "f32",
            Self::I64(_) => "i64",
            Self::I32(_) => "i32",
            Self::Bool(_) => "bool",
            Self::Text(_) => "text",
        }
    }
}

/// The classes of a classifier, in the order of its probabilities.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// Integer labels.
    I64(Arc<[i64]>),
    /// 32-bit integer labels.
    I32(Arc<[i32]>),
    /// Floating-point labels.
    F64(Arc<[f64]>),
    /// Boolean labels.
    Bool(Arc<[bool]>),
    /// Text labels.
    Text(Arc<[Arc<str>]>),
}

/// Most labels that are listed.
const MOST_LISTED: usize = 10;

impl Labels {
    /// Number of classes.
    pub fn len(&self) -> usize {
        match self {
            Self::I64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// True when there is no class.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels for people: the first ten, and how many there are when there are more.
    pub fn listed(&self) -> String {
        fn first<T: ToString>(all: &[T]) -> String {
            let shown: Vec<_> = all.iter().take(MOST_LISTED).map(ToString::to_string).collect();
            shown.join(", ")
        }
        let mut listed = match self {
            Self::I64(v) => first(v),
            Self::I32(v) => first(v),
            Self::F64(v) => first(v),
            Self::Bool(v) => first(v),
            Self::Text(v) => first(v),
        };
        if self.len() > MOST_LISTED {
            // a `String` takes everything
            let _ = write!(listed, " … ({} in all)", self.len());
        }
        listed
    }

    /// The labels at `indices`; an index beyond the classes is skipped, which loaders rule out.
    pub fn take(&self, indices: impl Iterator<Item = usize>) -> OutputData {
        match self {
            Self::I64(v) => OutputData::I64(indices.filter_map(|i| v.get(i).copied()).collect()),
            Self::I32(v) => OutputData::I32(indices.filter_map(|i| v.get(i).copied()).collect()),
            Self::F64(v) => OutputData::F64(indices.filter_map(|i| v.get(i).copied()).collect()),
            Self::Bool(v) => OutputData::Bool(indices.filter_map(|i| v.get(i).copied()).collect()),
            Self::Text(v) => {
                OutputData::Text(indices.filter_map(|i| v.get(i).map(|t| Some(&**t))).collect())
            }
        }
    }
}

impl Output {
    /// A one-dimensional answer.
    pub fn flat(data: OutputData) -> Self {
        Self { rows: data.len(), columns: None, data }
    }

    /// A two-dimensional answer of `rows × columns` values.
    pub fn matrix(rows: usize, columns: usize, data: OutputData) -> Self {
        debug_assert_eq!(data.len(), rows * columns);
        Self { rows, columns: Some(columns), data }
    }

    /// Bytes of memory that the values take, about.
    pub fn bytes(&self) -> usize {
        match &self.data {
            OutputData::F64(v) => v.len() * 8,
            OutputData::F32(v) => v.len() * 4,
            OutputData::I64(v) => v.len() * 8,
            OutputData::I32(v) => v.len() * 4,
            OutputData::Bool(v) => v.len(),
            OutputData::Text(v) => v.bytes(),
        }
    }

    /// The answers to some of the rows; `None` when there are not so many.
    pub fn slice(&self, rows: Range<usize>) -> Option<Self> {
        let width = self.columns.unwrap_or(1);
        let values = rows.start.checked_mul(width)?..rows.end.checked_mul(width)?;
        let data = match &self.data {
            OutputData::F64(v) => OutputData::F64(v.get(values)?.to_vec()),
            OutputData::F32(v) => OutputData::F32(v.get(values)?.to_vec()),
            OutputData::I64(v) => OutputData::I64(v.get(values)?.to_vec()),
            OutputData::I32(v) => OutputData::I32(v.get(values)?.to_vec()),
            OutputData::Bool(v) => OutputData::Bool(v.get(values)?.to_vec()),
            OutputData::Text(v) if values.start <= values.end && values.end <= v.len() => {
                OutputData::Text(values.map(|at| v.get(at)).collect())
            }
            OutputData::Text(_) => return None,
        };
        Some(Self { rows: rows.len(), columns: self.columns, data })
    }

    /// The answer with integers of 32 bits.
    pub(crate) fn narrow(mut self) -> Self {
        if let OutputData::I64(values) = self.data {
            self.data = OutputData::I32(values.into_iter().map(|v| v as i32).collect());
        }
        self
    }

    /// The answer as rows for a further step.
    ///
    /// # Errors
    /// [`Error::Input`] for texts, which are no features.
    pub(crate) fn into_table(self) -> Result<Table, Error> {
        let (rows, columns) = (self.rows, self.columns.unwrap_or(1));
        let data = match self.data {
            OutputData::F64(values) => Data::F64(Matrix { columns, values }),
            OutputData::F32(values) => Data::F32(Matrix { columns, values }),
            OutputData::I64(values) => Data::I64(Matrix { columns, values }),
            OutputData::I32(v) => {
                Data::I64(Matrix { columns, values: v.into_iter().map(i64::from).collect() })
            }
            OutputData::Bool(v) => {
                Data::I64(Matrix { columns, values: v.into_iter().map(i64::from).collect() })
            }
            OutputData::Text(_) => {
                return Err(Error::input("a step gives texts, where the next one takes numbers"));
            }
        };
        Ok(Table { rows, names: None, data })
    }

    /// The transformed features as an answer; sparse ones become dense.
    ///
    /// # Errors
    /// [`Error::Input`] when columns of different types cannot share one matrix.
    pub fn from_table(table: Table) -> Result<Self, Error> {
        let (rows, columns) = (table.rows, table.columns());
        let data = match table.data {
            Data::F64(m) => OutputData::F64(m.values),
            Data::F32(m) => OutputData::F32(m.values),
            Data::I64(m) => OutputData::I64(m.values),
            Data::Documents(texts) => OutputData::Text(texts),
            Data::Sparse(csr) => {
                csr.may_be_filled(rows)?;
                let mut values = vec![0.0; rows * columns];
                for (row, out) in values.chunks_exact_mut(columns.max(1)).enumerate() {
                    let (indices, stored) = csr.row(row);
                    for (&column, &value) in indices.iter().zip(stored) {
                        if let Some(cell) = out.get_mut(column as usize) {
                            *cell += value;
                        }
                    }
                }
                match csr.scalar {
                    Scalar::F64 => OutputData::F64(values),
                    Scalar::F32 => OutputData::F32(values.into_iter().map(|v| v as f32).collect()),
                    Scalar::I64 => OutputData::I64(values.into_iter().map(|v| v as i64).collect()),
                    Scalar::Bool => {
                        OutputData::Bool(values.into_iter().map(|v| v != 0.0).collect())
                    }
                }
            }
            Data::Columns(columns) => OutputData::of_columns(&columns, rows)?,
        };
        Ok(Self::matrix(rows, columns, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_the_answer_to_its_rows() {
        let matrix = Output::matrix(3, 2, OutputData::F64(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let last = Output::matrix(2, 2, OutputData::F64(vec![3.0, 4.0, 5.0, 6.0]));
        assert_eq!(matrix.slice(1..3), Some(last));
        assert_eq!(matrix.slice(2..4), None);
        let texts = |all: &[Option<&str>]| OutputData::Text(all.iter().copied().collect());
        let labels = Output::flat(texts(&[Some("a"), None, Some("c")]));
        assert_eq!(labels.slice(1..3), Some(Output::flat(texts(&[None, Some("c")]))));
        assert_eq!(labels.slice(3..4), None);
    }
}
