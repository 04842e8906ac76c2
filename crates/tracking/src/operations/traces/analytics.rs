//! Metadata of traces that are columns, so that they can be searched and summed up: the session, the tokens
//! that models used and what they cost.

use std::collections::BTreeMap;

use longshore_mlflow::rest::{limits, print};
use serde_json::{Map, Value as Json};

use crate::{
    Error,
    figures::{COST, COST_KEYS, SESSION, SESSION_LENGTH, TOKEN_KEYS, TOKENS, number},
    store::{Row, Value},
};

/// The columns of [`Analytics`], in the order of [`Analytics::values`].
pub(super) const COLUMNS: [&str; 10] = [
    "session_id",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
    "input_cost",
    "output_cost",
    "total_cost",
];

/// What the columns hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Analytics {
    /// The session that the trace is part of.
    pub(super) session: Option<String>,
    /// Tokens, by [`TOKEN_KEYS`].
    pub(super) tokens: [Option<i64>; 6],
    /// Costs in US dollars, by [`COST_KEYS`].
    pub(super) cost: [Option<f64>; 3],
}

/// Whether metadata are kept in columns alone.
pub(super) fn is_column(key: &str) -> bool {
    matches!(key, SESSION | TOKENS | COST)
}

impl Analytics {
    /// From the metadata of a trace. What is no number is left out.
    ///
    /// # Errors
    /// A refusal of an id of a session that is too long.
    pub(super) fn of(metadata: &BTreeMap<String, String>) -> Result<Self, Error> {
        let session = metadata.get(SESSION).cloned();
        check_session(session.as_deref())?;
        let object = |key| metadata.get(key).map(|text| object(text)).unwrap_or_default();
        Ok(Self { session, tokens: tokens(&object(TOKENS)), cost: costs(&object(COST)) })
    }

    /// From a row's columns from `first` on.
    pub(super) fn read(row: &mut Row, first: usize) -> Result<Self, Error> {
        let mut found = Self { session: row.take(first)?, ..Self::default() };
        for (at, count) in found.tokens.iter_mut().enumerate() {
            *count = row.take(first + 1 + at)?;
        }
        for (at, cost) in found.cost.iter_mut().enumerate() {
            *cost = row.take(first + 7 + at)?;
        }
        Ok(found)
    }

    /// The values of [`COLUMNS`].
    pub(super) fn values(&self) -> Vec<Value> {
        let session = Value::from(self.session.clone());
        let tokens = self.tokens.iter().map(|count| Value::from(*count));
        let cost = self.cost.iter().map(|cost| Value::from(*cost));
        [session].into_iter().chain(tokens).chain(cost).collect()
    }

    /// The metadata that they stand for.
    pub(super) fn metadata(self) -> impl Iterator<Item = (String, String)> {
        let tokens = pairs(&TOKEN_KEYS, self.tokens.map(|count| count.map(|it| it.to_string())));
        let cost = pairs(&COST_KEYS, self.cost.map(|cost| cost.map(|it| print(&it))));
        let all = [(SESSION, self.session), (TOKENS, tokens), (COST, cost)];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)))
    }
}

/// Refuses an id of a session that is too long.
pub(super) fn check_session(session: Option<&str>) -> Result<(), Error> {
    Ok(limits::length("Session ID", session.unwrap_or_default(), SESSION_LENGTH)?)
}

/// A JSON object, or none.
pub(super) fn object(text: &str) -> Map<String, Json> {
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => object,
        _ => Map::new(),
    }
}

/// The tokens that an object holds.
pub(super) fn tokens(object: &Map<String, Json>) -> [Option<i64>; 6] {
    TOKEN_KEYS.map(|key| count(object.get(key)?))
}

/// The costs that an object holds.
pub(super) fn costs(object: &Map<String, Json>) -> [Option<f64>; 3] {
    COST_KEYS.map(|key| number(object.get(key)?))
}

/// A whole number, also as text.
fn count(value: &Json) -> Option<i64> {
    if let Some(count) = value.as_i64() {
        return Some(count);
    }
    if let Some(count) = value.as_str().and_then(|text| text.trim().parse().ok()) {
        return Some(count);
    }
    // every integer below 2^63 that a double is, is exact
    number(value).filter(|it| it.fract() == 0.0 && it.abs() < 9.2e18).map(|it| it as i64)
}

/// An object as Python prints it; `None` when it would be empty.
fn pairs<const N: usize>(keys: &[&str; N], values: [Option<String>; N]) -> Option<String> {
    let pairs = keys.iter().zip(values);
    let pairs = pairs.filter_map(|(key, value)| Some(format!("\"{key}\": {}", value?)));
    let pairs: Vec<_> = pairs.collect();
    (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Analytics, COST, SESSION, TOKENS};

    #[test]
    fn metadata_come_back_as_mlflow_prints_them() {
        // metadata of a trace of mlflow 3.17 after its store read them back
        let given = [
            (SESSION, "s-1", Some("s-1")),
            (
                TOKENS,
                r#"{"output_tokens":2,"input_tokens":"10","total_tokens":12.0,"other":3}"#,
                Some(r#"{"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}"#),
            ),
            (
                COST,
                r#"{"input_cost":0.00001,"total_cost":1,"output_cost":true}"#,
                Some(r#"{"input_cost": 1e-05, "total_cost": 1.0}"#),
            ),
        ];
        let metadata = given.iter().map(|(key, text, _)| ((*key).to_owned(), (*text).to_owned()));
        let found: BTreeMap<_, _> =
            Analytics::of(&metadata.collect()).unwrap().metadata().collect();
        for (key, _, wanted) in given {
            assert_eq!(found.get(key).map(String::as_str), wanted, "{key}");
        }
    }

    #[test]
    fn what_is_no_object_counts_for_nothing() {
        let metadata = BTreeMap::from([(TOKENS.to_owned(), "[1]".to_owned())]);
        assert_eq!(Analytics::of(&metadata).unwrap(), Analytics::default());
        let metadata = BTreeMap::from([(SESSION.to_owned(), "s".repeat(251))]);
        assert!(Analytics::of(&metadata).is_err());
    }
}
