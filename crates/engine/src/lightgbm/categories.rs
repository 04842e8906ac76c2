//! Features that are categories: which they are, what pandas called them, and the numbers that
//! splits compare.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use super::text::File;
use crate::{
    Cell, Column, ColumnUse, Data, Error, Limits, Table,
    error::shown,
    read::{
        json,
        tree_json::{Json, Numbers},
    },
};

/// What is known of each feature.
#[derive(Debug)]
pub(super) struct Categories {
    features: Box<[Feature]>,
    /// The file has lists of categories, and does not tell whose.
    ambiguous: bool,
}

#[derive(Debug)]
enum Feature {
    /// A number.
    Number,
    /// A category that no split compares: only splits by categories look at these columns, so
    /// nothing reads them, and no value in them, not even a text, changes an answer.
    Unread,
    /// A category. Its number is its place in the list that pandas had of them; without a list the
    /// rows hold numbers.
    Category(Option<Box<Known>>),
}

/// The categories that pandas knew of a column.
#[derive(Debug)]
enum Known {
    Texts(HashMap<String, u32>),
    /// By the bits of their values.
    Numbers(HashMap<u64, u32>),
}

impl Categories {
    /// Reads `feature_infos`, which lists the codes of a category (`-1:3:2:0`) and gives a number's
    /// range (`[0:7]`), the parameter `categorical_feature`, and the lists of pandas, which belong
    /// to the columns of that parameter one by one.
    ///
    /// `None` when no feature is a category.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the features would take far more memory than the file.
    pub(super) fn read(file: &mut File<'_>, features: usize) -> Result<Option<Self>, Error> {
        let infos = file.header.get("feature_infos").unwrap_or_default().split_ascii_whitespace();
        if infos.clone().count() != features {
            return Ok(None);
        }
        let each = size_of::<Feature>() + size_of::<[bool; 2]>() + size_of::<ColumnUse>();
        file.budget.charge(features.saturating_mul(each), file.header.place)?;
        let coded = |info: &str| !info.starts_with('[') && info != "none";
        let mut all: Vec<_> = infos.map(coded).collect();
        for &column in &file.categorical {
            if let Some(category) = all.get_mut(column) {
                *category = true;
            }
        }
        let mut read = vec![false; features];
        let splits = file.trees.iter().filter_map(|tree| {
            let decisions = tree.get("decision_type")?.split_ascii_whitespace();
            Some(tree.get("split_feature")?.split_ascii_whitespace().zip(decisions))
        });
        for (feature, decision) in splits.flatten() {
            let Some(at) = feature.parse().ok().filter(|&at: &usize| at < features) else {
                continue;
            };
            let by_category = decision.parse().is_ok_and(|decision: u8| decision & 1 == 1);
            // LightGBM itself never writes a file that compares a category as a number
            if let (Some(category), Some(read)) = (all.get_mut(at), read.get_mut(at)) {
                (*category, *read) = (by_category, true);
            }
        }
        let lists = lists(file);
        let owners = owners(file, &all, lists.len());
        let ambiguous = owners.is_none();
        let pairs = owners.unwrap_or_default().into_iter().zip(lists);
        let mut known: HashMap<usize, Option<Box<Known>>> = pairs.collect();
        let any = all.contains(&true) || !known.is_empty() || ambiguous;
        let feature = |(at, category): (usize, bool)| match (category, known.remove(&at)) {
            (true, _) if read.get(at) == Some(&false) => Feature::Unread,
            (true, known) => Feature::Category(known.flatten()),
            (false, Some(Some(known))) => Feature::Category(Some(known)),
            (false, _) => Feature::Number,
        };
        let features = all.into_iter().enumerate().map(feature);
        Ok(any.then(|| Self { features: features.collect(), ambiguous }))
    }

    /// What the booster does with each column.
    pub(super) fn uses(&self) -> Arc<[ColumnUse]> {
        let of = |feature: &Feature| match feature {
            Feature::Unread => ColumnUse::Unread,
            Feature::Category(Some(known)) if matches!(**known, Known::Texts(_)) => ColumnUse::Text,
            Feature::Number | Feature::Category(_) => ColumnUse::Value,
        };
        self.features.iter().map(of).collect()
    }

