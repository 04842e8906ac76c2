//! Features that are categories: what is known of them, and the numbers that splits compare.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use crate::{
    Cell, Column, ColumnUse, Data, Error, Table,
    error::shown,
    read::tree_json::{Json, Numbers},
    table::LIST,
};

/// Which features were trained as categories (`enable_categorical`), and what is known of them.
#[derive(Debug)]
pub(super) struct Categories(Box<[Option<Feature>]>);

/// One such feature.
#[derive(Debug)]
struct Feature {
    known: Known,
    /// A split compares it.
    read: bool,
}

/// The categories of one feature. The place of a category in the list of training is its number.
#[derive(Debug)]
enum Known {
    /// The file does not list them: releases before 3.1, and training on arrays.
    Any,
    /// Texts.
    Texts { names: Box<[Arc<str>]>, numbers: HashMap<Arc<str>, u32> },
    /// Whole numbers.
    Integers { values: Box<[i64]>, numbers: HashMap<i64, u32> },
}

impl Categories {
    /// Reads `feature_types` of the learner and `cats` of its model; `None` when no feature is a
    /// category. `reads` tells whether a split compares a feature.
    pub(super) fn read(
        learner: &Json,
        model: &Json,
        features: usize,
        reads: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let types = learner.get("feature_types").and_then(Json::list)?;
        let lists = model.at(&["cats", "enc"]).and_then(Json::list).unwrap_or_default();
        let known = |feature: usize| {
            let is_category = types.get(feature).and_then(Json::as_str) == Some("c");
            is_category.then(|| Feature {
                known: lists.get(feature).map_or(Known::Any, Known::read),
                read: reads(feature),
            })
        };
        let all: Box<[_]> = (0..features.min(types.len())).map(known).collect();
        all.iter().any(Option::is_some).then_some(Self(all))
    }

    /// What the booster does with each column; `None` when their types are not all known.
    pub(super) fn uses(&self, features: usize) -> Option<Arc<[ColumnUse]>> {
        let uses = self.0.iter().map(|feature| match feature {
            Some(Feature { known: Known::Texts { .. }, .. }) => ColumnUse::Text,
            _ => ColumnUse::Value,
        });
        (self.0.len() == features).then(|| uses.collect())
    }

    /// The rows with numbers in place of the categories. The columns of a frame hold categories; a
    /// matrix holds their numbers already.
    ///
    /// # Errors
    /// [`Error::Value`] for a category that was not there in training.
    pub(super) fn numbered<'a>(&self, input: &'a Table) -> Result<Cow<'a, Table>, Error> {
        let Data::Columns(columns) = &input.data else { return Ok(Cow::Borrowed(input)) };
        let mut table = Cow::Borrowed(input);
        for (at, (column, feature)) in columns.iter().zip(&self.0).enumerate() {
            let Some(numbers) = feature.as_ref().and_then(|feature| feature.numbers(column, at))
            else {
                continue;
            };
            let numbers = Column::F64(numbers?);
            if let Data::Columns(columns) = &mut table.to_mut().data
                && let Some(column) = columns.get_mut(at)
            {
                *column = numbers;
            }
        }
        Ok(table)
    }
}

impl Feature {
    /// The numbers of a column's categories; `None` when it holds numbers as the trees want them.
    fn numbers(&self, column: &Column, at: usize) -> Option<Result<Vec<f64>, Error>> {
        let text = |row: usize, text: Option<&str>| match text {
            Some(text) => self.of_text(text).map_err(|reason| {
                Error::value(row, at, format!("is the text `{}`, {reason}", shown(text)))
            }),
            None => Ok(f64::NAN),
        };
        let number = |row: usize, value: f64| {
            self.of_number(value).map_err(|reason| Error::value(row, at, reason))
        };
        let integers = matches!(self.known, Known::Integers { .. });
        Some(match column {
            Column::Text(texts) => {
                texts.iter().enumerate().map(|(row, value)| text(row, value)).collect()
            }
            Column::Any(cells) => {
                let of = |(row, cell): (usize, &Cell)| match cell {
                    Cell::Null | Cell::Absent => Ok(f64::NAN),
                    Cell::Texts(_) => Err(Error::value(row, at, LIST)),
                    Cell::Text(value) => text(row, Some(value)),
                    Cell::Bool(value) => number(row, f64::from(u8::from(*value))),
                    Cell::I64(value) => number(row, *value as f64),
                    Cell::F64(value) => number(row, *value),
                };
                cells.iter().enumerate().map(of).collect()
            }
            _ if integers => (0..column.len())
                .map(|row| column.number(row, at).and_then(|value| number(row, value)))
                .collect(),
            _ => return None,
        })
    }

    fn of_text(&self, text: &str) -> Result<f64, String> {
        match &self.known {
            Known::Any if self.read => Err("and the model does not hold the names of its \
                 categories: send their numbers, which are their places in the list of training \
                 (pandas' `cat.codes`)"
                .into()),
            Known::Any => Ok(f64::NAN),
            Known::Integers { .. } => Err("where categories are whole numbers".into()),
            Known::Texts { names, numbers } => {
                numbers.get(text).map(|&number| f64::from(number)).ok_or_else(|| unseen(names))
            }
        }
    }

    fn of_number(&self, value: f64) -> Result<f64, String> {
        match &self.known {
            _ if value.is_nan() => Ok(value),
            Known::Any => Ok(value),
            Known::Texts { .. } => Err(format!("is `{value}` where categories are texts")),
            Known::Integers { values, numbers } => {
                let found = numbers.get(&(value as i64)).filter(|_| value.trunc() == value);
                let found = found.map(|&number| f64::from(number));
                found.ok_or_else(|| format!("is `{value}`, {}", unseen(values)))
            }
        }
    }
}

/// Tells that a category is none of those known.
fn unseen<T: std::fmt::Display>(known: &[T]) -> String {
    let first: Vec<_> = known.iter().take(6).map(|known| format!("`{known}`")).collect();
    let more = if known.len() > first.len() { " and others" } else { "" };
    let first = first.join(", ");
    format!("a category that was not there in training; the model knows {first}{more}")
}

impl Known {
    /// Reads the entry of one feature: `type` and numbers, or the bytes of texts and where each
    /// of these begins.
    fn read(list: &Json) -> Self {
        let numbers = |key| list.get(key).and_then(Json::numbers).and_then(Numbers::i64s);
        if list.get("type").is_some() {
            let Some(values) = numbers("values") else { return Self::Any };
            let numbers = values.iter().copied().zip(0..).collect();
            return Self::Integers { values: values.into(), numbers };
        }
        let (Some(starts), Some(bytes)) = (numbers("offsets"), numbers("values")) else {
            return Self::Any;
        };
        // signed bytes
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte as u8).collect();
        let text = |ends: &[i64]| {
            let &[start, end] = ends else { return None };
            let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
            Some(Arc::from(std::str::from_utf8(bytes.get(range)?).ok()?))
        };
        let names: Option<Box<[Arc<str>]>> = starts.windows(2).map(text).collect();
        let Some(names) = names else { return Self::Any };
        let numbers = names.iter().cloned().zip(0..).collect();
        Self::Texts { names, numbers }
    }
}
