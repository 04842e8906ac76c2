//! The categories of a booster that never splits by them.

use std::{borrow::Cow, sync::Arc};

use crate::{
    Cell, Column, ColumnUse, Data, Error, Table,
    error::shown,
    read::tree_json::{Json, Numbers},
};

/// Which features were trained as categories (`enable_categorical`), and what is known of them.
///
/// No split compares categories: a booster with such splits is refused. Their values do not change
/// an answer then, but XGBoost still checks them.
#[derive(Debug)]
pub(super) struct Categories(Box<[Option<Known>]>);

/// The categories of one feature.
#[derive(Debug)]
enum Known {
    /// The file does not list them: releases before 3.1, which take any value.
    Any,
    /// Texts.
    Texts(Box<[Arc<str>]>),
    /// Whole numbers.
    Integers,
}

impl Categories {
    /// Reads `feature_types` of the learner and `cats` of its model; `None` when no feature is a
    /// category.
    pub(super) fn read(learner: &Json, model: &Json, features: usize) -> Option<Self> {
        let types = learner.get("feature_types").and_then(Json::list)?;
        let lists = model.at(&["cats", "enc"]).and_then(Json::list).unwrap_or_default();
        let known = |feature: usize| {
            let is_category = types.get(feature).and_then(Json::as_str) == Some("c");
            is_category.then(|| lists.get(feature).map_or(Known::Any, Known::read))
        };
        let all: Box<[_]> = (0..features).map(known).collect();
        all.iter().any(Option::is_some).then_some(Self(all))
    }

    /// What the booster does with each column.
    pub(super) fn uses(&self) -> Arc<[ColumnUse]> {
        let uses = self.0.iter().map(|known| match known {
            Some(Known::Texts(_)) => ColumnUse::Text,
            _ => ColumnUse::Value,
        });
        uses.collect()
    }

    /// The rows with missing values in place of the texts of categories, once these are checked.
    ///
    /// # Errors
    /// [`Error::Input`] for a category that was not there in training.
    pub(super) fn without_texts<'a>(&self, input: &'a Table) -> Result<Cow<'a, Table>, Error> {
        let Data::Columns(columns) = &input.data else { return Ok(Cow::Borrowed(input)) };
        let mut table = Cow::Borrowed(input);
        for (at, (column, known)) in columns.iter().zip(&self.0).enumerate() {
            let Some(known) = known else { continue };
            let Some(texts) = texts(column) else { continue };
            for (row, text) in texts.enumerate().filter_map(|(row, text)| Some((row, text?))) {
                known.check(text).map_err(|reason| {
                    let text = shown(text);
                    Error::value(row, at, format!("is the text `{text}`, {reason}"))
                })?;
            }
            if let Data::Columns(columns) = &mut table.to_mut().data
                && let Some(column) = columns.get_mut(at)
            {
                *column = Column::F64(vec![f64::NAN; column.len()]);
            }
        }
        Ok(table)
    }
}

/// The texts of a column that holds some.
fn texts(column: &Column) -> Option<Box<dyn Iterator<Item = Option<&str>> + '_>> {
    match column {
        Column::Text(texts) => Some(Box::new(texts.iter())),
        Column::Any(cells) => Some(Box::new(cells.iter().map(|cell| match cell {
            Cell::Text(text) => Some(&**text),
            _ => None,
        }))),
        _ => None,
    }
}

impl Known {
    /// Reads the entry of one feature: `type` and numbers, or the bytes of texts and where each
    /// of these begins.
    fn read(list: &Json) -> Self {
        let numbers = |key| list.get(key).and_then(Json::numbers).and_then(Numbers::i64s);
        if list.get("type").is_some() {
            return Self::Integers;
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
        let all: Option<Box<[Arc<str>]>> = starts.windows(2).map(text).collect();
        all.map_or(Self::Any, Self::Texts)
    }

    fn check(&self, text: &str) -> Result<(), String> {
        match self {
            Self::Any => Ok(()),
            Self::Integers => Err("where categories are whole numbers".into()),
            Self::Texts(known) if known.iter().any(|known| **known == *text) => Ok(()),
            Self::Texts(known) => {
                let first: Vec<_> = known.iter().take(6).map(|text| format!("`{text}`")).collect();
                let more = if known.len() > first.len() { " and others" } else { "" };
                Err(format!(
                    "a category that was not there in training; the model knows {}{more}",
                    first.join(", ")
                ))
            }
        }
    }
}