    /// The rows with numbers in place of the categories, which the columns of a frame hold; a
    /// matrix holds their numbers already. A category that was not there in training is missing.
    ///
    /// # Errors
    /// [`Error::Value`] for a text where the model does not know the names of categories.
    pub(super) fn numbered<'a>(&self, input: &'a Table) -> Result<Cow<'a, Table>, Error> {
        let Data::Columns(columns) = &input.data else { return Ok(Cow::Borrowed(input)) };
        if self.ambiguous {
            return Err(Error::input(
                "the model was trained on a frame with columns of categories, of which its file \
                 does not tell which they are: send rows of numbers, without names, with the \
                 numbers of categories (pandas' `cat.codes`)",
            ));
        }
        let mut table = Cow::Borrowed(input);
        for (at, (column, feature)) in columns.iter().zip(&self.features).enumerate() {
            let numbers = match feature {
                Feature::Number => continue,
                Feature::Unread => vec![f64::NAN; column.len()],
                Feature::Category(Some(known)) => known.numbers(column),
                Feature::Category(None) => {
                    nameless(column, at)?;
                    continue;
                }
            };
            if let Data::Columns(columns) = &mut table.to_mut().data
                && let Some(column) = columns.get_mut(at)
            {
                *column = Column::F64(numbers);
            }
        }
        Ok(table)
    }
}

/// Refuses texts where only numbers of categories are known.
fn nameless(column: &Column, at: usize) -> Result<(), Error> {
    let text = match column {
        Column::Text(texts) => texts.iter().enumerate().find_map(|(row, text)| Some((row, text?))),
        Column::Any(cells) => cells.iter().enumerate().find_map(|(row, cell)| match cell {
            Cell::Text(text) => Some((row, &**text)),
            _ => None,
        }),
        _ => None,
    };
    match text {
        Some((row, text)) if text.trim().parse::<f64>().is_err() => Err(Error::value(
            row,
            at,
            format!(
                "is the text `{}`, and the model does not hold the names of its categories: send \
                 the numbers that it was trained on",
                shown(text)
            ),
        )),
        _ => Ok(()),
    }
}

/// The columns that so many lists of pandas belong to, in order: those of the parameter, or when it
/// named fewer than there are, all that may hold numbers of categories. `None` when it cannot be
/// told.
fn owners(file: &File<'_>, categories: &[bool], lists: usize) -> Option<Vec<usize>> {
    if lists == 0 || lists == file.categorical.len() {
        return Some(file.categorical.iter().copied().take(lists).collect());
    }
    let infos = file.header.get("feature_infos").unwrap_or_default().split_ascii_whitespace();
    // from zero to a whole number, or a single value
    let may = |info: &str| {
        let most = info.strip_prefix("[0:").and_then(|rest| rest.strip_suffix(']'));
        info == "none" || most.is_some_and(|most| most.parse::<u32>().is_ok())
    };
    let may = infos.zip(categories).enumerate().filter(|(_, (info, is))| **is || may(info));
    let may: Vec<_> = may.map(|(at, _)| at).collect();
    (may.len() == lists).then_some(may)
}

/// The lists of `pandas_categorical`; `None` for one of mixed kinds.
fn lists(file: &File<'_>) -> Vec<Option<Box<Known>>> {
    let Some(listed) = file.pandas else { return Vec::new() };
    let Ok(listed) = json::parse(listed.as_bytes(), &Limits::default()) else { return Vec::new() };
    let lists = listed.list().unwrap_or_default().iter();
    lists.map(|list| Known::read(list).map(Box::new)).collect()
}

impl Known {
    fn read(list: &Json) -> Option<Self> {
        if let Some(numbers) = list.numbers().map(Numbers::f64s) {
            let bits = numbers.into_iter().map(key).zip(0..);
            return Some(Self::Numbers(bits.collect()));
        }
        let texts = list.list()?.iter().map(|text| text.as_str().map(str::to_owned));
        let texts: Option<Vec<_>> = texts.collect();
        Some(Self::Texts(texts?.into_iter().zip(0..).collect()))
    }

