use std::sync::Arc;

use longshore_engine::{Cell, Column, TextColumn};

use super::is_exact;
use crate::json::{Number, Scalar};

/// A column that takes the type of what is pushed, as pandas infers it: integers, doubles once one
/// is missing or has a fraction, booleans, texts; anything mixed otherwise. Unlike in pandas, an
/// integer that a double would change keeps its value beside a missing one. Integers beyond 64
/// signed bits become the nearest double, which is what a model makes of numpy's `uint64`.
#[derive(Clone, Debug)]
pub(crate) enum Builder {
    /// Only missing values so far.
    Missing(usize),
    I64(Vec<i64>),
    /// Integers, some of which are missing.
    Gaps(Vec<Option<i64>>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    Text(TextColumn),
    Any(Vec<Cell>),
}

impl Default for Builder {
    fn default() -> Self {
        Self::Missing(0)
    }
}

impl Builder {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Missing(count) => *count,
            Self::I64(values) => values.len(),
            Self::Gaps(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Any(values) => values.len(),
        }
    }

    pub(crate) fn push(&mut self, value: Scalar<'_>) {
        match value {
            Scalar::Null => self.push_missing(),
            Scalar::Bool(value) => self.push_bool(value),
            Scalar::Number(Number::Int(value)) => self.push_int(value),
            Scalar::Number(number) => self.push_double(number.as_f64()),
            Scalar::Text(value) => self.push_text(&value),
        }
    }

    pub(crate) fn push_missing(&mut self) {
        match self {
            Self::Missing(count) => *count += 1,
            Self::I64(values) => {
                *self = Self::Gaps(values.iter().map(|&value| Some(value)).chain([None]).collect());
            }
            Self::Gaps(values) => values.push(None),
            Self::F64(values) => values.push(f64::NAN),
            Self::Text(values) => values.push(None),
            Self::Bool(_) | Self::Any(_) => self.push_cell(Cell::Null),
        }
    }

    /// Adds `count` rows that do not have the column at all, in a model that takes dicts.
    pub(crate) fn push_absent(&mut self, count: usize) {
        for _ in 0..count {
            self.push_cell(Cell::Absent);
        }
    }

    /// Adds several texts.
    pub(crate) fn push_texts(&mut self, texts: Vec<Arc<str>>) {
        self.push_cell(Cell::Texts(texts.into()));
    }

    fn push_int(&mut self, value: i64) {
        match self {
            Self::Missing(0) => *self = Self::I64(vec![value]),
            Self::I64(values) => values.push(value),
            Self::Gaps(values) => values.push(Some(value)),
            Self::Missing(count) => {
                let mut values = vec![None; *count];
                values.push(Some(value));
                *self = Self::Gaps(values);
            }
            Self::F64(values) => values.push(value as f64),
            Self::Bool(_) | Self::Text(_) | Self::Any(_) => self.push_cell(Cell::I64(value)),
        }
    }

    fn push_double(&mut self, value: f64) {
        match self {
            Self::Missing(count) => {
                let mut values = vec![f64::NAN; *count];
                values.push(value);
                *self = Self::F64(values);
            }
            Self::I64(values) => {
                let mut doubles: Vec<f64> = values.iter().map(|&value| value as f64).collect();
                doubles.push(value);
                *self = Self::F64(doubles);
            }
            Self::Gaps(values) => {
                *self = Self::F64(values.iter().copied().map(double).chain([value]).collect());
            }
            Self::F64(values) => values.push(value),
            Self::Bool(_) | Self::Text(_) | Self::Any(_) => self.push_cell(Cell::F64(value)),
        }
    }

    fn push_bool(&mut self, value: bool) {
        match self {
            Self::Missing(0) => *self = Self::Bool(vec![value]),
            Self::Bool(values) => values.push(value),
            _ => self.push_cell(Cell::Bool(value)),
        }
    }

    fn push_text(&mut self, value: &str) {
        match self {
            Self::Missing(count) => {
                let mut texts: TextColumn = std::iter::repeat_n(None, *count).collect();
                texts.push(Some(value));
                *self = Self::Text(texts);
            }
            Self::Text(values) => values.push(Some(value)),
            _ => self.push_cell(Cell::Text(Arc::from(value))),
        }
    }

