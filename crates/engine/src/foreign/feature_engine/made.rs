//! Columns that are made of others: combinations of numbers, and parts of dates.

use std::{cmp::Ordering, sync::Arc};

use super::{super::frame::Frame, dates::Part, written::Written};
use crate::{Column, Error, Limits, read::Cursor};

/// New columns, behind those of training.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) columns: Vec<New>,
    /// The columns that they are made of.
    pub(super) sources: Vec<Arc<str>>,
    /// True when these are left out of the answer.
    pub(super) drops: bool,
    /// True when one column of floats makes floats of all new ones, as in a frame of its own.
    pub(super) together: bool,
}

/// Bytes that the names of new columns, and of what these are made of, may still take: a few names
/// make many, each with all of its length.
#[derive(Debug)]
pub(super) struct Room(u64);

impl Default for Room {
    fn default() -> Self {
        Self(Limits::HEADROOM_BYTES)
    }
}

impl Room {
    /// Takes so many bytes for a column that `attribute` makes.
    ///
    /// # Errors
    /// [`Error::Attribute`] when there is no room left.
    pub(super) fn take(
        &mut self,
        c: Cursor<'_>,
        attribute: &str,
        bytes: usize,
    ) -> Result<(), Error> {
        let cost = bytes as u64 + size_of::<New>() as u64;
        self.0 = self.0.checked_sub(cost).ok_or_else(|| {
            let reason = "makes more columns than a frame can have";
            Error::attribute(c.class_name(), attribute, reason)
        })?;
        Ok(())
    }
}

/// A new column.
#[derive(Debug)]
pub(super) struct New {
    pub(super) name: Arc<str>,
    pub(super) of: Vec<Arc<str>>,
    pub(super) how: How,
}

#[derive(Clone, Debug)]
pub(super) enum How {
    /// A number for the values of a row, of which missing ones are left out.
    Each(Summary),
    /// Of a value and a reference, in this order; what stands where the reference is zero.
    Pair(Operation, Option<f64>),
    /// A part of a date, and how the dates are written.
    Date(Part, Arc<Written>),
}

/// What pandas makes of the values of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summary {
    Sum,
    Product,
    Mean,
    Least,
    Greatest,
    /// With one less than the number of values.
    Variance,
    Deviation,
    Median,
}

impl Summary {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sum" => Self::Sum,
            "prod" | "product" => Self::Product,
            "mean" => Self::Mean,
            "min" | "amin" => Self::Least,
            "max" | "amax" => Self::Greatest,
            "var" => Self::Variance,
            "std" => Self::Deviation,
            "median" => Self::Median,
            _ => return None,
        })
    }

    fn keeps_integers(self) -> bool {
        matches!(self, Self::Sum | Self::Product | Self::Least | Self::Greatest)
    }

    fn of(self, values: &mut [f64]) -> f64 {
        let count = values.len() as f64;
        let sum = |values: &[f64]| values.iter().fold(0.0, |sum, v| sum + v);
        match self {
            Self::Sum => sum(values),
            Self::Product => values.iter().fold(1.0, |product, v| product * v),
            Self::Mean => sum(values) / count,
            Self::Least => values.iter().copied().reduce(f64::min).unwrap_or(f64::NAN),
            Self::Greatest => values.iter().copied().reduce(f64::max).unwrap_or(f64::NAN),
            Self::Variance | Self::Deviation => {
                let mean = sum(values) / count;
                let squares = values.iter().fold(0.0, |sum, v| sum + (mean - v) * (mean - v));
                let variance = if count > 1.0 { squares / (count - 1.0) } else { f64::NAN };
                if self == Self::Variance { variance } else { variance.sqrt() }
            }
            Self::Median => {
                values.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
                let half = values.len() / 2;
                let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
                match values.len() {
                    0 => f64::NAN,
                    odd if odd % 2 == 1 => at(half),
                    _ => f64::midpoint(at(half - 1), at(half)),
                }
            }
        }
    }

    fn of_integers(self, values: impl Iterator<Item = i64>) -> Option<i64> {
        match self {
            Self::Sum => Some(values.fold(0, i64::wrapping_add)),
            Self::Product => Some(values.fold(1, i64::wrapping_mul)),
            Self::Least => values.min(),
            _ => values.max(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Operation {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "add" => Self::Add,
            "sub" => Self::Subtract,
            "mul" => Self::Multiply,
            "div" | "truediv" => Self::Divide,
            _ => return None,
        })
    }

    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
        }
    }

    fn of_integers(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => Some(a.wrapping_add(b)),
            Self::Subtract => Some(a.wrapping_sub(b)),
            Self::Multiply => Some(a.wrapping_mul(b)),
            Self::Divide => None,
        }
    }
}