    /// The numbers of the categories in a column.
    fn numbers(&self, column: &Column) -> Vec<f64> {
        let found = |number: Option<&u32>| number.map_or(f64::NAN, |&number| f64::from(number));
        let text = |text: Option<&str>| match (self, text) {
            (Self::Texts(known), Some(text)) => found(known.get(text)),
            _ => f64::NAN,
        };
        let number = |value: f64| match self {
            Self::Numbers(known) => found(known.get(&key(value))),
            Self::Texts(_) => f64::NAN,
        };
        match column {
            Column::F64(values) => values.iter().map(|&v| number(v)).collect(),
            Column::F32(values) => values.iter().map(|&v| number(f64::from(v))).collect(),
            Column::I64(values) => values.iter().map(|&v| number(v as f64)).collect(),
            Column::Bool(values) => {
                values.iter().map(|&v| number(f64::from(u8::from(v)))).collect()
            }
            Column::Text(values) => values.iter().map(text).collect(),
            Column::Any(cells) => cells
                .iter()
                .map(|cell| match cell {
                    Cell::Null | Cell::Absent | Cell::Texts(_) => f64::NAN,
                    Cell::Bool(v) => number(f64::from(u8::from(*v))),
                    Cell::I64(v) => number(*v as f64),
                    Cell::F64(v) => number(*v),
                    Cell::Text(v) => text(Some(v)),
                })
                .collect(),
        }
    }
}

/// Bits of a number by which equal ones are found.
fn key(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::{Categories, File};
    use crate::{
        Column,
        ColumnUse::{Text, Unread, Value},
        Data, Table,
    };

    fn read(split_feature: &str, decisions: &str, infos: &str, rest: &str) -> Option<Categories> {
        let text = format!(
            "tree\nfeature_infos={infos}\n\nTree=0\nsplit_feature={split_feature}\n\
             decision_type={decisions}\n\nend of trees\n\nparameters:\n{rest}\n"
        );
        Categories::read(&mut File::cut(text.as_bytes()).unwrap(), 3).unwrap()
    }

    fn uses(
        split: &str,
        decisions: &str,
        infos: &str,
        rest: &str,
    ) -> Option<Vec<crate::ColumnUse>> {
        Some(read(split, decisions, infos, rest)?.uses().to_vec())
    }

    #[test]
    fn a_category_is_unread_unless_a_split_compares_it() {
        let infos = "[0:7] -1:3:2:0 [1:2]";
        assert_eq!(uses("0 2", "2 2", infos, ""), Some(vec![Value, Unread, Value]));
        assert_eq!(uses("0 1", "2 1", infos, ""), Some(vec![Value, Value, Value]));
        assert_eq!(uses("", "", "-1:0 5 none", ""), Some(vec![Unread, Unread, Value]));
        assert_eq!(uses("0 1", "2 2", infos, ""), None);
        assert_eq!(uses("0", "2", "[0:7] none [1:2]", ""), None);
        // a category with one value has no codes in the file
        let listed = "[categorical_feature: 1]\nend of parameters\n";
        assert_eq!(uses("0", "2", "[0:7] none none", listed), Some(vec![Value, Unread, Value]));
    }

    #[test]
    fn categories_of_pandas_become_their_places() {
        let rest = "[categorical_feature: 0,2]\nend of parameters\n\n\
                    pandas_categorical:[[\"b\", \"a\"], [10, 30]]";
        let known = read("0 2", "1 1", "-1:0:1 [0:1] 0:1", rest).unwrap();
        assert_eq!(*known.uses(), [Text, Value, Value]);
        let columns = vec![
            Column::Text([Some("a"), Some("c"), None, Some("b")].into_iter().collect()),
            Column::F64(vec![0.5; 4]),
            Column::I64(vec![30, 10, 20, 0]),
        ];
        let table = Table { rows: 4, names: None, data: Data::Columns(columns) };
        let numbered = known.numbered(&table).unwrap();
        let values = numbered.to_f64().unwrap();
        let column = |at: usize| values.iter().skip(at).step_by(3).map(|v| v.to_bits());
        let bits = |all: [f64; 4]| all.map(f64::to_bits);
        assert!(column(0).eq(bits([1.0, f64::NAN, f64::NAN, 0.0])));
        assert!(column(2).eq(bits([1.0, 0.0, f64::NAN, f64::NAN])));
    }

    #[test]
    fn a_text_without_a_list_of_names_is_refused() {
        let known = read("0", "1", "-1:0:1 [0:1] [0:1]", "").unwrap();
        let texts = Column::Text([Some("a")].into_iter().collect());
        let columns = vec![texts, Column::F64(vec![0.0]), Column::F64(vec![0.0])];
        let table = Table { rows: 1, names: None, data: Data::Columns(columns) };
        let message = known.numbered(&table).unwrap_err().to_string();
        assert!(message.contains("names of its categories"), "{message}");
    }
}