    /// Appends to a mixed column, after turning into one.
    fn push_cell(&mut self, cell: Cell) {
        let mut cells = match std::mem::take(self) {
            Self::Missing(count) => vec![Cell::Null; count],
            Self::I64(values) => values.into_iter().map(Cell::I64).collect(),
            Self::Gaps(values) => values.into_iter().map(integer_cell).collect(),
            Self::F64(values) => values.into_iter().map(double_cell).collect(),
            Self::Bool(values) => values.into_iter().map(Cell::Bool).collect(),
            Self::Text(values) => values
                .iter()
                .map(|text| text.map_or(Cell::Null, |text| Cell::Text(Arc::from(text))))
                .collect(),
            Self::Any(cells) => cells,
        };
        cells.push(cell);
        *self = Self::Any(cells);
    }

    pub(crate) fn finish(self) -> Column {
        match self {
            Self::Missing(count) => Column::F64(vec![f64::NAN; count]),
            Self::I64(values) => Column::I64(values),
            Self::Gaps(values) if values.iter().flatten().all(|&value| is_exact(value)) => {
                Column::F64(values.into_iter().map(double).collect())
            }
            Self::Gaps(values) => Column::Any(values.into_iter().map(integer_cell).collect()),
            Self::F64(values) => Column::F64(values),
            Self::Bool(values) => Column::Bool(values),
            Self::Text(values) => Column::Text(values),
            Self::Any(values) => Column::Any(values),
        }
    }
}

fn double(value: Option<i64>) -> f64 {
    value.map_or(f64::NAN, |value| value as f64)
}

fn integer_cell(value: Option<i64>) -> Cell {
    value.map_or(Cell::Null, Cell::I64)
}

/// A column of doubles holds NaN where a value was missing.
fn double_cell(value: f64) -> Cell {
    if value.is_nan() { Cell::Null } else { Cell::F64(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: Vec<Scalar<'_>>) -> Column {
        let mut builder = Builder::default();
        for (row, value) in values.into_iter().enumerate() {
            assert_eq!(builder.len(), row);
            builder.push(value);
        }
        builder.finish()
    }

    #[test]
    fn types_are_inferred_as_pandas_does() {
        let int = |v| Scalar::Number(Number::Int(v));
        let float = |v| Scalar::Number(Number::Float(v));
        let text = |v: &'static str| Scalar::Text(v.into());
        assert_eq!(column(vec![int(1), int(2)]), Column::I64(vec![1, 2]));
        assert_eq!(column(vec![int(1), float(0.5)]), Column::F64(vec![1.0, 0.5]));
        assert_eq!(column(vec![Scalar::Bool(true)]), Column::Bool(vec![true]));
        assert_eq!(
            column(vec![Scalar::Null, text("a")]),
            Column::Text([None, Some("a")].into_iter().collect())
        );
        assert_eq!(
            column(vec![int(1), text("a"), Scalar::Bool(true), Scalar::Null]),
            Column::Any(vec![Cell::I64(1), Cell::Text("a".into()), Cell::Bool(true), Cell::Null])
        );
        let Column::F64(values) = column(vec![Scalar::Null, int(3), Scalar::Null]) else {
            panic!("a column of doubles expected")
        };
        assert!(values[0].is_nan() && values[1] == 3.0 && values[2].is_nan());
    }

    #[test]
    fn large_integers_keep_their_value_beside_missing_ones() {
        const LARGE: i64 = (1 << 53) + 1;
        let int = |v| Scalar::Number(Number::Int(v));
        let null = || Scalar::Null;
        let cells = |values: &[Option<i64>]| {
            Column::Any(values.iter().copied().map(integer_cell).collect())
        };
        assert_eq!(column(vec![int(LARGE), null()]), cells(&[Some(LARGE), None]));
        assert_eq!(column(vec![null(), int(LARGE)]), cells(&[None, Some(LARGE)]));
        let expected = cells(&[Some(1), None, Some(LARGE)]);
        assert_eq!(column(vec![int(1), null(), int(LARGE)]), expected);
        // numpy has one type for a fraction and an integer: the double
        let mixed = column(vec![int(LARGE), Scalar::Number(Number::Float(0.5))]);
        assert_eq!(mixed, Column::F64(vec![9_007_199_254_740_992.0, 0.5]));
    }
}