impl Made {
    /// Adds the new columns to a frame, and drops the old ones if they are not handed on.
    pub(super) fn apply(&self, mut frame: Frame, class: &str) -> Result<Frame, Error> {
        let one = |new: &New| -> Result<Column, Error> {
            let places = new.of.iter().map(|name| frame.place(name, class));
            let places: Vec<usize> = places.collect::<Result<_, _>>()?;
            let columns = places.iter().filter_map(|&at| Some((at, frame.columns.get(at)?)));
            new.how.apply(&columns.collect::<Vec<_>>(), frame.rows)
        };
        let mut added: Vec<Column> = self.columns.iter().map(one).collect::<Result<_, _>>()?;
        if self.together && added.iter().any(|column| matches!(column, Column::F64(_))) {
            for column in &mut added {
                if let Column::I64(values) = column {
                    *column = Column::F64(values.iter().map(|&v| v as f64).collect());
                }
            }
        }
        if self.drops {
            let mut keep = frame.names.iter().map(|name| !self.sources.contains(name));
            frame.columns.retain(|_| keep.next().unwrap_or(true));
            frame.names.retain(|name| !self.sources.contains(name));
        }
        frame.columns.extend(added);
        frame.names.extend(self.columns.iter().map(|new| Arc::clone(&new.name)));
        Ok(frame)
    }
}

impl How {
    fn apply(&self, columns: &[(usize, &Column)], rows: usize) -> Result<Column, Error> {
        let whole = || -> Option<Vec<&[i64]>> {
            columns
                .iter()
                .map(|(_, column)| match column {
                    Column::I64(values) => Some(values.as_slice()),
                    _ => None,
                })
                .collect()
        };
        match *self {
            Self::Date(part, ref written) => {
                let column = columns.first().ok_or_else(|| Error::input("a column is missing"))?;
                part.of_column(written, column.1, rows, column.0).map(Column::I64)
            }
            Self::Each(summary) => {
                if summary.keeps_integers()
                    && let Some(whole) = whole()
                {
                    let row = |row: usize| {
                        let values = whole.iter().filter_map(|values| values.get(row).copied());
                        summary.of_integers(values).unwrap_or_default()
                    };
                    return Ok(Column::I64((0..rows).map(row).collect()));
                }
                let mut values = Vec::with_capacity(columns.len());
                let mut out = Vec::with_capacity(rows);
                for row in 0..rows {
                    values.clear();
                    for (at, column) in columns {
                        let value = column.number(row, *at)?;
                        if !value.is_nan() {
                            values.push(value);
                        }
                    }
                    out.push(summary.of(&mut values));
                }
                Ok(Column::F64(out))
            }
            Self::Pair(operation, otherwise) => {
                let &[(first, a), (second, b)] = columns else {
                    return Err(Error::input("two columns are expected"));
                };
                if operation != Operation::Divide
                    && let Some(&[a, b]) = whole().as_deref()
                {
                    let each = a.iter().zip(b).filter_map(|(&a, &b)| operation.of_integers(a, b));
                    return Ok(Column::I64(each.collect()));
                }
                let each = |row: usize| {
                    let (a, b) = (a.number(row, first)?, b.number(row, second)?);
                    if operation == Operation::Divide && b == 0.0 {
                        return otherwise.ok_or_else(|| {
                            Error::value(
                                row,
                                second,
                                "is zero, and another column is divided by it",
                            )
                        });
                    }
                    Ok(operation.of(a, b))
                };
                Ok(Column::F64((0..rows).map(each).collect::<Result<_, Error>>()?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn summaries_of_no_values_are_those_of_pandas() {
        assert_eq!(Summary::Sum.of(&mut []), 0.0);
        assert_eq!(Summary::Product.of(&mut []), 1.0);
        for summary in [Summary::Mean, Summary::Least, Summary::Median, Summary::Deviation] {
            assert!(summary.of(&mut []).is_nan(), "{summary:?}");
        }
        assert!(Summary::Variance.of(&mut [3.0]).is_nan());
    }

    #[test]
    fn medians_and_deviations_are_of_sorted_values_and_one_less() {
        assert_eq!(Summary::Median.of(&mut [5.0, 1.0, 2.0, 4.0]), 3.0);
        assert_eq!(Summary::Median.of(&mut [5.0, 1.0, 2.0]), 2.0);
        assert_eq!(Summary::Variance.of(&mut [1.0, 3.0]), 2.0);
    }
}
