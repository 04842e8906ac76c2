//! Columns whose types are known before their values, as Arrow and Parquet have them.

use std::{borrow::Cow, collections::HashSet};

use longshore_engine::Column;
use serde::Deserialize;

use super::{Builder, Frame, UNKNOWN, collapse};
use crate::{
    budget::Budget,
    failure::Failure,
    json::{Number, Scalar},
    names::quoted,
    schema::Names,
};

/// Bytes that a value takes while its column grows and is then joined with others, without its text.
pub(super) const VALUE: usize = 16;

/// Bytes that a byte of pandas' metadata may take once it is read.
const METADATA: usize = 16;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Missing,
    Bool(bool),
    Int(i64),
    Float(f32),
    Double(f64),
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// An integer without sign: beyond the signed range the nearest double, as everywhere.
    pub(super) fn unsigned(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Double(value as f64), Self::Int)
    }

    /// Bytes that its text takes.
    pub(super) fn text_bytes(&self) -> usize {
        if let Self::Text(text) = self { text.len() } else { 0 }
    }
}

/// A column that is being read.
#[derive(Clone, Debug)]
pub(super) enum Typed {
    /// Of 32-bit floats, which stay what they are.
    Floats(Vec<f32>),
    /// Of anything else.
    Other(Builder),
}

impl Typed {
    pub(super) fn new(floats: bool) -> Self {
        if floats { Self::Floats(Vec::new()) } else { Self::Other(Builder::default()) }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Other(builder) => builder.len(),
        }
    }

    pub(super) fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Floats(values), value) => values.push(match value {
                Value::Float(value) => value,
                _ => f32::NAN,
            }),
            (Self::Other(builder), Value::Missing) => builder.push_missing(),
            (Self::Other(builder), value) => builder.push(match value {
                Value::Missing => Scalar::Null,
                Value::Bool(value) => Scalar::Bool(value),
                Value::Int(value) => Scalar::Number(Number::Int(value)),
                Value::Float(value) => Scalar::Number(Number::Float(f64::from(value))),
                Value::Double(value) => Scalar::Number(Number::Float(value)),
                Value::Text(text) => Scalar::Text(text),
            }),
        }
    }

    pub(super) fn finish(self) -> Column {
        match self {
            Self::Floats(values) => Column::F32(values),
            Self::Other(builder) => builder.finish(),
        }
    }
}

/// Which columns of a body are read.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// For each column of the body, whether it is read.
    pub(super) taken: Vec<bool>,
    /// The names of the columns that are read.
    pub(super) names: Vec<String>,
    unknown: Vec<Cow<'static, str>>,
}

impl Chosen {
    /// Chooses those columns of `all` that the model takes; without names it takes all. The columns
    /// of pandas' index do not belong to the frame.
    pub(super) fn new<'n>(
        all: impl Iterator<Item = &'n str>,
        index: &HashSet<String>,
        wanted: Option<&Names>,
    ) -> Result<Self, Failure> {
        let mut chosen = Self::default();
        let mut seen = HashSet::new();
        for name in all {
            if index.contains(name) {
                chosen.taken.push(false);
                continue;
            }
            if !seen.insert(name) {
                return Err(Failure::invalid(format!("the column {} comes twice", quoted(name))));
            }
            let taken = wanted.is_none_or(|names| names.contains(name));
            chosen.taken.push(taken);
            if taken {
                chosen.names.push(name.to_owned());
            } else if chosen.unknown.len() < UNKNOWN {
                chosen.unknown.push(Cow::Owned(name.to_owned()));
            }
        }
        Ok(chosen)
    }

    /// The frame of the columns that were read.
    pub(super) fn frame(self, columns: Vec<Typed>, rows: usize) -> Frame<'static> {
        let data = collapse(columns.into_iter().map(Typed::finish).collect(), rows);
        let names = self.names.into_iter().map(Cow::Owned).collect();
        Frame { rows, names: Some(names), data, unknown: self.unknown }
    }
}

/// The part of the metadata that pandas writes about a frame (its developer guide, "Storing pandas
/// `DataFrame` objects in Apache Parquet format") that tells which columns are its index.
#[derive(Deserialize)]
struct Pandas {
    #[serde(default)]
    index_columns: Vec<serde_json::Value>,
}

/// The names of the columns that are pandas' index, by its metadata. An index that is a range has no
/// column.
pub(super) fn index_columns(
    metadata: Option<&str>,
    budget: &mut Budget<'_>,
) -> Result<HashSet<String>, Failure> {
    let Some(text) = metadata else { return Ok(HashSet::new()) };
    let bytes = text.len().saturating_mul(METADATA);
    budget.take(bytes)?;
    let pandas = serde_json::from_str::<Pandas>(text).ok();
    let columns = pandas.map(|pandas| pandas.index_columns).unwrap_or_default();
    let name = |column: serde_json::Value| column.as_str().map(str::to_owned);
    let names = columns.into_iter().filter_map(name).collect();
    budget.give_back(bytes);
    Ok(names)
}

/// The failure of a column whose type no model takes.
pub(super) fn unreadable(name: &str, kind: &str, advice: &str) -> Failure {
    Failure::unfit(format!("column {} is of the type `{kind}`; {advice}", quoted(name)))
}

/// What to do with a column that holds several values a row.
pub(super) const NESTED: &str = "send one value a row, a column for each";

#[cfg(test)]
mod tests {
    use longshore_daemon::gate::Gate;

    use super::*;
    use crate::{config::Limits, memory::Share};

    #[test]
    fn pandas_says_which_columns_are_its_index() {
        let gate = Gate::new(1 << 20);
        let mut share = Share::none(&gate);
        let mut budget = Budget::new(&mut share, 100, &Limits::default());
        for (text, expected) in [
            (r#"{"index_columns": ["__index_level_0__", "id"]}"#, &["__index_level_0__", "id"][..]),
            (r#"{"index_columns": [{"kind": "range", "start": 0, "stop": 2, "step": 1}]}"#, &[]),
            (r#"{"columns": []}"#, &[]),
            ("nonsense", &[]),
        ] {
            let mut found: Vec<_> =
                index_columns(Some(text), &mut budget).unwrap().into_iter().collect();
            found.sort();
            assert_eq!(found, expected, "{text}");
        }
        assert!(index_columns(None, &mut budget).unwrap().is_empty());
    }

    #[test]
    fn columns_are_chosen_by_name() {
        let names = Names::new([("a".into(), 0), ("b_c".into(), 1)]);
        let index = HashSet::from(["i".to_owned()]);
        let chosen = Chosen::new(["i", "b c", "x", "a"].into_iter(), &index, Some(&names)).unwrap();
        assert_eq!(chosen.taken, [false, true, false, true]);
        assert_eq!(chosen.names, ["b c", "a"]);
        assert_eq!(chosen.unknown, ["x"]);
        let failure = Chosen::new(["a", "a"].into_iter(), &HashSet::new(), None).unwrap_err();
        assert_eq!(failure.message, "the column `a` comes twice");
    }

    #[test]
    fn floats_stay_floats_and_large_integers_become_doubles() {
        let mut floats = Typed::new(true);
        floats.push(Value::Float(0.1));
        floats.push(Value::Missing);
        let Column::F32(values) = floats.finish() else { panic!("floats") };
        assert!(values[0] == 0.1 && values[1].is_nan());
        let mut other = Typed::new(false);
        other.push(Value::unsigned(7));
        other.push(Value::unsigned(u64::MAX));
        assert_eq!(other.finish(), Column::F64(vec![7.0, 18_446_744_073_709_551_616.0]));
    }
}
