//! Filters that MLflow itself has read or refused: `tests/golden/mlflow_search.py` made the file.

use serde_json::Value as Json;

use super::{condition::Condition, operand::Operand};
use crate::{Error, store::Value};

const FILTERS: &str = include_str!("../../tests/golden/filters.json");

/// What MLflow takes and this server refuses: nobody can tell what is meant.
const STRICTER: &[&str] = &["name = 'a' name = 'b'", "run_id = ('a')", "status = ('OK')"];

/// What both refuse, each with words of its own.
const OTHERWISE: &[&str] = &["name = 'a' name = 'b'", "metrics.a.b/c = 1"];

/// What MLflow refuses, because it tells the case of an operator there, and this server takes.
const LOOSER: &[&str] = &["name like 'A%'", "tags.a ilike 'B'"];

/// Holds a parser against one part of the file.
pub(super) fn check(part: &str, parse: impl Fn(&str) -> Result<Vec<Condition>, Error>) {
    check_but(part, &[], parse);
}

/// As [`check`], but for some filters.
pub(super) fn check_but(
    part: &str,
    others: &[&str],
    parse: impl Fn(&str) -> Result<Vec<Condition>, Error>,
) {
    let all: Json = serde_json::from_str(FILTERS).unwrap();
    let cases = all[part].as_array().unwrap();
    assert!(cases.len() > 50);
    let mut wrong = Vec::new();
    for case in cases {
        let filter = case["filter"].as_str().unwrap();
        if others.contains(&filter) {
            continue;
        }
        let found = parse(filter);
        let is_right = match (&found, case["error"].as_str()) {
            (Ok(found), None) => read(found) == case["read"],
            (Ok(_), Some(_)) => LOOSER.contains(&filter),
            (Err(_), None) => STRICTER.contains(&filter),
            (Err(error), Some(words)) => {
                let (_, told) = error.told();
                (told.starts_with(head(words)) || OTHERWISE.contains(&filter))
                    && error.told().0.status() == 400
            }
        };
        if !is_right {
            wrong.push(format!("{filter}\n   {found:?}\n   {case}"));
        }
    }
    assert!(wrong.is_empty(), "{part}:\n{}", wrong.join("\n"));
}

/// As [`check_but`], where the words of refusals are our own.
pub(super) fn check_reading(
    part: &str,
    others: &[&str],
    parse: impl Fn(&str) -> Result<Vec<Condition>, Error>,
) {
    let all: Json = serde_json::from_str(FILTERS).unwrap();
    let cases = all[part].as_array().unwrap();
    assert!(cases.len() > 50);
    for case in cases {
        let filter = case["filter"].as_str().unwrap();
        match parse(filter) {
            _ if others.contains(&filter) => {}
            Ok(found) if case["error"].is_null() => {
                assert_eq!(read(&found), case["read"], "{filter}");
            }
            Ok(_) => assert!(LOOSER.contains(&filter), "{filter} is read"),
            Err(error) => {
                assert_eq!(error.told().0.status(), 400, "{filter}");
                assert!(
                    !case["error"].is_null() || STRICTER.contains(&filter),
                    "{filter}: {error}"
                );
            }
        }
    }
}

/// The words of an error before what differs from run to run, or lists what was not read.
fn head(words: &str) -> &str {
    let words = words.split('{').next().unwrap_or(words);
    if words.starts_with("Invalid clause(s)") {
        return words.split(':').next().unwrap_or(words);
    }
    for varied in
        ["but got different type in list", "Expected 'Identifier' found", "Expected a list"]
    {
        if let Some(end) = words.find(varied) {
            return &words[..end];
        }
    }
    words
}

/// Conditions in the form of the file.
fn read(conditions: &[Condition]) -> Json {
    let value = |value: &Value| match value {
        Value::Text(text) => Json::from(text.clone()),
        Value::Int(number) => Json::from(number.to_string()),
        other => panic!("{other:?}"),
    };
    let read = conditions.iter().map(|it| {
        let operand = match &it.operand {
            Operand::None => Json::Null,
            Operand::Text(text) => Json::from(text.clone()),
            Operand::Int(number) => Json::from(*number),
            Operand::Real(number) => Json::from(*number),
            Operand::List(list) => Json::from(list.iter().map(value).collect::<Vec<_>>()),
        };
        Json::from(vec![
            Json::from(it.field.kind.name()),
            Json::from(it.field.key.clone()),
            Json::from(it.operator.name()),
            match operand {
                Json::Number(id) if it.field.key == "experiment_id" => Json::from(id.to_string()),
                other => other,
            },
        ])
    });
    Json::from(read.collect::<Vec<_>>())
}
