//! Why a value has no category.

use super::{
    categories::{Categories, Kinds},
    value::{Value, value},
};
use crate::{Data, Error, Table, error::shown};

/// The error for a value of another kind than the categories; `None` when it is of their kind, or
/// missing. No encoder may take it for an unknown category: it is never what the caller meant.
pub(crate) fn kind(
    class: &str,
    categories: &Categories,
    table: &Table,
    row: usize,
    column: usize,
) -> Option<Error> {
    let data = &table.data;
    let what = match (categories.kinds(), value(data, row, column)) {
        (Kinds::Texts, Value::Bool(v)) => {
            format!("is the boolean `{}`", if v { "true" } else { "false" })
        }
        (Kinds::Texts, Value::Int(v)) => format!("is the number `{v}`"),
        (Kinds::Texts, Value::Float(v)) => format!("is the number `{v}`"),
        (Kinds::Numbers, Value::Text(text)) => {
            // a file of texts is read as texts throughout: name the one that is no number
            let (row, text) = first_words(data, table.rows, column).unwrap_or((row, text));
            let reason = format!(
                "is the text `{}`, where `{class}` has categories that are numbers",
                shown(text)
            );
            return Some(Error::value(row, column, reason));
        }
        _ => return None,
    };
    let reason = format!("{what}, where `{class}` has categories that are texts; send a text");
    Some(Error::value(row, column, reason))
}

fn first_words(data: &Data, rows: usize, column: usize) -> Option<(usize, &str)> {
    (0..rows).find_map(|row| match value(data, row, column) {
        Value::Text(text) if text.trim().parse::<f64>().is_err() => Some((row, text)),
        _ => None,
    })
}

/// The error for a category that was not there in training.
pub(crate) fn unknown(class: &str, table: &Table, row: usize, column: usize) -> Error {
    let found = value(&table.data, row, column);
    let category = match found {
        Value::Bool(v) => if v { "True" } else { "False" }.to_owned(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => v.to_string(),
        Value::Text(text) => shown(text),
        Value::None | Value::Nan | Value::NoText | Value::NoNumber => String::new(),
    };
    // encoders of labels have no parameter for new ones
    let labels = class == "LabelEncoder";
    let reason = match (found.is_missing(), labels) {
        (true, true) => {
            format!("is missing, which no label was when `{class}` was fitted; send a label")
        }
        (false, true) => format!(
            "has the label `{category}`, which `{class}` did not see in training; fit it on every \
             label"
        ),
        (true, false) => format!(
            "is missing, which no value of it was when `{class}` was fitted; impute it first, or \
             fit with `handle_unknown` to accept new categories"
        ),
        (false, false) => format!(
            "has the category `{category}`, which `{class}` did not see in training; fit it with \
             `handle_unknown` to accept new ones"
        ),
    };
    Error::value(row, column, reason)
}
